import * as z from 'zod';
import { codesOf, type CodeTable, flightPhases } from '../codes.ts';
import { defined } from '../defined.ts';
import { parseReference } from '../fhir/addresses.ts';
import { type CodeableConcept, codeIn, moment } from '../fhir/datatypes.ts';
import type { Task } from '../fhir/resources.ts';
import { parseAddress } from '../identifiers.ts';
import { systems } from '../names.ts';
import { comparable, comparableCallSign, hasInvisible, hasLetters } from '../text.ts';
import { absentReasonOf } from './absent-reason.ts';
import type { Facts } from './message-type.ts';

/** Steps that message types share to read their focus resource. */

/** Characters. What is copied into the mission's state must stay small, because every later entry has a copy of it. */
const longestReason = 2_000;

type Context = z.RefinementCtx;
type Path = readonly (string | number)[];

/** Reports an element whose value the hub cannot use. */
const reject = (context: Context, path: Path, message: string): void => {
  context.addIssue({ code: 'custom', path: [...path], message });
};

/** Reports an element that must be present: its fault is `missing-field`. */
export const missing = (context: Context, path: Path, advice: string): void => {
  context.addIssue({ code: 'custom', path: [...path], message: `is missing: ${advice}`, params: { missing: true } });
};

/** A code that must be present and in the table. */
export const requiredCode = <Code extends string>(
  context: Context,
  concept: CodeableConcept | undefined,
  path: Path,
  system: string,
  table: Readonly<Record<Code, unknown>>,
): Code | undefined => {
  const found = codeIn(concept, system);
  const codes = codesOf(table);
  const code = codes.find((candidate) => candidate === found);
  const advice = `give one code of ${system}: ${codes.join(', ')}`;
  if (found === undefined) missing(context, path, advice);
  else if (code === undefined) reject(context, path, `has an unknown code: ${advice}`);
  return code;
};

/** Free text that is copied into the mission's state: trimmed, and limited in length. */
export const wordsIn = (context: Context, text: string | undefined, path: Path): string | undefined => {
  const words = text?.trim();
  if (words !== undefined && words.length > longestReason) {
    reject(context, path, `is longer than ${longestReason} characters: put the rest into another resource`);
  }
  return words === '' ? undefined : words;
};

/** Free text that must be present, because the answer will be questioned afterwards. */
export const requiredWords = (context: Context, text: string | undefined, path: Path): string | undefined => {
  const words = wordsIn(context, text, path);
  const advice = 'give the reason as text, so that it can be explained afterwards';
  if (words === undefined) missing(context, path, advice);
  else if (!hasLetters(words)) reject(context, path, `has no letter: ${advice}`);
  return words;
};

/** A reason of one of the hub's own tables, with a text if the code is `other`. */
export const requiredReason = <Code extends string>(
  context: Context,
  concept: CodeableConcept | undefined,
  path: Path,
  system: string,
  codes: Readonly<Record<Code, unknown>>,
  table: CodeTable,
): Facts['reason'] => {
  const code = requiredCode(context, concept, path, system, codes);
  if (code === undefined) return undefined;
  const readText = code === 'other' ? requiredWords : wordsIn;
  return { table, code, ...defined({ text: readText(context, concept?.text, [...path, 'text']) }) };
};

/** The status that a Task must have in this message, so that a system that knows only FHIR is not misled. */
export const requireStatus = (context: Context, resource: Task, status: Task['status']): void => {
  if (resource.status !== status) reject(context, ['status'], `must be "${status}" for this answer`);
};

/** The answer in the `businessStatus` of a Task; its `status` must agree. */
export const requiredAnswer = <Answer extends string>(
  context: Context,
  resource: Task,
  system: string,
  statusOf: Readonly<Record<Answer, Task['status']>>,
): Answer | undefined => {
  const answer = requiredCode(context, resource.businessStatus, ['businessStatus'], system, statusOf);
  if (answer !== undefined) requireStatus(context, resource, statusOf[answer]);
  return answer;
};

/**
 * Why a request is refused: a code of the refusal reasons, and a text. The codes depend on the guideline of the mission,
 * so they are checked where the mission is known.
 */
export const requiredRefusal = (context: Context, resource: Task): Facts['reason'] => {
  const path = ['statusReason'];
  const code = codeIn(resource.statusReason, systems.refusalReason);
  if (code === undefined) missing(context, path, `give a code of ${systems.refusalReason}`);
  const text = requiredWords(context, resource.statusReason?.text, [...path, 'text']);
  return code === undefined ? undefined : { table: 'refusal-reason', code, ...defined({ text }) };
};

/** The mission criteria among the codes of the concepts; they are checked against the guideline where the mission is known. */
export const criteriaIn = (...concepts: readonly (CodeableConcept | undefined)[]): readonly string[] | undefined => {
  const codes = concepts.flatMap((concept) =>
    (concept?.coding ?? []).flatMap(({ system, code }) =>
      system === systems.missionCriterion && code !== undefined ? [code] : [],
    ),
  );
  return codes.length === 0 ? undefined : [...new Set(codes)];
};

const invisibleAdvice =
  'control characters or characters that cannot be seen: remove them, so that equal names look equal';

/** Characters. */
const longestCallSign = 60;

/** A call sign, typed by people: in the form in which it is compared, so that all spellings are the same resource. */
export const callSign = (context: Context, value: string | undefined, path: Path): string | undefined => {
  if (value === undefined || value.trim() === '') return undefined;
  if (hasInvisible(value)) reject(context, path, `has ${invisibleAdvice}`);
  const sign = comparableCallSign(value);
  if (sign.length > longestCallSign) reject(context, path, `is longer than ${longestCallSign} characters`);
  return sign;
};

