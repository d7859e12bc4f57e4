import { codesOf, decisions, flightPhases, prearrivalAnswers, resourceAnswers, taskDetails } from '../codes.ts';
import { defined } from '../defined.ts';
import { moment, timeOf } from '../fhir/datatypes.ts';
import { type Task, task as taskResource } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import { codeAmong, codingsOf, oneOf, type Placed, type Reading } from './coded.ts';
import { callSign, hubTaskId } from './fields.ts';
import { type Context, contradict, missing, type Path, reject } from './issues.ts';
import type { Facts } from './message-type.ts';
import { adviceOnSystem } from './system-names.ts';

/**
 * Details of a Task: the values in `input` and `output` whose type is a code of the hub. Every reader of a Task gets them from
 * here, and every one of them is read, so none can be passed over.
 */

type Element = 'input' | 'output';
type DetailCode = keyof typeof taskDetails;
type Phase = keyof typeof flightPhases;
type TypedValue = NonNullable<Task['output']>[number];

const detailCodes = codesOf(taskDetails);
const phaseCodes = codesOf(flightPhases);

/** The details of one element. */
export interface Details {
  readonly eta: Reading<string>;
  /** Call sign. */
  readonly resource: Reading<string>;
  /** Organisation numbers. */
  readonly divertedTo: Reading<string>;
  readonly handedOverTo: Reading<string>;
  /** `undefined` if there are none. */
  readonly phases: Facts['phases'];
}

/** A value whose type is a code of the hub. */
interface Typed {
  readonly kind: { readonly detail: DetailCode } | { readonly phase: Phase };
  readonly value: TypedValue;
  readonly path: Path;
}

/** A code of one of the two systems of types, if the hub knows it. */
const known = <Code extends string>(
  context: Context,
  read: Reading<string>,
  codes: readonly Code[],
  what: string,
  path: Path,
): Code | undefined => {
  if (read.found !== 'one') return undefined;
  const code = codes.find((candidate) => candidate === read.value);
  if (code === undefined) reject(context, path, `has an unknown ${what}: give one of ${codes.join(', ')}`);
  return code;
};

/** The type of a value: a detail, a flight phase, or nothing of the hub's. */
const kindOf = (context: Context, { type }: TypedValue, path: Path): Typed['kind'] | undefined => {
  const codings = codingsOf(type, path);
  const details = codeAmong(context, codings, { system: systems.taskDetail, codes: detailCodes });
  // Codings that are no codes of either system have been reported by the first reading.
  const ofPhases = codings.filter(({ value: { system } }) => system === systems.flightPhase);
  const unnamed = codings.filter(({ value: { system } }) => system === undefined);
  const phases = codeAmong(context, [...ofPhases, ...unnamed], { system: systems.flightPhase, codes: phaseCodes });
  if (details.found === 'one' && phases.found === 'one') {
    contradict(context, details.path, phases.path, 'a value is a detail or a flight phase, not both');
    return undefined;
  }
  const detail = known(context, details, detailCodes, 'detail', path);
  const phase = known(context, phases, phaseCodes, 'flight phase', path);
  if (detail !== undefined) return { detail };
  return phase === undefined ? undefined : { phase };
};

const timeAdvice = 'give for example 2026-02-01T12:30:00+01:00';

/** The date, time and zone of a value, if it is one. */
const momentOf = (context: Context, { value, path }: Typed, advice: string): Placed<string> | undefined => {
  const time = value.valueDateTime;
  const at = [...path, 'valueDateTime'];
  if (time === undefined) missing(context, at, advice);
  else if (moment.safeParse(time).success) return { value: time, path: at };
  else reject(context, at, `is not a date with time and zone: ${advice}`);
  return undefined;
};

/** The value of the identifier that a value refers by. */
const identifierOf = (
  context: Context,
  { value, path }: Typed,
  system: string,
  what: string,
): Placed<string> | undefined => {
  const at = [...path, 'valueReference', 'identifier'];
  const identifier = value.valueReference?.identifier;
  const advice = identifier?.system === undefined ? undefined : adviceOnSystem(identifier.system);
  if (advice !== undefined) reject(context, [...at, 'system'], advice);
  else if (identifier?.system !== system || identifier.value === undefined || identifier.value.trim() === '')
    missing(context, at, `give ${what}, system ${system}`);
  else return { value: identifier.value, path: at };
  return undefined;
};

const isSameTime = (one: string, other: string): boolean => timeOf(one) === timeOf(other);

/** One reading of all values of a kind; faulty if one of them cannot be read. */
const readAll = (
  values: readonly Typed[],
  read: (value: Typed) => Placed<string> | undefined,
  agree: (read: readonly Placed<string>[]) => Reading<string>,
): Reading<string> => {
  const placed = values.map(read);
  const readable = placed.filter((one) => one !== undefined);
  return readable.length < placed.length ? { found: 'faulty' } : agree(readable);
};

const phasesOf = (context: Context, values: readonly Typed[]): Facts['phases'] => {
  const advice = 'give the time at which the phase was observed, as date, time and zone';
  const seen = phaseCodes.flatMap((phase) => {
    const ofPhase = values.filter(({ kind }) => 'phase' in kind && kind.phase === phase);
    const read = readAll(
      ofPhase,
      (value) => momentOf(context, value, advice),
      (times) => oneOf(context, times, { isSame: isSameTime, what: 'the time of one phase' }),
    );
    return read.found === 'one' ? [{ phase, seenAt: read.value }] : [];
  });
  return seen.length === 0 ? undefined : seen;
};

