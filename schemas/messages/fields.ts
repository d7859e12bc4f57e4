import * as z from 'zod';
import { type CodeTable, codesOf, flightPhases } from '../codes.ts';
import { defined } from '../defined.ts';
import { type CodeableConcept, codeIn, moment } from '../fhir/datatypes.ts';
import type { Task } from '../fhir/resources.ts';
import { parseAddress } from '../identifiers.ts';
import { systems } from '../names.ts';
import type { ElementRule, Facts } from './message-type.ts';

/** Steps that several message types share when they read their focus resource. */

/** What is copied into the mission's state must stay small: every later entry carries it. */
const longestReason = 2_000;

type Context = z.RefinementCtx;
type Path = readonly (string | number)[];

const reject = (context: Context, path: Path, message: string): void => {
  context.addIssue({ code: 'custom', path: [...path], message, params: { missing: message.startsWith('is missing') } });
};

/** A code that must be there and be one of a table's. */
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
  if (code === undefined) {
    reject(
      context,
      path,
      `${found === undefined ? 'is missing' : 'has an unknown code'}: give one code of ${system}: ${codes.join(', ')}`,
    );
  }
  return code;
};

/** Words that are copied into the state: trimmed, and not too long. */
export const wordsIn = (context: Context, text: string | undefined, path: Path): string | undefined => {
  const words = text?.trim();
  if (words !== undefined && words.length > longestReason) {
    reject(context, path, `is longer than ${longestReason} characters: put the rest into another resource`);
  }
  return words === '' ? undefined : words;
};

/** Words that must be there, because the question will be asked afterwards. */
export const requiredWords = (context: Context, text: string | undefined, path: Path): string | undefined => {
  const words = wordsIn(context, text, path);
  if (words === undefined)
    reject(context, path, 'is missing: say in words why, so that the question can be answered afterwards');
  return words;
};

/** Why: a reason of one of the hub's own tables, with a text where the reason is `other`. */
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

/** The status a Task must carry in this message, so that a reader who knows only FHIR is not misled. */
export const requireStatus = (context: Context, resource: Task, status: Task['status']): void => {
  if (resource.status !== status) reject(context, ['status'], `must be "${status}" for this answer`);
};

/** The answer a Task gives in its `businessStatus`, with the status that goes with it. */
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
 * Why an ask is turned down: a code of the refusal reasons, and words. Which codes there are says the mission's guideline,
 * so that is checked where the mission is known.
 */
export const requiredRefusal = (context: Context, resource: Task): Facts['reason'] => {
  const path = ['statusReason'];
  const code = codeIn(resource.statusReason, systems.refusalReason);
  if (code === undefined) reject(context, path, `is missing: give a code of ${systems.refusalReason}`);
  const text = requiredWords(context, resource.statusReason?.text, [...path, 'text']);
  return code === undefined ? undefined : { table: 'refusal-reason', code, ...defined({ text }) };
};

/** The mission criteria among the codes of a concept; which codes there are says the mission's guideline. */
export const criteriaIn = (...concepts: readonly (CodeableConcept | undefined)[]): readonly string[] | undefined => {
  const codes = concepts.flatMap((concept) =>
    (concept?.coding ?? []).flatMap(({ system, code }) =>
      system === systems.missionCriterion && code !== undefined ? [code] : [],
    ),
  );
  return codes.length === 0 ? undefined : [...new Set(codes)];
};

const longestCallSign = 60;

/** Call signs are written by people: surrounding blanks and case do not make another helicopter. */
export const callSign = (context: Context, value: string | undefined, path: Path): string | undefined => {
  const sign = value?.trim().toUpperCase();
  if (sign === undefined || sign === '') return undefined;
  if (sign.length > longestCallSign) reject(context, path, `is longer than ${longestCallSign} characters`);
  return sign;
};

/** The one helicopter, aeroplane or car that a Task is about, if it says which. */
export const resourceIn = (context: Context, resource: Task, element: 'input' | 'output'): string | undefined => {
  const values = resource[element] ?? [];
  const index = values.findIndex((one) => codeIn(one.type, systems.taskDetail) === 'resource');
  if (index === -1) return undefined;
  const path = [element, index, 'valueReference', 'identifier'];
  const identifier = values[index]?.valueReference?.identifier;
  const sign = identifier?.system === systems.resource ? callSign(context, identifier.value, path) : undefined;
  if (sign === undefined) reject(context, path, `is missing: give the call sign, system ${systems.resource}`);
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
  if (resource.id === undefined) reject(context, ['id'], 'is missing: give the id of the Task as the hub gave it');
  return resource.id;
};

/** What `detailMoment` found: `faulty` has been reported already. */
type Detail =
  | { readonly found: 'moment'; readonly value: string }
  | { readonly found: 'faulty' | 'nothing'; readonly value?: undefined };

