import { type Lane, nameOf } from '../../core/delivery/delivery-queue.ts';
import { type Endpoints, simulatedEndpoints } from './endpoints.ts';
import { type FailpointCounts, type FailpointSettings, noFailpoints, zeroCounts } from './failpoints.ts';
import { emptyHistory, type History, recordedPorts, recordedSubscriptions } from './history.ts';
import type { HubPorts } from './ports.ts';
import { type Process, type RunContext, startProcess } from './process.ts';
import { simulatedQueue, type SimulatedQueue } from './queue.ts';
import type { SeededRandom } from '../support/random.ts';
import { schedulerFrom } from './scheduler.ts';
import { type HubStores, type Storage, storesOn } from './stores.ts';

/** So small that most missions are longer, and old fingerprints are kept beside the log. */
const window = 3;

/** The hub's stores, queues and endpoints in one simulated world. */
export interface World extends RunContext {
  readonly random: SeededRandom;
  /** What the hub stores, without faults: for setting up and for validation. */
  readonly stores: HubStores;
  /** What processes reach: with the queue's faults, and with every effect recorded. */
  readonly ports: HubPorts;
  /** The same for a process that writes two items and may crash between them. */
  readonly portsFor: (process: Process) => HubPorts;
  readonly endpoints: Endpoints;
  readonly history: History;
  readonly counts: FailpointCounts;
  readonly setFailpoints: (settings: FailpointSettings) => void;
  readonly start: (name: string, limit: number) => Process;
  readonly consume: SimulatedQueue['consume'];
  /** The time at which the next obligation is due, if there is one. */
  readonly nextDue: () => number | undefined;
}

export const simulatedWorld = (
  start: number,
  random: SeededRandom,
  { trace, storage }: Pick<RunContext, 'trace'> & { readonly storage: Storage },
): World => {
  const scheduler = schedulerFrom(start);
  const counts = zeroCounts();
  let settings: FailpointSettings = noFailpoints;
  const context: RunContext = {
    scheduler,
    trace,
    failpoints: () => settings,
    count: (failpoint, times = 1) => {
      counts[failpoint] += times;
    },
  };
  const clock = {
    now: () => scheduler.now(),
    iso: () => new Date(scheduler.now()).toISOString(),
    advance: () => undefined,
  };
  const stores = storesOn(storage, clock, window);
  const endpoints = simulatedEndpoints(context, random.fork());
  const processRandom = random.fork();
  const startAt: World['start'] = (name, limit) => startProcess(context, name, limit, processRandom);
  const history = emptyHistory();
  const queueOf = (lane: Lane): SimulatedQueue =>
    simulatedQueue(context, lane, clock, startAt, random.fork(), (job) => {
      history.jobsDone.push({ at: scheduler.now(), lane, job: nameOf(job) });
    });
  const quick = queueOf('quick');
  const slow = queueOf('slow');

  let version = 0;
  let known: { readonly version: number; readonly due: number | undefined } | undefined;
  const nextDue = (): number | undefined => {
    if (known?.version !== version) {
      const dues = stores.pending().map(({ dueAt }) => dueAt);
      const least = dues.reduce<string | undefined>(
        (one, due) => (one === undefined || due < one ? due : one),
        undefined,
      );
      known = { version, due: least === undefined ? undefined : Date.parse(least) };
    }
    return known.due;
  };

  const recorder = {
    scheduler,
    trace,
    history,
    onWrite: () => {
      version += 1;
    },
  };
  const ports = recordedPorts({ ...stores.ports, lanes: { quick, slow } }, recorder);
  return {
    ...context,
    random,
    stores,
    endpoints,
    history,
    counts,
    setFailpoints: (next) => {
      settings = next;
    },
    start: startAt,
    consume: (consumer) => {
      quick.consume(consumer);
      slow.consume(consumer);
    },
    nextDue,
    ports,
    portsFor: (process) => {
      const betweenWrites = (): Promise<void> =>
        process.step({ place: 'table', name: 'between two writes', writes: false }, async () => undefined);
      return { ...ports, subscriptions: recordedSubscriptions(stores.interrupted(betweenWrites), recorder) };
    },
  };
};
