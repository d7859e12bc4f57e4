import { array, assert, asyncProperty, constantFrom, integer, noBias, oneof, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Accepted, acceptMessage } from '../../core/mission/accept-message.ts';
import { unreachableMessage, writeHubMessage } from '../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../core/mission/mission-log.ts';
import type { Directory } from '../../core/mission/directory.ts';
import { hub as hubParty, isFinal, type MissionState, type Party, type TaskState } from '../../core/mission/state.ts';
import { sweep, type SweepPorts } from '../../core/delivery/sweep.ts';
import { defined } from '../../schemas/defined.ts';
import type { Refusal } from '../../schemas/faults.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import { readMessage } from '../../schemas/messages/read-message.ts';
import type { Message } from '../../schemas/messages/message.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { sampleSubscription } from '../contract/contract.ts';
import { type Gate, gated } from '../memory/gate.ts';
import { memoryHub } from '../memory/hub.ts';
import { effort, replay } from '../support/effort.ts';
import {
  acknowledgement,
  directory as smallDirectory,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionReport,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  parties as fewParties,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  resourceWithdrawal,
  reviewRequest,
  taskOpenedBy,
} from '../support/messages.ts';
import {
  type Action,
  forbiddenBetween,
  forbiddenIn,
  hasPart,
  isOver,
  type Kind,
  mayReportReadiness,
  type ModelMission,
  type ModelTask,
  overdueAt,
  type Person,
  type Says,
  type Status,
  step,
  tellDeliveryFailed,
  tellOverdue,
  tellUnreachable,
  type Urgency,
  type What,
  type World,
} from './mission-model.ts';

/**
 * The hub against the model of its rules. Whatever is said, by whomever, one after another or at once: both accept it or
 * both refuse it, and both missions look the same afterwards.
 *
 * `LUFTBRO_MODEL_RUNS=100000` tries more sequences. A failure prints fast-check's seed and path: with them as
 * `LUFTBRO_MODEL_SEED` and `LUFTBRO_MODEL_PATH` the same failing sequence, already shrunk, runs alone.
 */
const { modelRuns: runs } = effort;
const { modelSeed: seed, modelPath: path } = replay;

// Forwarding back and forth, and diverting on and on, need one party more than there and back.
const parties: Readonly<Record<string, Party>> = {
  ...fewParties,
  thirdLa: { organisation: '100000013', name: 'AMK LA Trondheim', role: 'amk-la' },
  thirdHospital: { organisation: '100000033', name: 'Haukeland emergency department', role: 'hospital' },
};

const everybody = [...Object.values(parties), hubParty];
const partyOf = (organisation: string): Party | undefined =>
  everybody.find((party) => party.organisation === organisation);
const directory: Directory = {
  ...smallDirectory,
  partyOf,
  partiesOf: (role) => everybody.filter((party) => party.role === role),
};

const ofRole = (...roles: readonly string[]): readonly string[] =>
  Object.values(parties).flatMap(({ role, organisation }) => (roles.includes(role) ? [organisation] : []));

const seconds: Readonly<Record<Kind, Readonly<Record<Urgency, number>>>> = {
  coordination: { stat: 60, urgent: 180, routine: 600 },
  resource: { stat: 60, urgent: 60, routine: 60 },
  prearrival: { stat: 120, urgent: 120, routine: 120 },
};

const world: World = {
  roleOf: (organisation) => partyOf(organisation)?.role,
  covering: (municipality) => directory.coordinatorFor(municipality)?.organisation,
  seconds: (kind, urgency) => seconds[kind][urgency],
};

/** The same numbers for the same seed. */
const diceOf = (from: number) => {
  let state = from;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  const pick = <Item>(list: readonly Item[]): Item => {
    const index = below(list.length);
    for (const item of list.slice(index, index + 1)) return item;
    throw new Error('nothing to choose from');
  };
  return { below, pick, chance: (percent: number): boolean => below(100) < percent };
};

type Dice = ReturnType<typeof diceOf>;

const persons: readonly Person[] = [
  { name: 'Kari', number: undefined },
  { name: 'Kari', number: '1111111' },
  { name: 'Ola', number: '1111111' },
  { name: 'Ola', number: '2222222' },
  { name: 'Eva', number: undefined },
];

const phaseNames = [
  'alarm-received',
  'unit-alerted',
  'departed',
  'on-scene',
  'patient-contact',
  'departed-scene',
  'arrived-at-destination',
  'handed-over',
  'available',
];

/** A Task to speak of: mostly an open one of the kind, sometimes another or none. */
const someTask = (dice: Dice, mission: ModelMission, kind?: Kind): number => {
  const ofKind = mission.tasks.filter((task) => kind === undefined || task.kind === kind);
  const waiting = ofKind.filter((task) => !isOver(task));
  if (waiting.length > 0 && dice.chance(75)) return dice.pick(waiting).number;
  if (ofKind.length > 0 && dice.chance(75)) return dice.pick(ofKind).number;
  return 1 + dice.below(mission.entries + 2);
};