const detailsIn = (context: Context, resource: Task, element: Element): Details => {
  const typed = (resource[element] ?? []).flatMap((value, index): Typed[] => {
    const path = [element, index];
    const kind = kindOf(context, value, [...path, 'type']);
    return kind === undefined ? [] : [{ kind, value, path }];
  });
  const of = (code: DetailCode) => typed.filter(({ kind }) => 'detail' in kind && kind.detail === code);
  const hospital = (code: DetailCode): Reading<string> =>
    readAll(
      of(code),
      (value) => identifierOf(context, value, systems.organisationNumber, 'the organisation number of the hospital'),
      (numbers) => oneOf(context, numbers, { what: 'the hospital' }),
    );
  return {
    eta: readAll(
      of('eta'),
      (value) => momentOf(context, value, timeAdvice),
      (times) => oneOf(context, times, { isSame: isSameTime, what: 'the ETA' }),
    ),
    resource: readAll(
      of('resource'),
      (value) => {
        const named = identifierOf(context, value, systems.resource, 'the call sign');
        const sign = named === undefined ? undefined : callSign(context, named.value, named.path);
        return named === undefined || sign === undefined ? undefined : { value: sign, path: named.path };
      },
      (signs) => oneOf(context, signs, { what: 'the call sign' }),
    ),
    divertedTo: hospital('diverted-to'),
    handedOverTo: hospital('handed-over-to'),
    phases: phasesOf(context, typed),
  };
};

/** The details of a Task that is in focus, of both elements. */
export interface TaskDetails {
  readonly input: Details;
  readonly output: Details;
}

/** Details of which a Task has one, with how they are compared. */
const single = {
  eta: { isSame: isSameTime, what: 'the ETA' },
  resource: { what: 'the call sign' },
  divertedTo: { what: 'the hospital' },
  handedOverTo: { what: 'the hospital' },
} as const;

/** `input` and `output` give one value of each detail. */
const requireAgreement = (context: Context, { input, output }: TaskDetails): void => {
  for (const kind of ['eta', 'resource', 'divertedTo', 'handedOverTo'] as const) {
    const given = [input[kind], output[kind]].filter((one) => one.found === 'one');
    oneOf(context, given, single[kind]);
  }
  const differs = input.phases?.some(({ phase, seenAt }) =>
    output.phases?.some((other) => other.phase === phase && !isSameTime(other.seenAt, seenAt)),
  );
  if (differs === true) contradict(context, ['input'], ['output'], 'both give the time of one phase, and they differ');
};

/** A request that is sent again with the hub's id: its `output` is the Task as the hub showed it, before the request. */
const repeatsRequest = ({ id, status }: Task): boolean => status === 'requested' && hubTaskId(id) !== undefined;

/** The schema of a message whose focus is a Task. All its details are read, whichever of them the message uses. */
export const taskSchema = (read: (resource: Task, context: Context, details: TaskDetails) => Facts) =>
  taskResource.transform((resource, context): Facts => {
    const input = detailsIn(context, resource, 'input');
    const output = detailsIn(context, resource, 'output');
    if (!repeatsRequest(resource)) requireAgreement(context, { input, output });
    return read(resource, context, { input, output });
  });

/** Code systems of answers that a Task keeps as its `businessStatus`. */
const answerSystems = [
  { system: systems.missionDecision, codes: codesOf(decisions) },
  { system: systems.resourceAnswer, codes: codesOf(resourceAnswers) },
  { system: systems.prearrivalAnswer, codes: codesOf(prearrivalAnswers) },
];

/**
 * What `Task.businessStatus` states in a message that answers in another way: a phase or an answer that the Task has already, as
 * the hub shows it. Another one would be known to some readers only: the mission rules compare it with the Task.
 */
export const statedStatus = (
  context: Context,
  { businessStatus }: Task,
): Pick<Facts, 'statedPhase' | 'statedAnswer'> => {
  const path = ['businessStatus'];
  const codings = codingsOf(businessStatus, path);
  for (const { value, path: at } of codings)
    if (value.system === undefined && answerSystems.some(({ codes }) => codes.some((code) => code === value.code)))
      reject(context, [...at, 'system'], 'is missing, and the code is one of the hub: give its system');
  const phase = codeAmong(context, codings, { system: systems.flightPhase, codes: phaseCodes });
  const statedPhase = known(context, phase, phaseCodes, 'flight phase', path);
  const answers = answerSystems.flatMap(({ system, codes }) => {
    const own = codings.filter(({ value }) => value.system === system);
    const read = codeAmong(context, own, { system, codes });
    const code = known(context, read, codes, 'answer', path);
    return read.found === 'one' && code !== undefined ? [{ value: { system, code }, path: read.path }] : [];
  });
  const statedAnswer = oneOf(context, answers, { what: 'the answer' }).value;
  return defined({ statedPhase, statedAnswer });
};

/** A Task that is new has no answer yet. */
export const requireUnanswered = (context: Context, stated: Pick<Facts, 'statedPhase' | 'statedAnswer'>): void => {
  if (Object.keys(stated).length === 0) return;
  contradict(context, ['status'], ['businessStatus'], 'the Task is requested, and states an answer or a phase');
};

/** The ETA, which must be given. */
export const requiredEta = (context: Context, { eta }: Details, element: Element): string | undefined => {
  if (eta.found === 'nothing')
    missing(context, [element], `give the ETA: type ${systems.taskDetail}|eta with valueDateTime`);
  return eta.value;
};
