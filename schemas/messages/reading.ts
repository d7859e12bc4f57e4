import { z } from 'zod';
import { codesOf, refusalReasons } from '../codes.ts';
import { defined } from '../defined.ts';
import { type CodeableConcept, codeIn, moment } from '../fhir/datatypes.ts';
import type { Task } from '../fhir/resources.ts';
import { parseAddress } from '../identifiers.ts';
import { systems } from '../names.ts';
import type { Facts } from './message-type.ts';

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

/** Why not: a reason of the table, with a text where the reason is `other`. */
export const requiredReason = <Code extends string>(
  context: Context,
  concept: CodeableConcept | undefined,
  path: Path,
  system: string,
  table: Readonly<Record<Code, unknown>>,
  textFor: 'every-code' | 'other-only',
): Facts['reason'] => {
  const code = requiredCode(context, concept, path, system, table);
  if (code === undefined) return undefined;
  const text = concept?.text?.trim();
  if ((textFor === 'every-code' || code === 'other') && (text === undefined || text === '')) {
    reject(context, [...path, 'text'], 'is missing: say in words why, so that the question can be answered afterwards');
  }
  if (text !== undefined && text.length > longestReason) {
    reject(
      context,
      [...path, 'text'],
      `is longer than ${longestReason} characters: put the rest into another resource`,
    );
  }
  return { code, ...defined({ text }) };
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

/** Why an ask is turned down: always a code of the refusal reasons and words. */
export const requiredRefusal = (context: Context, resource: Task): Facts['reason'] =>
  requiredReason(context, resource.statusReason, ['statusReason'], systems.refusalReason, refusalReasons, 'every-code');

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
