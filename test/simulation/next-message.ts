import { isFinal, type MissionState, type Party, type TaskState } from '../../core/mission/state.ts';
import type { Message } from '../../schemas/reading/message.ts';
import {
  acknowledgement,
  type Envelope,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionReport,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  parties,
  partyOf,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  resourceWithdrawal,
  reviewRequest,
} from '../support/messages.ts';
import type { SeededRandom } from '../support/random.ts';

/** The next message of a mission: mostly one that its state calls for, sometimes one that is refused. */

/** A message, its sender, and the version that it expects, if any. */
export interface OutgoingMessage {
  readonly sender: Party;
  readonly message: Message;
  readonly ifMatch?: number;
}

/** A message that might be sent now, and its weight beside the others. */
interface Option {
  readonly weight: number;
  readonly create: () => OutgoingMessage;
}

const { amk, otherAmk, la, otherLa, operator, otherOperator, thirdOperator, hospital, otherHospital, observer } =
  parties;
const operators: readonly Party[] = [operator, otherOperator, thirdOperator];
const hospitals: readonly Party[] = [hospital, otherHospital];
const coordinators: readonly Party[] = [la, otherLa];
const persons = ['Kari Koordinator', 'Ola Overlege', 'Nina Nattevakt', 'Lars Lege'];

const phaseTimes = (phase: string) => ({ [phase]: '2026-01-31T12:20:00+01:00' });

const party = (organisation: string): Party => {
  const found = partyOf(organisation);
  if (found === undefined) throw new Error(`there is no party ${organisation}`);
  return found;
};

const optionsFor = (
  task: TaskState,
  state: MissionState,
  now: number,
  random: SeededRandom,
  envelope: Envelope,
): readonly Option[] => {
  const { mission } = state;
  const owner = party(task.owner);
  const asker = party(task.asker);
  const coordinator = party(state.coordinator);
  const by = random.pick(persons);
  const one = (weight: number, sender: Party, message: () => Message, ifMatch?: number): Option => ({
    weight,
    create: () => ({ sender, message: message(), ...(ifMatch === undefined ? {} : { ifMatch }) }),
  });
  const acknowledges = one(2, owner, () => acknowledgement({ ...envelope, task: task.id }));
  const decides = (weight: number, answer: Parameters<typeof missionDecision>[0]['answer'], ifMatch?: number): Option =>
    one(
      weight,
      owner,
      () =>
        missionDecision({
          ...envelope,
          task: task.id,
          answer,
          by,
          until: new Date(now + random.between(30, 600) * 1000).toISOString(),
        }),
      ifMatch,
    );
  const answers = (weight: number, answer: Parameters<typeof resourceResponse>[0]['answer']): Option =>
    one(weight, owner, () => resourceResponse({ ...envelope, task: task.id, answer }));
  const reports = (weight: number, phase: string): Option =>
    one(weight, owner, () => resourceStatus({ ...envelope, task: task.id, phases: phaseTimes(phase) }));
  const receives = (weight: number, answer: Parameters<typeof prearrivalResponse>[0]['answer']): Option =>
    one(weight, owner, () =>
      prearrivalResponse({
        ...envelope,
        task: task.id,
        answer,
        divertedTo: (hospitals.find(({ organisation }) => organisation !== task.owner) ?? hospital).organisation,
      }),
    );
  const isAsked = task.status === 'requested' || task.status === 'received';
  switch (task.kind) {
    case 'coordination': {
      const forwards = one(1, coordinator, () => {
        const other = coordinators.find(({ organisation }) => organisation !== state.coordinator) ?? otherLa;
        return missionForward({ ...envelope, task: task.id, to: [other.organisation] });
      });
      const asksCrew = one(3, coordinator, () =>
        resourceRequest({ ...envelope, mission, to: [random.pick(operators).organisation] }),
      );
      if (isAsked || task.status === 'on-hold')
        return [
          ...(task.status === 'requested' ? [acknowledges] : []),
          decides(5, 'accepted'),
          decides(1, 'rejected'),
          decides(1, 'deferred'),
          forwards,
          asksCrew,
        ];
      if (task.status === 'accepted') return [asksCrew, decides(0.3, 'rejected', state.version), forwards];
      return task.status === 'rejected'
        ? [one(3, party(state.requester), () => reviewRequest({ ...envelope, task: task.id }))]
        : [];
    }
    case 'resource': {
      const withdraws = one(0.7, coordinator, () => resourceWithdrawal({ ...envelope, mission, task: task.id }));
      const warns = one(2, random.chance(0.5) ? coordinator : owner, () =>
        prearrivalNotification({
          ...envelope,
          mission,
          to: [random.pick(hospitals).organisation],
          ...(random.chance(0.7) ? { partOf: task.id } : {}),
        }),
      );
      if (isAsked)
        return [
          ...(task.status === 'requested' ? [acknowledges] : []),
          answers(5, 'accepted'),
          answers(1, 'declined'),
          withdraws,
        ];
      if (task.status === 'accepted') return [reports(5, 'departed'), answers(1, 'withdrawn'), withdraws, warns];
      if (task.status === 'in-progress')
        return [
          reports(2, 'departed'),
          reports(1, 'handed-over'),
          answers(1, 'withdrawn'),
          withdraws,
          warns,
          acknowledges,
          one(1, owner, () => missionReport({ ...envelope, task: task.id, phases: phaseTimes('departed') })),
        ];
      return task.status === 'completed' ? [one(1, owner, () => missionReport({ ...envelope, task: task.id }))] : [];
    }
    case 'prearrival': {
      const takesBack = one(0.5, asker, () => prearrivalWithdrawal({ ...envelope, mission, task: task.id }));
      const again = one(1, asker, () =>
        prearrivalNotification({ ...envelope, mission, task: task.id, to: [task.owner] }),
      );
      if (isFinal(task))
        return task.status === 'completed'
          ? [one(1, owner, () => outcomeFeedback({ ...envelope, task: task.id }))]
          : [];
      return [
        ...(task.status === 'requested' ? [acknowledges] : []),
        receives(3, 'accepted'),
        receives(1, 'diverted'),
        receives(0.5, 'cannot-receive'),
        takesBack,
        again,
      ];
    }
  }
};

