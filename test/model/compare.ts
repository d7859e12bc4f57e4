import { isFinal, type MissionState, type TaskState } from '../../core/mission/state.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import type { ModelMission, ModelTask } from './mission-model.ts';

/** What the hub's mission and the model's have in common, in one form. */
export interface MissionSummary {
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

export const entryNumber = (task: string | undefined): number | undefined =>
  task === undefined ? undefined : parseAddress(task)?.entry;

const awaitedOf = (task: TaskState): number | undefined => {
  if (isFinal(task)) return undefined;
  if (task.status === 'on-hold') return Date.parse(task.until ?? '');
  return task.acknowledgedAt === undefined ? Date.parse(task.acknowledgeBy) : undefined;
};

export const summaryOfState = (state: MissionState): MissionSummary => ({
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
    notifiedOfCancellation: task.cancelRequested === true,
    agreed: task.agreed === true,
  })),
});

export const summaryOfModel = (mission: ModelMission): MissionSummary => ({
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
    notifiedOfCancellation: task.cancellation !== 'none',
    agreed: task.acceptedBefore,
  })),
});

/** How often each message had each outcome in each state of a mission. */
const visited = new Map<string, number>();
export const visit = (...names: readonly string[]): void => {
  const name = names.join('|');
  visited.set(name, (visited.get(name) ?? 0) + 1);
};

export const visits = (...names: readonly string[]): number => visited.get(names.join('|')) ?? 0;

const statuses = ['none', 'active', 'revoked', 'entered-in-error', 'completed'] as const;

/** How often each message was accepted and refused in each state of the mission. */
export const coverage = (): string => {
  const cell = (event: string, status: string): string =>
    `${visits(event, 'accepted', status)}/${visits(event, 'refused', status)}`;
  const rows = catalogue.map(({ event }) => [event, ...statuses.map((status) => cell(event, status))]);
  return [['accepted/refused', ...statuses], ...rows]
    .map((row) => row.map((text, column) => text.padEnd(column === 0 ? 24 : 18)).join(''))
    .join('\n');
};

export const times = (event: string, outcome: string): number =>
  statuses.reduce((sum, status) => sum + visits(event, outcome, status), 0);