const somebody = (dice: Dice, mission: ModelMission, sensible: readonly (string | undefined)[]): string => {
  const known = sensible.filter((one) => one !== undefined);
  if (known.length > 0 && dice.chance(85)) return dice.pick(known);
  return dice.chance(50)
    ? dice.pick(ofRole('local-amk', 'amk-la', 'operator', 'hospital', 'observer', 'quality'))
    : dice.pick([mission.requester, mission.coordinator, ...mission.tasks.map(({ owner }) => owner)]);
};

const receivers = (dice: Dice, role: string): readonly string[] => {
  if (dice.chance(92)) return [dice.pick(ofRole(role))];
  return dice.pick([[], [dice.pick(ofRole('hospital', 'operator', 'amk-la', 'local-amk'))], ofRole(role)]);
};

const somePhases = (dice: Dice): readonly string[] => [
  ...new Set(Array.from({ length: dice.pick([0, 1, 1, 1, 2]) }, () => dice.pick(phaseNames))),
];

type Draft = Pick<Action, 'says' | 'by' | 'to'>;

/** Something that somebody says in a mission; whether it makes sense is another matter. */
const draft = (dice: Dice, what: What, mission: ModelMission, now: number): Draft => {
  const ownerOf = (number: number): string | undefined => mission.tasks.find((task) => task.number === number)?.owner;
  const by = (...sensible: readonly (string | undefined)[]): string => somebody(dice, mission, sensible);
  const aboutTask = (says: Says & { readonly task: number }): Draft => ({
    says,
    by: by(ownerOf(says.task)),
    to: [],
  });
  const operators = mission.tasks.flatMap((task) => (task.kind === 'resource' && !isOver(task) ? [task.owner] : []));
  switch (what) {
    case 'mission-request':
      return {
        says: {
          what,
          urgency: dice.pick(['stat', 'urgent', 'routine']),
          municipality: dice.pick([undefined, '3401', '4601', '5001']),
        },
        by: dice.pick([...ofRole('local-amk'), ...ofRole('local-amk'), dice.pick(ofRole('amk-la', 'operator'))]),
        to: dice.pick([
          [],
          [dice.pick(ofRole('amk-la'))],
          receivers(dice, 'amk-la'),
          receivers(dice, dice.pick(['amk-la', 'hospital'])),
        ]),
      };
    case 'acknowledgement':
      return aboutTask({ what, task: someTask(dice, mission) });
    case 'mission-update': {
      const describes = dice.chance(40);
      return {
        says: {
          what,
          describes,
          urgency: describes ? dice.pick([undefined, 'stat', 'urgent', 'routine']) : undefined,
        },
        by: by(
          mission.requester,
          mission.coordinator,
          ...mission.tasks.map(({ owner }) => owner),
          ...mission.observers,
        ),
        to: dice.pick([[], [], ofRole('observer'), [...ofRole('observer', 'quality')], ofRole('local-amk')]),
      };
    }
    case 'medical-assessment':
      return { says: { what }, by: by(mission.coordinator, ...operators), to: [] };
    case 'mission-decision':
      return aboutTask({
        what,
        task: someTask(dice, mission, 'coordination'),
        answer: dice.pick(['accepted', 'accepted', 'partially-accepted', 'deferred', 'rejected', 'rejected']),
        until: now + 1000 * dice.pick([-60, 40, 100, 300, 900]),
      });
    case 'review-request':
      return { says: { what, task: someTask(dice, mission, 'coordination') }, by: by(mission.requester), to: [] };
    case 'mission-forward': {
      const task = someTask(dice, mission, 'coordination');
      const asker = mission.tasks.find(({ number }) => number === task)?.asker;
      return { says: { what, task }, by: by(mission.coordinator, asker), to: receivers(dice, 'amk-la') };
    }
    case 'resource-request': {
      const task = dice.chance(25) ? someTask(dice, mission, 'resource') : undefined;
      const to = task === undefined || dice.chance(10) ? receivers(dice, 'operator') : [];
      return { says: { what, task }, by: by(mission.coordinator), to };
    }
    case 'resource-response':
      return aboutTask({
        what,
        task: someTask(dice, mission, 'resource'),
        answer: dice.pick(['accepted', 'accepted', 'accepted', 'declined', 'withdrawn', 'aborted']),
      });
    case 'resource-status':
      return aboutTask({
        what,
        task: someTask(dice, mission, 'resource'),
        phases: somePhases(dice),
        handedOverTo: dice.chance(30) ? dice.pick(ofRole('hospital')) : undefined,
      });
    case 'prearrival-notification': {
      const task = dice.chance(40) ? someTask(dice, mission, 'prearrival') : undefined;
      const takenBack = task !== undefined && dice.chance(50);
      const asker = mission.tasks.find(({ number }) => number === task)?.asker;
      return {
        says: {
          what,
          task,
          takenBack,
          flight: !takenBack && dice.chance(60) ? someTask(dice, mission, 'resource') : undefined,
          divertedTo: takenBack && dice.chance(50) ? dice.pick(ofRole('hospital')) : undefined,
        },
        by: by(mission.coordinator, asker, ...operators),
        to: task === undefined ? receivers(dice, 'hospital') : [],
      };
    }
    case 'prearrival-response':
      return aboutTask({
        what,
        task: someTask(dice, mission, 'prearrival'),
        answer: dice.pick(['accepted', 'accepted', 'diverted', 'cannot-receive']),
        divertedTo: dice.pick(ofRole('hospital', 'hospital', 'operator')),
      });
    case 'mission-cancel':
      return {
        says: { what, inError: dice.chance(45) },
        by: by(mission.requester, mission.coordinator),
        to: [],
      };
    case 'mission-report':
      return aboutTask({ what, task: someTask(dice, mission, 'resource'), phases: somePhases(dice) });
    case 'outcome-feedback':
      return aboutTask({ what, task: someTask(dice, mission, 'prearrival') });
  }
};

