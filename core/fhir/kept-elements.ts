import { isObject } from '../../schemas/json/json.ts';
import { municipalityExtension, systems } from '../../schemas/names.ts';
import type { HubFacts } from './hub-facts.ts';
import { shownClinicalTime, shownInteger, shownNumber, shownQuantity, shownTime } from './kept-values.ts';
import { absence, isKnownCode } from './known-codes.ts';

/** Parts of the allow-list of de-identification: what of a value is shown. */

/** A JSON object. */
export type Resource = Readonly<Record<string, unknown>>;

/** The part of a value that is shown; `undefined` if nothing is. `parent`: the object whose member the value is. */
export type Keep = (value: unknown, facts: HubFacts, parent: Resource) => unknown;

export const withheld = { display: 'withheld' };

/** Label of a resource of which a part was removed. */
export const redacted = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'REDACTED',
  display: 'redacted',
};

const masked = { coding: [{ system: absence, code: 'masked', display: 'Masked' }] };

export const oneOf =
  (codes: readonly string[] | ReadonlySet<string>): Keep =>
  (value) =>
    [...codes].find((code) => code === value);

export const matching =
  (pattern: RegExp): Keep =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined;

const flag: Keep = (value) => (typeof value === 'boolean' ? value : undefined);

/** FHIR date or dateTime that the hub, or the sender's system, wrote about the mission. */
export const time: Keep = shownTime;

/** FHIR dateTime of a finding or treatment. */
export const clinicalTime: Keep = shownClinicalTime;

/** FHIR instant: has a time of day, or is not shown. */
const instantOf =
  (keep: typeof shownTime): Keep =>
  (value, facts) => {
    const shown = keep(value, facts);
    return shown?.includes('T') === true ? shown : undefined;
  };

export const instant = instantOf(shownTime);
export const clinicalInstant = instantOf(shownClinicalTime);

export const list =
  (keep: Keep): Keep =>
  (value, facts, parent) => {
    const kept = (Array.isArray(value) ? value : [])
      .map((one: unknown) => keep(one, facts, parent))
      .filter((one) => one !== undefined);
    return kept.length === 0 ? undefined : kept;
  };

export type Elements = Readonly<Record<string, Keep>>;

export const membersOf = (value: unknown, elements: Elements, facts: HubFacts): Resource =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(elements).flatMap(([name, keep]) => {
          const kept = Object.hasOwn(value, name) ? keep(value[name], facts, value) : undefined;
          return kept === undefined ? [] : [[name, kept]];
        }),
      )
    : {};

export const shape =
  (elements: Elements, isEnough: (kept: Resource) => boolean = () => true): Keep =>
  (value, facts) => {
    const kept = membersOf(value, elements, facts);
    return Object.keys(kept).length > 0 && isEnough(kept) ? kept : undefined;
  };

export const coding = (
  value: unknown,
  facts?: Pick<HubFacts, 'guidelineCodes'>,
): { readonly system: string; readonly code: string } | undefined => {
  if (!isObject(value)) return undefined;
  const { system, code } = value;
  return typeof system === 'string' && typeof code === 'string' && isKnownCode(system, code, facts?.guidelineCodes)
    ? { system, code }
    : undefined;
};

export const concept = shape({ coding: list(coding) });
export const period = shape({ start: time, end: time });
export const clinicalPeriod = shape({ start: clinicalTime, end: clinicalTime });

/** The concept of which an element is the value: `code` of an Observation or a component, `type` of a Task's input. */
const conceptOf = (parent: Resource): unknown => parent['code'] ?? parent['type'];

const comparator = oneOf(['<', '<=', '>=', '>']);

const quantity: Keep = (value, facts, parent) =>
  isObject(value) ? shownQuantity(value, conceptOf(parent), comparator(value['comparator'], facts, value)) : undefined;

const integer: Keep = (value, _facts, parent) => shownInteger(value, conceptOf(parent));

/** The version of the guideline that the mission was requested under. */
export const guidelineUri: Keep = (uri, { guideline }) =>
  guideline !== undefined && uri === `${systems.missionCriterion}|${guideline}` ? uri : undefined;

/** A party of the mission by its number, never by a name that a sender gave it. */
export const organisation: Keep = (value, { organisations }) => {
  const identifier = isObject(value) ? value['identifier'] : undefined;
  if (!isObject(identifier) || identifier['system'] !== systems.organisationNumber) return undefined;
  const known = identifier['value'];
  return typeof known === 'string' && organisations.has(known)
    ? {
        reference: `Organization/${known}`,
        type: 'Organization',
        identifier: { system: systems.organisationNumber, value: known },
      }
    : undefined;
};

const isOfTheHub = (kept: unknown): boolean =>
  isObject(kept) && (kept['system'] === systems.taskDetail || kept['system'] === systems.flightPhase);

/** A date of a Task's own details. The date of any other concept may be a birth date. */
const detailTime: Keep = (value, facts, parent) => {
  const type = concept(conceptOf(parent), facts, parent);
  const codings: readonly unknown[] = isObject(type) && Array.isArray(type['coding']) ? type['coding'] : [];
  return codings.some(isOfTheHub) ? shownTime(value, facts) : undefined;
};

export const typedValue = shape(
  {
    type: concept,
    valueDateTime: detailTime,
    valueInteger: integer,
    valueQuantity: quantity,
    valueCodeableConcept: concept,
    valueReference: organisation,
  },
  ({ type, ...value }) => type !== undefined && Object.keys(value).length > 0,
);

/** Values of an Observation. A date is none of them: by any code it may be a birth date. */
export const value: Elements = {
  valueQuantity: quantity,
  valueCodeableConcept: concept,
  valueInteger: integer,
  valueBoolean: flag,
  dataAbsentReason: concept,
};

const isValue = (name: string): boolean => name.startsWith('value') || name === 'dataAbsentReason';

/** A value that is not shown is marked as masked, so that it does not look like a value that was never measured. */
export const valued = (kept: Resource, sent: Resource): Resource =>
  Object.keys(sent).some(isValue) && !Object.keys(kept).some(isValue) ? { ...kept, dataAbsentReason: masked } : kept;

export const component: Keep = (sent, facts) => {
  const kept = membersOf(sent, { code: concept, ...value }, facts);
  return isObject(sent) && kept['code'] !== undefined ? valued(kept, sent) : undefined;
};

export const municipality = shape({
  _district: shape({
    extension: list(
      shape(
        { url: oneOf([municipalityExtension]), valueCoding: coding },
        (kept) => kept['url'] !== undefined && kept['valueCoding'] !== undefined,
      ),
    ),
  }),
});

/** Degrees to five decimals, about a metre; whole metres. */
const degrees =
  (below: number): Keep =>
  (number) =>
    shownNumber(number, { decimals: 5, digits: 8, below });

export const position = shape(
  {
    longitude: degrees(181),
    latitude: degrees(91),
    altitude: (number) => shownNumber(number, { decimals: 0, digits: 4, below: 10_000 }),
  },
  (kept) => ['longitude', 'latitude'].every((name) => kept[name] !== undefined),
);
