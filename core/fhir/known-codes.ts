import {
  cancelReasons,
  decisions,
  flightPhases,
  forwardReasons,
  medicalGrounds,
  outcomeAssessments,
  prearrivalAnswers,
  refusalClasses,
  resourceAnswers,
  resourceAvailabilities,
  resourceKinds,
  taskDetails,
  taskKinds,
} from '../../schemas/codes.ts';
import { hasLoincDigit, hasVerhoeffDigit } from '../../schemas/check-digits.ts';
import { catalogue, eventCodeOf } from '../../schemas/messages/catalogue.ts';
import { exerciseCode, systems } from '../../schemas/names.ts';

/** Codes that are shown to roles that may not see persons: only of these systems, and only in these forms. */

export const absence = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';

const codesOf = (table: Readonly<Record<string, unknown>>): ReadonlySet<string> => new Set(Object.keys(table));

/** The words of a text, separated by spaces. */
export const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** SNOMED CT: the two digits before the last identify a concept: 00, or 10 in an extension, after the namespace 1000…. */
const snomedForm = /^([1-9]\d{2,6}00\d|[1-9]\d{0,7}1000\d{3}10\d)$/;

const loincForm = /^(\d{1,6}|LA\d{1,6})-\d$/;

/** Codes of each system, or whether a code has their form and check digit. Names, phone numbers and identity numbers have not. */
const knownCodes: Readonly<Record<string, ReadonlySet<string> | RegExp | ((code: string) => boolean)>> = {
  [systems.event]: new Set(catalogue.map(eventCodeOf)),
  [systems.refusalClass]: codesOf(refusalClasses),
  [systems.missionDecision]: codesOf(decisions),
  [systems.medicalGround]: codesOf(medicalGrounds),
  [systems.forwardReason]: codesOf(forwardReasons),
  [systems.cancelReason]: codesOf(cancelReasons),
  [systems.outcomeAssessment]: codesOf(outcomeAssessments),
  [systems.resourceAvailability]: codesOf(resourceAvailabilities),
  [systems.resourceKind]: codesOf(resourceKinds),
  [systems.resourceAnswer]: codesOf(resourceAnswers),
  [systems.prearrivalAnswer]: codesOf(prearrivalAnswers),
  [systems.flightPhase]: codesOf(flightPhases),
  [systems.taskKind]: codesOf(taskKinds),
  [systems.taskDetail]: codesOf(taskDetails),
  [systems.severityScore]: words('naca news2'),
  [systems.medicalIndex]: /^[AHV]\.\d{2}\.\d{2}$/,
  [systems.municipality]: /^\d{4}$/,
  [systems.actReason]: new Set([exerciseCode]),
  'http://loinc.org': (code) => loincForm.test(code) && hasLoincDigit(code),
  'http://snomed.info/sct': (code) => snomedForm.test(code) && hasVerhoeffDigit(code),
  'http://hl7.org/fhir/sid/icd-10': /^[A-Z]\d{2}(\.?\d{1,2})?$/,
  'urn:oid:2.16.578.1.12.4.1.1.7110': /^[A-Z]\d{2}(\.?\d{1,2})?$/,
  'http://www.whocc.no/atc': /^[A-Z](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?$/,
  [absence]: words(
    'unknown asked-unknown temp-unknown not-asked asked-declined masked not-performed not-applicable error',
  ),
  'http://terminology.hl7.org/CodeSystem/condition-clinical': words(
    'active recurrence relapse inactive remission resolved',
  ),
  'http://terminology.hl7.org/CodeSystem/condition-ver-status': words(
    'unconfirmed provisional differential confirmed refuted entered-in-error',
  ),
  'http://terminology.hl7.org/CodeSystem/v3-ActCode': words('AMB EMER FLD HH IMP ACUTE NONAC OBSENC PRENC SS VR'),
  'http://terminology.hl7.org/CodeSystem/location-physical-type': words(
    'si bu wi wa lvl co ro bd ve ho ca rd area jdn',
  ),
  'http://terminology.hl7.org/CodeSystem/practitioner-role': words('doctor nurse pharmacist researcher teacher ict'),
  'http://terminology.hl7.org/CodeSystem/v2-0136': words('Y N'),
};

/** UCUM units of emergency medicine. A value in another unit is withheld, because without its unit it would mislead. */
const units = words(
  '1 % /min mm[Hg] kPa Cel a mo wk d h min s kg g mg ug ng L dL mL L/min mL/min mL/h mmol/L mmol umol/L g/dL mg/dL g/L ug/kg/min mg/kg {score} [pH] m cm mm km J kJ mV V ms m/s deg',
);

export const isKnownUnit = (code: string): boolean => units.has(code);

/** Codes of the guideline are data, of the form of words: only those are known that the hub has checked against its version. */
const guidelineForm = /^(?=.{1,64}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const guidelineSystems: ReadonlySet<string> = new Set([systems.missionCriterion, systems.refusalReason]);

export const isKnownCode = (system: string, code: string, guidelineCodes: ReadonlySet<string> = new Set()): boolean => {
  if (guidelineSystems.has(system)) return guidelineForm.test(code) && guidelineCodes.has(code);
  const known = Object.hasOwn(knownCodes, system) ? knownCodes[system] : undefined;
  if (known === undefined) return false;
  if (typeof known === 'function') return known(code);
  return known instanceof RegExp ? known.test(code) : known.has(code);
};
