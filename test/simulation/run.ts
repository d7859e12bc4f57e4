import { administrationOf } from './administration.ts';
import { type FailpointCounts, noFailpoints } from './failpoints.ts';
import { seededRandom } from '../support/random.ts';
import { minute, scenarioOf } from './scenario.ts';
import type { Storage } from './stores.ts';
import { type Clients, clientsOf, sendMessages } from './traffic.ts';
import { type Violation } from './validate/invariants.ts';
import { validate } from './validate/validate.ts';
import { simulatedWorld, type World } from './world.ts';

/** One run: traffic under faults, then the same world without faults until no obligation is left, then validation. */

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly counts: FailpointCounts;
  readonly entries: number;
  /** Notifications that reached an endpoint. */
  readonly arrivals: number;
  readonly virtualMinutes: number;
}

/**
 * Every obligation is completed this long after the last fault, milliseconds. SQS hides the job of a crashed process for
 * three minutes. To an endpoint that stays down the hub tries for twelve minutes, and for twelve more to notify others of it.
 */
const completedWithin = 20 * minute;
const completedWithinIfDead = 32 * minute;

const sweepLimit = 80_000;

const scheduleSweeps = (world: World, { handlers }: Clients): void => {
  let runs = 0;
  const run = (): void => {
    runs += 1;
    const process = world.start(`sweep#${runs}`, sweepLimit);
    world.scheduler.resumed();
    void handlers.sweepRun(process).then(process.finish);
    world.scheduler.after(minute, run);
  };
  world.scheduler.after(world.random.below(minute), run);
};

export const simulate = async (
  seed: number,
  { storage = 'memory', print }: { readonly storage?: Storage; readonly print?: (line: string) => void } = {},
): Promise<RunResult> => {
  const scenario = scenarioOf(seededRandom(seed));
  const { start, failpoints, faultsEnd, isCalm } = scenario;
  const trace = (line: () => string): void =>
    print?.(`${new Date(world.scheduler.now()).toISOString().slice(11, 23)} ${line()}`);
  const world: World = simulatedWorld(start, scenario.random, { trace, storage });
  world.setFailpoints(failpoints);
  for (const { from, to } of failpoints.tableDown) {
    world.count('table outages');
    trace(() => `the table is down from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`);
  }
  for (const { from, to } of failpoints.queueDown) {
    world.count('queue outages');
    trace(() => `the queue is down from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`);
  }

  const clients = clientsOf(world);
  world.consume(clients.handlers.deliverJob);
  const administration = administrationOf(world, clients, scenario);
  const subscriptions = await administration.subscribeAll();
  scheduleSweeps(world, clients);
  administration.scheduleChanges(subscriptions);
  void sendMessages(world, clients, scenario);

  await world.scheduler.runTo(faultsEnd);
  world.setFailpoints(noFailpoints);
  trace(() => 'no faults from now on');
  const dead = administration.settleEndpoints();
  const completedBy = faultsEnd + (dead.size === 0 ? completedWithin : completedWithinIfDead);
  await world.scheduler.runTo(completedBy);
  const record = { world, sent: clients.sent, faultsEnd, dead, isCalm };
  const violations = await validate(record);
  world.stores.close();

  for (const { invariant, detail } of violations) trace(() => `BROKEN ${invariant}: ${detail}`);
  return {
    seed,
    violations,
    counts: world.counts,
    entries: world.history.appended.length,
    arrivals: world.endpoints.arrivals.length,
    virtualMinutes: Math.round((world.scheduler.now() - start) / minute),
  };
};