/** A moment given as a typed value of a Task (`input` or `output`), by its code in the hub's task-detail system. */
const detailMoment = (context: Context, resource: Task, element: 'input' | 'output', code: string): Detail => {
  const values = resource[element] ?? [];
  const index = values.findIndex((one) => codeIn(one.type, systems.taskDetail) === code);
  if (index === -1) return { found: 'nothing' };
  const value = values[index]?.valueDateTime;
  if (value !== undefined && moment.safeParse(value).success) return { found: 'moment', value };
  reject(
    context,
    [element, index, 'valueDateTime'],
    `${value === undefined ? 'is missing' : 'is not a moment'}: give date, time and zone, e.g. 2026-02-01T12:30:00+01:00`,
  );
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

export const missing = (context: Context, path: Path, what: string): void =>
  reject(context, path, `is missing: ${what}`);

/** `Task/<id>` → `<id>`; anything else is no Task of the hub. */
export const taskIdIn = (reference: string | undefined): string | undefined =>
  /(?:^|\/)Task\/([A-Za-z0-9\-.]{1,64})$/.exec(reference ?? '')?.[1];

/** The id if it has the form of the hub's own Task ids; a sender's own id is none. */
export const hubTaskId = (id: string | undefined): string | undefined =>
  id !== undefined && parseAddress(id) !== undefined ? id : undefined;

const longestIncident = 200;

/** The large event a mission belongs to: `ServiceRequest.requisition`, the identifier that several requests share. */
export const incidentIn = (
  context: Context,
  {
    requisition,
  }: {
    readonly requisition?: { readonly system?: string | undefined; readonly value?: string | undefined } | undefined;
  },
): Facts['incident'] => {
  if (requisition === undefined) return undefined;
  const system = requisition.system?.trim() ?? '';
  const value = requisition.value?.trim() ?? '';
  if (system === '' || value === '') missing(context, ['requisition'], 'an incident has a system and a value');
  if (system.length + value.length > longestIncident)
    reject(context, ['requisition'], `is longer than ${longestIncident} characters`);
  return { system, value };
};

/** Rules that several types share, for their profiles and pages. */
export const taskIdRule: ElementRule = {
  path: 'Task.id',
  required: 'always',
  what: "The Task that is answered, by the hub's id.",
};
export const authorRule: ElementRule = {
  path: 'MessageHeader.author',
  required: 'some-answers',
  what: 'Who decided, and in which role: a PractitionerRole in the Bundle (profile `decider`), with `code`, name and if possible the HPR number. Required for every refusal.',
};
export const refusalRule: ElementRule = {
  path: 'Task.statusReason',
  required: 'some-answers',
  words: 'always',
  what: 'Why not: a code of the guideline, and words (`text`). Required for every refusal.',
  codes: 'refusal-reason',
};

const phaseCodes = codesOf(flightPhases);

/** Flight phases in a Task's `output`, each with the time at which somebody saw it; `undefined` if it reports none. */
export const phasesIn = (context: Context, resource: Task): Facts['phases'] => {
  const reports = resource.output?.some((value) => codeIn(value.type, systems.flightPhase) !== undefined) ?? false;
  const found = (resource.output ?? []).flatMap((value, index) => {
    const code = codeIn(value.type, systems.flightPhase);
    if (code === undefined) return [];
    const phase = phaseCodes.find((known) => known === code);
    if (phase === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['output', index, 'type'],
        message: `has an unknown flight phase: give one of ${phaseCodes.join(', ')}`,
      });
    }
    const seenAt = value.valueDateTime;
    const path = ['output', index, 'valueDateTime'];
    if (seenAt === undefined) missing(context, path, 'say when the phase was seen, as date, time and zone');
    else if (!moment.safeParse(seenAt).success) {
      context.addIssue({
        code: 'custom',
        path,
        message: 'is not a moment: say when the phase was seen, as date, time and zone',
      });
    }
    return phase === undefined || seenAt === undefined ? [] : [{ phase, seenAt }];
  });
  return reports ? found : undefined;
};

/** What the hub says when people must phone. */
export const hubElements: readonly ElementRule[] = [
  { path: 'CommunicationRequest.status', required: 'always', what: '`active`.' },
  { path: 'CommunicationRequest.medium', required: 'always', what: 'The telephone.' },
  {
    path: 'CommunicationRequest.recipient',
    required: 'always',
    what: 'Whom to phone: an Organization in the Bundle, with its number in `telecom`.',
  },
  {
    path: 'CommunicationRequest.about',
    required: 'always',
    what: 'The Task nobody has acknowledged, or the message that did not arrive.',
  },
  { path: 'CommunicationRequest.payload', required: 'always', what: 'The same in words, for a person to read.' },
];