/** What an action is as a FHIR message; nothing if the hub does not even read it. */
const messageOf = (action: Action, mission: string, id: string): Message | undefined => {
  const { says, exercise, to } = action;
  const by =
    action.person?.number === undefined
      ? action.person && { name: action.person.name }
      : { name: action.person.name, number: action.person.number };
  // Given even where it is nobody: the builders have a person of their own otherwise.
  const rest = { id, exercise, to, by: by ?? '' };
  const hubs = (number: number): string => taskOpenedBy(mission, number);
  const moment = (minute: number): string => `2026-01-31T12:${10 + minute}:00+01:00`;
  const seen = (phases: readonly string[]) =>
    Object.fromEntries(phases.map((phase) => [phase, moment(phaseNames.indexOf(phase))]));
  try {
    switch (says.what) {
      case 'mission-request':
        return missionRequest({ ...rest, urgency: says.urgency, ...defined({ municipality: says.municipality }) });
      case 'acknowledgement':
        return acknowledgement({ ...rest, task: hubs(says.task) });
      case 'mission-update':
        return missionUpdate({
          ...rest,
          mission,
          describes: says.describes,
          ...defined({ urgency: says.urgency }),
        });
      case 'medical-assessment':
        return medicalAssessment({ ...rest, mission, ground: 'indicated' });
      case 'mission-decision':
        return missionDecision({
          ...rest,
          task: hubs(says.task),
          answer: says.answer,
          until: new Date(says.until).toISOString(),
        });
      case 'review-request':
        return reviewRequest({ ...rest, task: hubs(says.task) });
      case 'mission-forward':
        return missionForward({ ...rest, task: hubs(says.task) });
      case 'resource-request':
        return says.task === undefined
          ? resourceRequest({ ...rest, mission })
          : resourceWithdrawal({ ...rest, mission, task: hubs(says.task) });
      case 'resource-response':
        return resourceResponse({ ...rest, task: hubs(says.task), answer: says.answer });
      case 'resource-status':
        return resourceStatus({
          ...rest,
          task: hubs(says.task),
          phases: seen(says.phases),
          eta: moment(40),
          ...defined({ handedOverTo: says.handedOverTo }),
        });
      case 'prearrival-notification': {
        const { task, flight, divertedTo } = says;
        if (says.takenBack && task !== undefined)
          return prearrivalWithdrawal({ ...rest, mission, task: hubs(task), ...defined({ divertedTo }) });
        return prearrivalNotification({
          ...rest,
          mission,
          ...defined({
            task: task === undefined ? undefined : hubs(task),
            partOf: flight === undefined ? undefined : hubs(flight),
          }),
        });
      }
      case 'prearrival-response':
        return prearrivalResponse({
          ...rest,
          task: hubs(says.task),
          answer: says.answer,
          divertedTo: says.divertedTo,
        });
      case 'mission-cancel':
        return missionCancel({ ...rest, mission, reason: says.inError ? 'entered-in-error' : 'condition-improved' });
      case 'mission-report':
        return missionReport({ ...rest, task: hubs(says.task), phases: seen(says.phases) });
      case 'outcome-feedback':
        return outcomeFeedback({ ...rest, task: hubs(says.task) });
    }
  } catch (error) {
    // Who gives no name where one is needed is turned away at the door. Anything else is a mistake of this test.
    if (action.person?.number === undefined) return undefined;
    throw error;
  }
};

/** The hub's mission and the model's, in one form. */
interface Likeness {
  readonly status: string;
  readonly exercise: boolean;
  readonly urgency: string;
  readonly requester: string;
  readonly coordinator: string;
  readonly observers: readonly string[];
  readonly unreachable: readonly string[];
  readonly entries: number;
  readonly tasks: readonly Readonly<Record<string, unknown>>[];
}

const entryNumber = (task: string | undefined): number | undefined =>
  task === undefined ? undefined : parseAddress(task)?.entry;

const awaitedOf = (task: TaskState): number | undefined => {
  if (isFinal(task)) return undefined;
  if (task.status === 'on-hold') return Date.parse(task.until ?? '');
  return task.acknowledgedAt === undefined ? Date.parse(task.acknowledgeBy) : undefined;
};

const likenessOfState = (state: MissionState): Likeness => ({
  status: state.status,
  exercise: state.exercise,
  urgency: state.urgency,
  requester: state.requester,
  coordinator: state.coordinator,
  observers: state.observers ?? [],
  unreachable: Object.keys(state.unreachable ?? {}).sort(),
  entries: state.version,
  tasks: state.tasks.map((task) => ({
    number: task.openedBy,
    kind: task.kind,
    asker: task.asker,
    owner: task.owner,
    status: task.status,
    awaited: awaitedOf(task),
    flight: entryNumber(task.partOf),
    toldOfCancellation: task.cancelRequested === true,
    agreed: task.agreed === true,
  })),
});

