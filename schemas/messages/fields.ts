import type { CodeTable } from '../codes.ts';
import { defined } from '../defined.ts';
import { parseReference } from '../fhir/addresses.ts';
import type { CodeableConcept } from '../fhir/datatypes.ts';
import type { ServiceRequest, Task } from '../fhir/resources.ts';
import { firstGuidelines } from '../guideline.ts';
import { parseAddress } from '../identifiers.ts';
import { systems } from '../names.ts';
import { comparable, comparableCallSign, hasInvisible, hasLetters } from '../text.ts';
import { absentReasonOf } from './absent-reason.ts';
import { codeAmong, codesIn, codingsOf, oneOf, type Placed, requiredCode, requiredCodeAmong } from './coded.ts';
import { changesMeaning, type Context, missing, type Path, reject } from './issues.ts';
import type { CaseNumber, Facts } from './message-type.ts';
import { adviceOnSystem } from './system-names.ts';

/** Steps that message types share to read their focus resource. */

/** Characters. What is copied into the mission's state must stay small, because every later entry has a copy of it. */
const longestReason = 2_000;

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

/** Codes of a version of the guideline, where the version of the mission is not known: those of the release. */
const [{ criteria: releasedCriteria, refusalReasons: releasedReasons }] = firstGuidelines;

/** A concept with its path. */
type PlacedConcept = Placed<CodeableConcept>;

export const placedConcepts = (
  concepts: readonly CodeableConcept[] | undefined,
  path: Path,
): readonly PlacedConcept[] => (concepts ?? []).map((value, index) => ({ value, path: [...path, index] }));

/** The one reason of one of the hub's own tables among concepts, with a text if the code is `other`. */
export const requiredReason = <Code extends string>(
  context: Context,
  concepts: readonly PlacedConcept[],
  path: Path,
  system: string,
  codes: Readonly<Record<Code, unknown>>,
  table: CodeTable,
): Facts['reason'] => {
  const stating = concepts.filter(({ value }) => value.coding?.some((coding) => coding.system === system) === true);
  const [first = { value: {}, path }] = stating;
  const codings = concepts.flatMap((concept) => codingsOf(concept.value, concept.path));
  const code = requiredCodeAmong(context, codings, first.path, system, codes);
  if (code === undefined) return undefined;
  const texts = stating.flatMap(({ value: { text }, path: at }) =>
    text === undefined ? [] : [{ value: text, path: [...at, 'text'] }],
  );
  const text = oneOf(context, texts, { what: 'the text of one reason' });
  const readText = code === 'other' ? requiredWords : wordsIn;
  return { table, code, ...defined({ text: readText(context, text.value, [...first.path, 'text']) }) };
};

/** The status that a Task must have in this message, so that a system that knows only FHIR is not misled. */
export const requireStatus = (context: Context, resource: Task, status: Task['status']): void => {
  if (resource.status !== status) reject(context, ['status'], `must be "${status}" for this answer`);
};

/** The statuses that a Task can have in a message that does not change its status: another one would be passed over. */
export const requireStatusAmong = (context: Context, { status }: Task, statuses: readonly Task['status'][]): void => {
  if (statuses.includes(status)) return;
  const advice = 'another status is said by acknowledgement, mission-decision or a response message';
  changesMeaning(context, ['status'], `must be ${statuses.join(', ')}: ${advice}`);
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
  const own = { system: systems.refusalReason, codes: Object.keys(releasedReasons) };
  const code = codeAmong(context, codingsOf(resource.statusReason, path), own);
  if (code.found === 'nothing') missing(context, path, `give a code of ${systems.refusalReason}`);
  const text = requiredWords(context, resource.statusReason?.text, [...path, 'text']);
  return code.found === 'one' ? { table: 'refusal-reason', code: code.value, ...defined({ text }) } : undefined;
};

/**
 * The mission criteria among the codes of the concepts, a set. They are checked against the guideline where the mission is known.
 */