/** The call sign of the helicopter, aeroplane or car that a Task is about, if it gives one. */
export const resourceIn = (context: Context, resource: Task, element: 'input' | 'output'): string | undefined => {
  const values = resource[element] ?? [];
  const index = values.findIndex((one) => codeIn(one.type, systems.taskDetail) === 'resource');
  if (index === -1) return undefined;
  const path = [element, index, 'valueReference', 'identifier'];
  const identifier = values[index]?.valueReference?.identifier;
  const sign = identifier?.system === systems.resource ? callSign(context, identifier.value, path) : undefined;
  if (sign === undefined) missing(context, path, `give the call sign, system ${systems.resource}`);
  return sign;
};

/** Organisation number in a typed value of a Task's `output`. */
export const organisationIn = (resource: Task, code: string): string | undefined => {
  const identifier = resource.output?.find((value) => codeIn(value.type, systems.taskDetail) === code)?.valueReference
    ?.identifier;
  return identifier?.system === systems.organisationNumber ? identifier.value : undefined;
};

/** The hub's id of the Task that is answered. */
export const requiredTaskId = (context: Context, resource: Task): string | undefined => {
  if (resource.id === undefined) missing(context, ['id'], 'give the id of the Task as the hub gave it');
  return resource.id;
};

/** Result of `detailMoment`. With `faulty` the fault has been reported already. */
type Detail =
  | { readonly found: 'moment'; readonly value: string }
  | { readonly found: 'faulty' | 'nothing'; readonly value?: undefined };

/** A date with time and zone in a typed value of a Task, by its code in the hub's task-detail system. */
const detailMoment = (context: Context, resource: Task, element: 'input' | 'output', code: string): Detail => {
  const values = resource[element] ?? [];
  const index = values.findIndex((one) => codeIn(one.type, systems.taskDetail) === code);
  if (index === -1) return { found: 'nothing' };
  const value = values[index]?.valueDateTime;
  if (value !== undefined && moment.safeParse(value).success) return { found: 'moment', value };
  const path = [element, index, 'valueDateTime'];
  const advice = 'give for example 2026-02-01T12:30:00+01:00';
  if (value === undefined) missing(context, path, advice);
  else reject(context, path, `is not a date with time and zone: ${advice}`);
  return { found: 'faulty' };
};

/** The estimated time of arrival, if one is given. */
export const optionalEta = (context: Context, resource: Task, element: 'input' | 'output'): Detail =>
  detailMoment(context, resource, element, 'eta');

/** The estimated time of arrival, which must be given. */
export const requiredEta = (context: Context, resource: Task, element: 'input' | 'output'): string | undefined => {
  const eta = optionalEta(context, resource, element);
  if (eta.found === 'nothing')
    missing(context, [element], `give the ETA: type ${systems.taskDetail}|eta with valueDateTime`);
  return eta.value;
};

/** The first Task among references that `resolveFocus` has resolved. */
export const taskIn = (references: Task['partOf']): string | undefined => {
  const [first] = (references ?? []).map(({ reference = '' }) => parseReference(reference));
  return first?.form === 'relative' && first.type === 'Task' ? first.id : undefined;
};

/** The id if it has the form of the hub's Task ids; `undefined` for a sender's own id. */
export const hubTaskId = (id: string | undefined): string | undefined =>
  id !== undefined && parseAddress(id) !== undefined ? id : undefined;

/** Characters of system and value together. */
const longestIncident = 200;

/** The large event that a mission belongs to: `ServiceRequest.requisition`, an identifier that several requests share. */
export const incidentIn = (
  context: Context,
  {
    requisition,
  }: {
    readonly requisition?:
      | {
          readonly system?: string | undefined;
          readonly value?: string | undefined;
          readonly extension?: unknown;
        }
      | undefined;
  },
): Facts['incident'] => {
  // An update may take it back.
  if (requisition === undefined || absentReasonOf(requisition) !== undefined) return undefined;
  const system = comparable(requisition.system ?? '');
  const value = comparable(requisition.value ?? '');
  if (hasInvisible(system + value)) reject(context, ['requisition'], `has ${invisibleAdvice}`);
  if (system === '' || value === '') missing(context, ['requisition'], 'give both system and value');
  if (system.length + value.length > longestIncident)
    reject(context, ['requisition'], `is longer than ${longestIncident} characters`);
  return { system, value };
};

const phaseCodes = codesOf(flightPhases);

/** Flight phases in a Task's `output`, each with the time at which it was observed; `undefined` if there are none. */
export const phasesIn = (context: Context, resource: Task): Facts['phases'] => {
  const reports = resource.output?.some((value) => codeIn(value.type, systems.flightPhase) !== undefined) ?? false;
  const found = (resource.output ?? []).flatMap((value, index) => {
    const code = codeIn(value.type, systems.flightPhase);
    if (code === undefined) return [];
    const phase = phaseCodes.find((known) => known === code);
    if (phase === undefined) {
      const advice = `give one of ${phaseCodes.join(', ')}`;
      reject(context, ['output', index, 'type'], `has an unknown flight phase: ${advice}`);
    }
    const seenAt = value.valueDateTime;
    const path = ['output', index, 'valueDateTime'];
    const advice = 'give the time at which the phase was observed, as date, time and zone';
    if (seenAt === undefined) missing(context, path, advice);
    else if (!moment.safeParse(seenAt).success) reject(context, path, `is not a date with time and zone: ${advice}`);
    return phase === undefined || seenAt === undefined ? [] : [{ phase, seenAt }];
  });
  return reports ? found : undefined;
};