const likenessOfModel = (mission: ModelMission): Likeness => ({
  status: mission.status,
  exercise: mission.exercise,
  urgency: mission.urgency,
  requester: mission.requester,
  coordinator: mission.coordinator,
  observers: mission.observers,
  unreachable: [...mission.unreachable].sort(),
  entries: mission.entries,
  tasks: mission.tasks.map((task: ModelTask) => ({
    number: task.number,
    kind: task.kind,
    asker: task.asker,
    owner: task.owner,
    status: task.status,
    awaited: task.awaited,
    flight: task.flight,
    toldOfCancellation: task.cancellation !== 'none',
    agreed: task.acceptedBefore,
  })),
});

/** What was tried, how often, and in which state of the mission. */
const visited = new Map<string, number>();
const visit = (...names: readonly string[]): void => {
  const name = names.join('|');
  visited.set(name, (visited.get(name) ?? 0) + 1);
};

const visits = (...names: readonly string[]): number => visited.get(names.join('|')) ?? 0;

type Topic = What | 'resource-availability' | 'forged';

/** What somebody means to say; what it becomes depends on the mission at that moment. */
interface Intent {
  readonly topic: Topic;
  readonly dice: number;
  /** Below 3: whatever comes to mind. Else: tried in thought until the model would take it, if it can. */
  readonly mood: number;
  readonly wait: number;
}

type Turn =
  | { readonly turn: 'say'; readonly intent: Intent }
  | { readonly turn: 'race'; readonly intents: readonly Intent[]; readonly order: number; readonly swept: boolean }
  | { readonly turn: 'sweep'; readonly after: number }
  | { readonly turn: 'delivery-failed'; readonly dice: number };

/** In a race nobody forges and no readiness is reported. */
const whatOf = (topic: Topic): What =>
  topic === 'forged' || topic === 'resource-availability' ? 'mission-update' : topic;

const ranks: Readonly<Record<Status, number>> = {
  requested: 0,
  rejected: 0,
  failed: 0,
  cancelled: 0,
  received: 1,
  'on-hold': 1,
  accepted: 2,
  'in-progress': 3,
  completed: 5,
};

const reached = (mission: ModelMission): number =>
  mission.tasks.reduce((sum, { status }) => sum + ranks[status], mission.status === 'completed' ? 10 : 0);

/** How much further a mission gets by an action, or nothing if it is refused. */
const progressOf = (mission: ModelMission | undefined, action: Action): number | undefined => {
  const verdict = step(mission, action, world);
  if (mission === undefined || verdict.verdict === 'refused') return undefined;
  return reached(verdict.mission) - reached(mission);
};

const often = <Item>(times: number, item: Item): readonly Item[] => Array.from({ length: times }, () => item);
const topics: readonly Topic[] = [
  'mission-request',
  'medical-assessment',
  'forged',
  ...often(7, 'mission-cancel' as const),
  'resource-availability',
  ...often(2, 'outcome-feedback' as const),
  ...often(2, 'mission-update' as const),
  ...often(3, 'mission-report' as const),
  ...often(4, 'review-request' as const),
  ...often(4, 'mission-forward' as const),
  ...often(5, 'acknowledgement' as const),
  ...often(6, 'mission-decision' as const),
  ...often(6, 'prearrival-response' as const),
  ...often(6, 'resource-request' as const),
  ...often(7, 'prearrival-notification' as const),
  ...often(8, 'resource-response' as const),
  ...often(8, 'resource-status' as const),
];

/** What most missions consist of. */
const forwards = topics.flatMap((topic) =>
  ['mission-request', 'mission-cancel', 'forged', 'resource-availability'].includes(topic) ? [] : [whatOf(topic)],
);

const aftermaths: readonly What[] = [
  'acknowledgement',
  'acknowledgement',
  'resource-response',
  'prearrival-notification',
  'prearrival-response',
  'outcome-feedback',
];

const anySeed = integer({ min: 0, max: 2 ** 31 - 1 });
const intents = record<Intent>({
  topic: constantFrom(...topics),
  dice: anySeed,
  mood: integer({ min: 0, max: 9 }),
  wait: integer({ min: 0, max: 20 }),
});

const turns = oneof(
  { weight: 70, arbitrary: record({ turn: constantFrom('say' as const), intent: intents }) },
  {
    weight: 20,
    arbitrary: record({
      turn: constantFrom('race' as const),
      intents: array(intents, { minLength: 2, maxLength: 3 }),
      order: anySeed,
      swept: constantFrom(true, false, false),
    }),
  },
  {
    weight: 8,
    arbitrary: record({ turn: constantFrom('sweep' as const), after: integer({ min: 31, max: 700 }) }),
  },
  { weight: 2, arbitrary: record({ turn: constantFrom('delivery-failed' as const), dice: anySeed }) },
);

