import { array, constantFrom, integer, noBias, oneof, record } from 'fast-check';
import type { SeededRandom } from '../support/random.ts';
import {
  type Action,
  type Content,
  type EventName,
  isOver,
  type Kind,
  type ModelMission,
  type Person,
  type Status,
  step,
} from './mission-model.ts';
import { ofRole, world } from './parties.ts';

/** Random sequences of messages, races and sweeps. A message is drafted only when its turn comes, from the mission of that moment. */

export const persons: readonly Person[] = [
  { name: 'Kari', number: undefined },
  { name: 'Kari', number: '1111111' },
  { name: 'Ola', number: '1111111' },
  { name: 'Ola', number: '2222222' },
  { name: 'Eva', number: undefined },
];

export const phaseNames = [
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

/** The number of a Task: mostly an open one of the kind, sometimes another, or one that does not exist. */
const someTask = (random: SeededRandom, mission: ModelMission, kind?: Kind): number => {
  const ofKind = mission.tasks.filter((task) => kind === undefined || task.kind === kind);
  const waiting = ofKind.filter((task) => !isOver(task));
  if (waiting.length > 0 && random.chance(0.75)) return random.pick(waiting).number;
  if (ofKind.length > 0 && random.chance(0.75)) return random.pick(ofKind).number;
  return 1 + random.below(mission.entries + 2);
};

export const someParty = (
  random: SeededRandom,
  mission: ModelMission,
  sensible: readonly (string | undefined)[],
): string => {
  const known = sensible.filter((one) => one !== undefined);
  if (known.length > 0 && random.chance(0.85)) return random.pick(known);
  return random.chance(0.5)
    ? random.pick(ofRole('local-amk', 'amk-la', 'operator', 'hospital', 'observer', 'quality'))
    : random.pick([mission.requester, mission.coordinator, ...mission.tasks.map(({ owner }) => owner)]);
};

const receivers = (random: SeededRandom, role: string): readonly string[] => {
  if (random.chance(0.92)) return [random.pick(ofRole(role))];
  return random.pick([[], [random.pick(ofRole('hospital', 'operator', 'amk-la', 'local-amk'))], ofRole(role)]);
};

const somePhases = (random: SeededRandom): readonly string[] => [
  ...new Set(Array.from({ length: random.pick([0, 1, 1, 1, 2]) }, () => random.pick(phaseNames))),
];

export type Draft = Pick<Action, 'content' | 'by' | 'to'>;

/** A message of a party in a mission. It may be one that both must refuse. */
export const draft = (random: SeededRandom, event: EventName, mission: ModelMission, now: number): Draft => {
  const ownerOf = (number: number): string | undefined => mission.tasks.find((task) => task.number === number)?.owner;
  const by = (...sensible: readonly (string | undefined)[]): string => someParty(random, mission, sensible);
  const aboutTask = (content: Content & { readonly task: number }): Draft => ({
    content,
    by: by(ownerOf(content.task)),
    to: [],
  });
  const operators = mission.tasks.flatMap((task) => (task.kind === 'resource' && !isOver(task) ? [task.owner] : []));
  switch (event) {
    case 'mission-request':
      return {
        content: {
          event,
          urgency: random.pick(['stat', 'urgent', 'routine']),
          municipality: random.pick([undefined, '3401', '4601', '5001']),
        },
        by: random.pick([...ofRole('local-amk'), ...ofRole('local-amk'), random.pick(ofRole('amk-la', 'operator'))]),
        to: random.pick([
          [],
          [random.pick(ofRole('amk-la'))],
          receivers(random, 'amk-la'),
          receivers(random, random.pick(['amk-la', 'hospital'])),
        ]),
      };
    case 'acknowledgement':
      return aboutTask({ event, task: someTask(random, mission) });
    case 'mission-update': {
      const describes = random.chance(0.4);
      return {
        content: {
          event,
          describes,
          urgency: describes ? random.pick([undefined, 'stat', 'urgent', 'routine']) : undefined,
        },
        by: by(
          mission.requester,
          mission.coordinator,
          ...mission.tasks.map(({ owner }) => owner),
          ...mission.observers,
        ),
        to: random.pick([[], [], ofRole('observer'), [...ofRole('observer', 'quality')], ofRole('local-amk')]),
      };
    }
    case 'medical-assessment':
      return { content: { event }, by: by(mission.coordinator, ...operators), to: [] };
    case 'mission-decision':
      return aboutTask({
        event,
        task: someTask(random, mission, 'coordination'),
        answer: random.pick(['accepted', 'accepted', 'partially-accepted', 'deferred', 'rejected', 'rejected']),
        until: now + 1000 * random.pick([-60, 40, 100, 300, 900]),
      });
    case 'review-request':
      return { content: { event, task: someTask(random, mission, 'coordination') }, by: by(mission.requester), to: [] };
    case 'mission-forward': {
      const task = someTask(random, mission, 'coordination');
      const asker = mission.tasks.find(({ number }) => number === task)?.asker;
      return { content: { event, task }, by: by(mission.coordinator, asker), to: receivers(random, 'amk-la') };
    }
    case 'resource-request': {
      const task = random.chance(0.25) ? someTask(random, mission, 'resource') : undefined;
      const to = task === undefined || random.chance(0.1) ? receivers(random, 'operator') : [];
      return { content: { event, task }, by: by(mission.coordinator), to };
    }
    case 'resource-response':
      return aboutTask({
        event,
        task: someTask(random, mission, 'resource'),
        answer: random.pick(['accepted', 'accepted', 'accepted', 'declined', 'withdrawn', 'aborted']),
      });
    case 'resource-status':
      return aboutTask({
        event,
        task: someTask(random, mission, 'resource'),
        phases: somePhases(random),
        handedOverTo: random.chance(0.3) ? random.pick(ofRole('hospital')) : undefined,
      });
    case 'prearrival-notification': {
      const task = random.chance(0.4) ? someTask(random, mission, 'prearrival') : undefined;
      const takenBack = task !== undefined && random.chance(0.5);
      const asker = mission.tasks.find(({ number }) => number === task)?.asker;
      return {
        content: {
          event,
          task,
          takenBack,
          flight: !takenBack && random.chance(0.6) ? someTask(random, mission, 'resource') : undefined,
          divertedTo: takenBack && random.chance(0.5) ? random.pick(ofRole('hospital')) : undefined,
        },
        by: by(mission.coordinator, asker, ...operators),
        to: task === undefined ? receivers(random, 'hospital') : [],
      };
    }
    case 'prearrival-response':
      return aboutTask({
        event,
        task: someTask(random, mission, 'prearrival'),
        answer: random.pick(['accepted', 'accepted', 'diverted', 'cannot-receive']),
        divertedTo: random.pick(ofRole('hospital', 'hospital', 'operator')),
      });
    case 'mission-cancel':
      return {
        content: { event, inError: random.chance(0.45) },
        by: by(mission.requester, mission.coordinator),
        to: [],
      };
    case 'mission-report':
      return aboutTask({ event, task: someTask(random, mission, 'resource'), phases: somePhases(random) });
    case 'outcome-feedback':
      return aboutTask({ event, task: someTask(random, mission, 'prearrival') });
  }
};

export type Topic = EventName | 'resource-availability' | 'forged';

/** A message that a party is going to send; its content depends on the mission at that moment. */
export interface Intent {
  readonly topic: Topic;
  readonly seed: number;
  /** 0 to 2: any message; 3 to 5: one of the topic that the model accepts; from 6: the one of several that advances the mission most. */
  readonly selectivity: number;
  readonly wait: number;
}

export type Turn =
  | { readonly turn: 'message'; readonly intent: Intent }
  | { readonly turn: 'race'; readonly intents: readonly Intent[]; readonly order: number; readonly swept: boolean }
  | { readonly turn: 'sweep'; readonly after: number }
  | { readonly turn: 'delivery-failed'; readonly seed: number };

/** In a race there are no forged messages and no reports of readiness. */
export const eventOf = (topic: Topic): EventName =>
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

/** By how many ranks an action advances a mission; `undefined`: the model refuses it. */
export const progressOf = (mission: ModelMission | undefined, action: Action): number | undefined => {
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

/** The messages that most missions consist of. */
export const advancing = topics.flatMap((topic) =>
  ['mission-request', 'mission-cancel', 'forged', 'resource-availability'].includes(topic) ? [] : [eventOf(topic)],
);

/** The messages of a cancelled mission whose crew is still in the air. */
export const afterCancellation: readonly EventName[] = [
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
  seed: anySeed,
  selectivity: integer({ min: 0, max: 9 }),
  wait: integer({ min: 0, max: 20 }),
});

const turns = oneof(
  { weight: 70, arbitrary: record({ turn: constantFrom('message' as const), intent: intents }) },
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
  { weight: 2, arbitrary: record({ turn: constantFrom('delivery-failed' as const), seed: anySeed }) },
);

export const sequences = noBias(
  record({
    turns: array(turns, { minLength: 5, maxLength: 25, size: 'max' }),
    /** The seed of the first messages, and of which parties have subscriptions. */
    opening: anySeed,
  }),
);