export const criteriaIn = (context: Context, concepts: readonly PlacedConcept[]): readonly string[] | undefined => {
  const codings = concepts.flatMap(({ value, path }) => codingsOf(value, path));
  const { codes } = codesIn(context, codings, {
    system: systems.missionCriterion,
    codes: Object.keys(releasedCriteria),
  });
  return codes.length === 0 ? undefined : [...new Set(codes.map(({ value }) => value))];
};

/** The criteria in `Task.reasonCode`. */
export const taskCriteria = (context: Context, { reasonCode }: Task): readonly string[] | undefined =>
  criteriaIn(context, reasonCode === undefined ? [] : [{ value: reasonCode, path: ['reasonCode'] }]);

/** What a sender sends to say that a mission has another status. */
const statusMessages: Readonly<Partial<Record<ServiceRequest['status'], string>>> = {
  revoked: 'to cancel the mission, send mission-cancel',
  'entered-in-error': 'to cancel the mission, send mission-cancel with the reason entered-in-error',
  completed: 'the hub completes the mission when its flights have ended: send resource-status or mission-report',
  draft: 'a draft is for the sender only: send mission-request or mission-update when it is to count',
  'on-hold': 'to defer the decision, the AMK LA sends mission-decision with the answer deferred',
};

/** A ServiceRequest that describes a mission is active: whether the mission is over is said by other messages. */
export const requireActive = (context: Context, { status }: ServiceRequest): void => {
  if (status === 'active') return;
  const instead = statusMessages[status];
  changesMeaning(context, ['status'], `must be "active"${instead === undefined ? '' : `; ${instead}`}`);
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

/** The hub's id of the Task that is answered. */
export const requiredTaskId = (context: Context, resource: Task): string | undefined => {
  if (resource.id === undefined) missing(context, ['id'], 'give the id of the Task as the hub gave it');
  return resource.id;
};

/** The one Task that `Task.partOf` names, of the references that `resolveFocus` has resolved. */
export const flightIn = (context: Context, { partOf }: Task): string | undefined => {
  const named = (partOf ?? []).flatMap(({ reference = '' }, index) => {
    const parsed = parseReference(reference);
    return parsed.form === 'relative' && parsed.type === 'Task' ? [{ value: parsed.id, path: ['partOf', index] }] : [];
  });
  return oneOf(context, named, { what: 'the flight' }).value;
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
  const advice = requisition.system === undefined ? undefined : adviceOnSystem(requisition.system);
  if (advice !== undefined) reject(context, ['requisition', 'system'], advice);
  const system = comparable(requisition.system ?? '');
  const value = comparable(requisition.value ?? '');
  if (hasInvisible(system + value)) reject(context, ['requisition'], `has ${invisibleAdvice}`);
  if (system === '' || value === '') missing(context, ['requisition'], 'give both system and value');
  if (system.length + value.length > longestIncident)
    reject(context, ['requisition'], `is longer than ${longestIncident} characters`);
  return { system, value };
};

/** Case numbers that a mission is found by: the first ones of its description. */
const mostCaseNumbers = 10;

interface GivenIdentifier {
  readonly use?: unknown;
  readonly system?: string | undefined;
  readonly value?: string | undefined;
}

/** The numbers under which the requester keeps the case: identifiers that are neither the mission number nor out of use. */
export const caseNumbersIn = (
  context: Context,
  { identifier = [] }: { readonly identifier?: readonly GivenIdentifier[] | undefined },
): Facts['caseNumbers'] => {
  const found = identifier.flatMap(({ use, system = '', value = '' }, index): readonly CaseNumber[] => {
    const number = { system: comparable(system), value: comparable(value) };
    if (number.value === '' || number.system === systems.mission || use === 'old') return [];
    const path = ['identifier', index];
    if (hasInvisible(number.system + number.value)) reject(context, path, `has ${invisibleAdvice}`);
    if (number.system.length + number.value.length > longestIncident)
      reject(context, path, `is longer than ${longestIncident} characters`);
    return [number];
  });
  return found.length === 0 ? undefined : found.slice(0, mostCaseNumbers);
};