const plans = noBias(
  record({
    turns: array(turns, { minLength: 5, maxLength: 25, size: 'max' }),
    /** Who asks first, for what, and which parties have subscriptions. */
    opening: anySeed,
  }),
);

/** Calls to ports wait until the dice let one of them go on, so that messages overlap in every way they can. */
const overlapping = (dice: Dice) => {
  const waiting: (() => void)[] = [];
  const gate: Gate = async (_name, call) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return call();
  };
  const untilDone = async (work: Promise<unknown>): Promise<void> => {
    const progress = { done: false };
    const done = work.finally(() => {
      progress.done = true;
    });
    while (!progress.done) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = waiting.splice(dice.below(waiting.length), 1);
      next?.();
    }
    await done;
  };
  return { gate, untilDone };
};

/** What the hub did not do as the model, with all that was said before. */
class Disagreement extends Error {
  override readonly name = 'Disagreement';
}

interface Sent {
  readonly id: string;
  readonly about: string;
  readonly action: Action;
  readonly message: Message | undefined;
}

/** One hub, the model's missions beside it, and everything that happened to both. */
const theatre = (opening: number) => {
  const dice = diceOf(opening);
  const hub = { ...memoryHub(), directory };
  const models = new Map<string, ModelMission>();
  const sent = new Map<string, Sent>();
  const inLog = new Set<string>();
  const story: string[] = [];
  const readiness = new Map<string, { readonly statedAt: number; readonly availability: string }>();
  const subscribed = new Set(ofRole('local-amk', 'amk-la', 'operator', 'hospital').filter(() => dice.chance(80)));

  const fail = (what: string): never => {
    throw new Disagreement(`${what}\n${story.join('\n')}`);
  };
  const agree = (holds: boolean, what: () => string): void => {
    if (!holds) fail(what());
  };

  /** One after another until there is none, so that a gap would be seen. */
  const logOf = async (mission: string, from = 1): Promise<readonly StoredEntry[]> => {
    const log: StoredEntry[] = [];
    for (let number = from; ; number += 1) {
      const entry = await hub.missions.entry(mission, number);
      if (entry === undefined) return log;
      log.push(entry);
    }
  };

  const circumstances = (by: string) => ({
    sender: partyOf(by) ?? hubParty,
    directory,
    guidelines: firstGuidelines,
  });

  /** The model's mission after an entry that is in the log. */
  const after = (before: ModelMission | undefined, entry: StoredEntry): ModelMission => {
    const name = `${entry.mission}#${entry.number}`;
    if (entry.sender !== hubParty.organisation) {
      const action = sent.get(entry.messageId)?.action ?? fail(`${name} was never sent`);
      const verdict = step(before, action, world);
      return verdict.verdict === 'accepted'
        ? verdict.mission
        : fail(`accepted, but the model refuses it (${verdict.why}): ${JSON.stringify(action)}`);
    }
    if (before === undefined) return fail(`${name}: the hub opens no mission`);
    const { task, deadline, undelivered } = entry.facts;
    visit(entry.event, 'accepted', before.status);
    switch (entry.event) {
      case 'acknowledgement-overdue': {
        const number = entryNumber(task) ?? 0;
        const awaited = before.tasks.find((one) => one.number === number)?.awaited;
        agree(awaited === Date.parse(deadline ?? ''), () => `${name}: overdue, but that is not what is awaited`);
        return (
          tellOverdue(before, number, Date.parse(entry.receivedAt)) ?? fail(`${name}: told overdue without a reason`)
        );
      }
      case 'party-unreachable':
        return tellUnreachable(before, undelivered?.organisation ?? '') ?? fail(`${name}: told twice`);
      default:
        return tellDeliveryFailed(before, undelivered?.organisation ?? '');
    }
  };

  /** Takes the entries that are new in a log over into the model; every state between. */
  const catchUp = async (mission: string): Promise<readonly (ModelMission | undefined)[]> => {
    let model = models.get(mission);
    const last = await hub.missions.last(mission);
    const between: (ModelMission | undefined)[] = [model];
    for (const entry of await logOf(mission, (model?.entries ?? 0) + 1)) {
      const before = model;
      const { state, recipients, sender, number } = entry;
      const name = `entry ${number} (${entry.event})`;
      model = after(before, entry);
      story.push(`  ${entry.mission.slice(0, 4)}#${number} ${entry.event} by ${partyOf(sender)?.name} is in the log`);
      const is = likenessOfState(state);
      const should = likenessOfModel(model);
      agree(
        JSON.stringify(is) === JSON.stringify(should),
        () => `after ${name} the hub has\n${JSON.stringify(is)}\nand the model\n${JSON.stringify(should)}`,
      );
      const wrong = [
        ...forbiddenIn(model, world),
        ...(before === undefined ? [] : forbiddenBetween(before, model, sent.get(entry.messageId)?.action)),
      ];
      agree(wrong.length === 0, () => `after ${name} it does not hold that ${wrong.join('; ')}`);
      agree(!recipients.includes(sender), () => `${name} is told to its sender`);
      agree(!inLog.has(entry.mission + entry.messageId), () => `${name} is in the log twice`);
      inLog.add(entry.mission + entry.messageId);
      agree(new Set(recipients).size === recipients.length, () => `${name} is told twice to one`);
      const now = model;
      const strangers = recipients.filter((one) => !hasPart(now, one) && world.roleOf(one) !== 'quality');
      agree(strangers.length === 0, () => `${name} is told to strangers: ${strangers.join()}`);
      const opened = now.tasks.filter((task) => task.number === number && task.owner !== sender);
      agree(
        opened.every(({ owner }) => recipients.includes(owner)),
        () => `${name} asks somebody who is not told`,
      );
      between.push(model);
      models.set(mission, model);
    }
    agree(last?.number === model?.entries, () => `${mission} has entries beyond a gap`);
    return between;
  };

  /** Acts on what came of a message: the hub's answer must be the model's, in some order that the log allows. */
  const judge = async (
    { action, about, id }: Sent,
    outcome: Accepted | Refusal,
    between: readonly (ModelMission | undefined)[],
  ): Promise<void> => {
    visit(action.says.what, outcome.outcome, between[0]?.status ?? 'none');
    if (outcome.outcome === 'accepted') {
      const stored = await hub.missions.entry(outcome.entry.mission, outcome.entry.number);
      agree(stored?.messageId === id, () => `${id} was accepted but is not in the log`);
      return;
    }
    const refusable =
      action.says.what === 'mission-request'
        ? step(undefined, action, world).verdict === 'refused'
        : between.some((state) => step(state, action, world).verdict === 'refused');
    agree(
      refusable,
      () =>
        `refused in ${about} (${outcome.faults.map(({ code, detail }) => `${code}: ${detail}`).join()}), but the model accepts it: ${JSON.stringify(action)}`,
    );
  };

  /** What an intent becomes now. */
  const sentFor = ({ topic, dice: from, mood }: Intent, id: string): Sent => {
    const own = diceOf(from);
    const known = [...models.keys()];
    const about = known[Math.max(0, own.below(known.length + 4) - 4)] ?? 'none';
    const mission = models.get(about);
    const at = hub.clock.now();
    const drawn = (what: What): Action => {
      const model = mission ?? fail('there is no mission to speak of');
      return {
        ...draft(own, what, model, at),
        at,
        exercise: own.chance(4) ? !model.exercise : model.exercise,
        person: own.chance(4) ? undefined : own.pick(persons),
        knows: what === 'mission-decision' && own.chance(40) ? model.entries - Number(own.chance(20)) : undefined,
      };
    };
    const legal = (tries: number, topicNow: () => What): readonly Action[] =>
      Array.from({ length: tries }, () => drawn(topicNow())).filter((one) => progressOf(mission, one) !== undefined);
    const airborne = mission?.tasks.some(({ status }) => status === 'in-progress') === true;
    // Most cancellations wait until somebody flies, or most missions would be short.
    // What becomes of a cancelled mission is decided in the few messages while somebody still flies.
    const aftermath = mission !== undefined && mission.status !== 'active' && airborne && own.chance(75);
    const what = aftermath
      ? own.pick(aftermaths)
      : topic === 'mission-cancel' && !airborne && own.chance(80)
        ? 'resource-response'
        : whatOf(topic);
    const inThought = (): Action | undefined => {
      if (mood < 3) return undefined;
      if (mood < 6) return legal(12, () => what)[0];
      const [first, ...rest] = legal(mood < 9 ? 3 : 12, () => (aftermath ? what : own.pick(forwards)));
      return rest.reduce(
        (best, one) => ((progressOf(mission, one) ?? 0) > (progressOf(mission, best) ?? 0) ? one : best),
        first ?? drawn(what),
      );
    };
    const action = inThought() ?? drawn(what);
    // Now and then somebody names a mission that is not there.
    const named = mood === 0 && own.chance(20) ? missionOpenedBy(missionRequest({ id: 'nowhere' })) : about;
    return { id, about: named, action, message: messageOf(action, named, id) };
  };

  const say = async (messages: readonly Sent[], order: Dice | undefined, swept: boolean): Promise<void> => {
    for (const one of messages) {
      sent.set(one.id, one);
      story.push(
        `${one.id} ${partyOf(one.action.by)?.name} in ${one.about.slice(0, 4)}: ${JSON.stringify(one.action)}`,
      );
    }
    const overlap = order === undefined ? undefined : overlapping(order);
    const ports: SweepPorts = overlap === undefined ? hub : gated(hub, overlap.gate);
    const outcomes = Promise.all(
      messages.map(
        async ({ action, message }): Promise<Accepted | Refusal> =>
          message === undefined
            ? { outcome: 'refused', faults: [{ code: 'missing-field', at: 'Bundle' }] }
            : acceptMessage(
                ports.missions,
                message,
                { ...circumstances(action.by), ...defined({ ifMatch: action.knows }) },
                hub.now,
              ),
      ),
    );
    const sweeper = swept ? sweepOnce(ports) : Promise.resolve();
    const all = Promise.all([outcomes, sweeper]);
    if (overlap !== undefined) await overlap.untilDone(all);
    const [answers] = await all;
    const statesOf = new Map<string, readonly (ModelMission | undefined)[]>();
    const names = new Set([
      ...models.keys(),
      ...answers.flatMap((answer) => (answer.outcome === 'accepted' ? [answer.entry.mission] : [])),
    ]);
    for (const name of names) statesOf.set(name, await catchUp(name));
    for (const [index, one] of messages.entries()) {
      const answer = answers[index];
      if (answer === undefined) continue;
      const states = statesOf.get(one.about) ?? [undefined];
      const wasLegal = step(states[0], one.action, world).verdict === 'accepted';
      if (order !== undefined) visit('race', wasLegal && answer.outcome === 'refused' ? 'lost' : 'undecided');
      await judge(one, answer, states);
    }
  };

  const sweepOnce = async (ports: SweepPorts): Promise<void> => {
    await sweep(
      ports,
      () => 600_000,
      (obligation, error) => fail(`the sweeper failed: ${JSON.stringify(obligation)} ${String(error)}`),
    );
  };

  const expectTold = async (mission: string, model: ModelMission): Promise<void> => {
    const late = overdueAt(model, hub.clock.now());
    agree(late.length === 0, () => `nobody was told that nobody answers: ${JSON.stringify(late)}`);
    const log = await logOf(mission);
    const warned = log.filter(({ facts }) => facts.undelivered !== undefined);
    for (const { number, sender, recipients } of log) {
      if (sender === hubParty.organisation) continue;
      for (const party of recipients) {
        if (subscribed.has(party) || ['quality', 'observer'].includes(world.roleOf(party) ?? '')) continue;
        // 16: of a party without a subscription people are told once.
        const known = warned.some((warning) => warning.facts.undelivered?.organisation === party);
        agree(known, () => `${party} was not told of entry ${number}, and nobody knows`);
      }
    }
  };

  /** The sweeper until it has nothing to do. */
  const sweepAll = async (): Promise<void> => {
    for (let passes = 0; passes < 50; passes += 1) {
      const due = await hub.obligations.due(new Date(hub.clock.now()).toISOString(), 1);
      if (due.length === 0) break;
      await sweepOnce(hub);
    }
    for (const mission of models.keys()) await catchUp(mission);
    for (const [mission, model] of models) await expectTold(mission, model);
  };

  /** An operator says of a resource that it is free: a log of its own. */
  const report = async ({ dice: from }: Intent, id: string): Promise<void> => {
    const own = diceOf(from);
    const by = own.chance(70) ? own.pick(ofRole('operator')) : own.pick(ofRole('amk-la', 'hospital', 'local-amk'));
    const resource = own.pick(['LA-01', 'LA-02']);
    const exercise = own.chance(20);
    const availability = own.pick(['free', 'technical', 'weather']);
    const statedAt = hub.clock.now() - own.below(10_000_000);
    const message = resourceAvailability({
      id,
      resource,
      exercise,
      availability,
      at: new Date(statedAt).toISOString(),
    });
    const outcome = await acceptMessage(hub.missions, message, circumstances(by), hub.now);
    visit('resource-availability', outcome.outcome, 'none');
    story.push(`${id} ${by} reports ${resource}: ${outcome.outcome}`);
    const allowed = mayReportReadiness(by, world);
    agree((outcome.outcome === 'accepted') === allowed, () => `readiness of ${resource} by ${by}: ${outcome.outcome}`);
    if (outcome.outcome === 'refused') return;
    const key = `${by}|${resource}|${exercise}`;
    const known = readiness.get(key);
    if (known === undefined || known.statedAt <= statedAt) readiness.set(key, { statedAt, availability });
    agree(
      outcome.entry.state.readiness?.availability === readiness.get(key)?.availability,
      () => `an older report of ${resource} replaces a newer one`,
    );
  };

  /** What only the hub says, said by somebody else. */
  const forge = async ({ dice: from }: Intent, id: string): Promise<void> => {
    const own = diceOf(from);
    const mission = own.pick([...models.keys()]);
    const model = models.get(mission);
    if (model === undefined) return;
    const event = own.pick(['acknowledgement-overdue', 'party-unreachable', 'delivery-failed']);
    const plain = missionUpdate({ id, mission, describes: false, exercise: model.exercise });
    const message = readMessage(plain.text.replace('"code":"mission-update"', `"code":"${event}"`));
    const by = somebody(own, model, [model.requester, model.coordinator]);
    const outcome =
      message.outcome === 'refused' ? message : await acceptMessage(hub.missions, message, circumstances(by), hub.now);
    visit(event, outcome.outcome, model.status);
    agree(outcome.outcome === 'refused', () => `${by} says ${event} as if it were the hub`);
  };

  /** The hub gives up a notification. */
  const giveUp = async (own: Dice): Promise<void> => {
    const mission = own.pick([...models.keys()]);
    const entry = own.pick(await logOf(mission));
    if (entry.recipients.length === 0) return;
    const message = unreachableMessage(
      entry,
      own.pick(entry.recipients),
      { code: 'gave-up', lastAnswer: 'timeout' },
      directory,
    );
    if (message === undefined) return;
    await writeHubMessage(hub, message);
    await catchUp(mission);
  };

  /** Opens a mission; in many plays somebody flies to a hospital, or the mission is cancelled, before the turns begin. */
  const open = async (): Promise<void> => {
    for (const organisation of subscribed) {
      await hub.subscriptions.create(
        sampleSubscription(`of-${organisation}`, organisation),
        '2099-01-01T00:00:00.000Z',
      );
    }
    const amk = fewParties.amk.organisation;
    const la = dice.pick(ofRole('amk-la'));
    const operator = dice.pick(ofRole('operator'));
    const hospital = dice.pick(ofRole('hospital'));
    const urgency = dice.pick(['stat', 'urgent', 'routine'] as const);
    const exercise = dice.chance(15);
    const prologue: readonly Draft[] = [
      { by: amk, to: [la], says: { what: 'mission-request', urgency, municipality: undefined } },
      { by: la, to: [], says: { what: 'mission-decision', task: 1, answer: 'accepted', until: 0 } },
      { by: la, to: [operator], says: { what: 'resource-request' } },
      { by: operator, to: [], says: { what: 'resource-response', task: 3, answer: 'accepted' } },
      {
        by: operator,
        to: [],
        says: { what: 'resource-status', task: 3, phases: ['departed'], handedOverTo: undefined },
      },
      {
        by: la,
        to: [hospital],
        says: {
          what: 'prearrival-notification',
          task: undefined,
          flight: dice.chance(50) ? 3 : undefined,
          takenBack: false,
          divertedTo: undefined,
        },
      },
      { by: amk, to: [], says: { what: 'mission-cancel', inError: dice.chance(40) } },
    ];
    const length = dice.pick([1, 1, 1, 1, 1, 6, 6, 7]);
    for (const [index, { by, to, says }] of prologue.slice(0, length).entries()) {
      const [about = 'none'] = models.keys();
      const action: Action = { by, to, says, exercise, at: hub.clock.now(), person: dice.pick(persons) };
      const id = `opening-${index + 1}`;
      await say([{ id, about, action, message: messageOf(action, about, id) }], undefined, false);
    }
  };

  const play = async (turn: Turn, index: number): Promise<void> => {
    switch (turn.turn) {
      case 'say': {
        const { intent } = turn;
        hub.clock.advance(1_000 * intent.wait + 1);
        if (intent.topic === 'forged') return forge(intent, `m${index}`);
        if (intent.topic === 'resource-availability') return report(intent, `m${index}`);
        return say([sentFor(intent, `m${index}`)], undefined, false);
      }
      case 'race': {
        const messages = turn.intents.map((intent, at) => sentFor(intent, `m${index}-${at}`));
        const order = diceOf(turn.order);
        // Now and then somebody sends the same message twice.
        return say(order.chance(20) ? [...messages, ...messages.slice(0, 1)] : messages, order, turn.swept);
      }
      case 'sweep':
        hub.clock.advance(1_000 * turn.after);
        return sweepAll();
      case 'delivery-failed':
        return giveUp(diceOf(turn.dice));
    }
  };

  return { open, play };
};