const chosen = (options: readonly Option[], random: SeededRandom): OutgoingMessage | undefined => {
  let at = random.unit() * options.reduce((sum, { weight }) => sum + weight, 0);
  for (const { weight, create } of options) {
    at -= weight;
    if (at < 0) return create();
  }
  return undefined;
};

/** The next message of a mission in this state; `name` is its message id. */
export const nextMessage = (state: MissionState, name: string, now: number, random: SeededRandom): OutgoingMessage => {
  const { mission, exercise } = state;
  const envelope: Envelope = { id: name, exercise };
  const requester = party(state.requester);
  const coordinator = party(state.coordinator);
  const leader = random.pick([requester, coordinator]);
  const one = (weight: number, sender: Party, message: () => Message): Option => ({
    weight,
    create: () => ({ sender, message: message() }),
  });
  const updates = one(0.7, leader, () =>
    missionUpdate({
      ...envelope,
      mission,
      urgency: random.pick(['stat', 'urgent', 'routine']),
      ...(random.chance(0.3) ? { to: [observer.organisation] } : {}),
    }),
  );
  const says = one(0.7, leader, () => missionUpdate({ ...envelope, mission, describes: false }));
  const assesses = one(0.4, coordinator, () => medicalAssessment({ ...envelope, mission, ground: 'indicated' }));
  const cancels = one(0.35, leader, () =>
    missionCancel({
      ...envelope,
      mission,
      reason: random.pick(['condition-improved', 'condition-improved', 'entered-in-error']),
    }),
  );
  const options = state.tasks.flatMap((task) => optionsFor(task, state, now, random, envelope));
  return chosen([...options, updates, says, assesses, cancels], random) ?? updates.create();
};

/** A message that opens a mission. */
export const openingMessage = (name: string, random: SeededRandom): OutgoingMessage => ({
  sender: random.pick([amk, otherAmk]),
  message: missionRequest({
    id: name,
    exercise: random.chance(0.15),
    urgency: random.pick(['stat', 'stat', 'urgent']),
    to: [random.pick(coordinators).organisation],
    ...(random.chance(0.2) ? { incident: 'bus' } : {}),
  }),
});

/** An operator's report of a resource that is in no mission. */
export const readinessMessage = (name: string, random: SeededRandom): OutgoingMessage => ({
  sender: operator,
  message: resourceAvailability({ id: name, availability: random.pick(['free', 'technical', 'weather']) }),
});

/** Another message with the id of one that was sent. */
export const messageWithUsedId = ({ sender, message }: OutgoingMessage, state: MissionState): OutgoingMessage => ({
  sender,
  message: missionUpdate({
    id: message.id,
    mission: state.mission,
    describes: false,
    exercise: state.exercise,
    bundleId: 'none',
  }),
});