const statuses = ['none', 'active', 'revoked', 'entered-in-error', 'completed'] as const;

/** How often each message was accepted and refused in each state of the mission. */
const coverage = (): string => {
  const cell = (event: string, status: string): string =>
    `${visits(event, 'accepted', status)}/${visits(event, 'refused', status)}`;
  const rows = catalogue.map(({ event }) => [event, ...statuses.map((status) => cell(event, status))]);
  return [['accepted/refused', ...statuses], ...rows]
    .map((row) => row.map((text, column) => text.padEnd(column === 0 ? 24 : 18)).join(''))
    .join('\n');
};

const times = (event: string, outcome: string): number =>
  statuses.reduce((sum, status) => sum + visits(event, outcome, status), 0);

describe('The hub and the model of its rules', () => {
  test(
    'Whatever is said, in whatever order and at once, both accept and refuse the same and no forbidden state is reached',
    async () => {
      const started = Date.now();
      await assert(
        asyncProperty(plans, async ({ turns: plan, opening }) => {
          const { open, play } = theatre(opening);
          await open();
          for (const [index, turn] of plan.entries()) await play(turn, index);
          await play({ turn: 'sweep', after: 60 }, plan.length);
        }),
        { numRuns: runs, seed, ...defined({ path }), endOnFailure: path !== undefined },
      );
      const lost = visits('race', 'lost');
      process.stdout.write(
        `${runs} sequences of the model, LUFTBRO_MODEL_SEED=${seed}, ${Math.round((Date.now() - started) / 1000)} s; messages in races: ${lost + visits('race', 'undecided')}, of which lost what they would have got alone: ${lost}\n${coverage()}\n`,
      );
      if (path !== undefined || runs < 1_000) return;
      const enough = runs / 50;
      const some = runs / 1_000;
      expect(lost, 'races are lost').toBeGreaterThan(enough);
      for (const { event, legalIn } of catalogue) {
        expect(times(event, 'accepted'), `${event} is accepted often enough to prove something`).toBeGreaterThan(
          enough,
        );
        expect(times(event, 'refused'), `${event} is refused often enough to prove something`).toBeGreaterThan(enough);
        for (const status of legalIn) {
          expect(visits(event, 'accepted', status), `${event} is accepted when ${status}`).toBeGreaterThan(some);
        }
      }
    },
    60_000 + runs * 50,
  );
});
