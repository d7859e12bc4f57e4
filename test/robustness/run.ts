import { copyFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../support/random.ts';
import { readHistory, type HistoryRecord } from './history.ts';
import { checkHistory, type Violation } from './check/check.ts';
import { injectFaults, openHub } from './faults.ts';
import { administer, subscribeAll } from './traffic/administration.ts';
import { openCaller } from './traffic/client.ts';
import { drain } from './traffic/drain.ts';
import { parties } from './traffic/parties.ts';
import { follow, lookAround, readAll } from './traffic/readers.ts';
import type { Receiver } from './traffic/receivers.ts';
import { type Counts, openRecorder } from './traffic/recorder.ts';
import { playMission, type Scene } from './traffic/senders.ts';
import type { Subscribed } from './traffic/subscriptions.ts';

export interface RunOptions {
  readonly seed: number;
  /** Milliseconds of traffic and faults; what follows (the drain, the reading) comes on top. */
  readonly duration: number;
  /** Milliseconds in which pending notifications must arrive after the last fault. */
  readonly drainLimit: number;
  /** Where the history is written. */
  readonly file: string;
  /** A folder with the sources and the synthesised stack of the hub. */
  readonly root: string;
  readonly onProgress?: (seconds: number, counts: Counts) => void;
}

export interface RunResult {
  readonly records: readonly HistoryRecord[];
  readonly violations: readonly Violation[];
  readonly counts: Counts;
}

/** Missions that are played at the same time. */
const concurrentMissions = 4;

/** Plays traffic under faults against a new hub, records the history, and checks it. Throws if the hub does not start again. */
export const run = async ({ seed, duration, drainLimit, file, root, onProgress }: RunOptions): Promise<RunResult> => {
  const random = seededRandom(seed);
  const hub = await openHub(root);
  const receivers: Receiver[] = [];
  const recorder = openRecorder(file);
  try {
    await hub.start();
    recorder.write({
      record: 'run',
      seed,
      startedAt: new Date().toISOString(),
      parties: Object.values(parties).map(({ organisation, role }) => ({ organisation, role })),
    });
    const caller = openCaller(hub, recorder);
    const subscriptions: Subscribed[] = [];
    let isStopped = false;
    let until = Infinity;
    const isOver = (): boolean => isStopped || recorder.now() > until;
    const administration = { caller, random: random.fork(), isOver, subscriptions, receivers };
    const changeReceivers = await subscribeAll(administration);
    until = recorder.now() + duration;

    const scene: Scene = { caller, isOver, missions: [], answered: new Set() };
    const missions = async (own: typeof random): Promise<void> => {
      while (!isOver()) await playMission(scene, own.fork());
    };
    const reading = () => ({ caller, random: random.fork(), isOver });
    const report = async (): Promise<void> => {
      for (let at = recorder.now() + 30_000; !isOver(); await pause(100)) {
        if (recorder.now() < at) continue;
        at += 30_000;
        onProgress?.(Math.round(recorder.now() / 1000), recorder.counts);
      }
    };
    const parts = [
      injectFaults({ hub, random: random.fork(), recorder, isOver }),
      changeReceivers(),
      administer({ ...administration, random: random.fork() }),
      ...Array.from({ length: concurrentMissions }, () => missions(random.fork())),
      ...subscriptions.slice(0, 3).map((subscribed, index) => follow(reading(), subscribed, `reader ${index + 1}`)),
      lookAround(reading(), subscriptions, scene.missions),
      report(),
    ];
    // If one part fails the others end, before the hub does.
    await Promise.all(parts).catch(() => {
      isStopped = true;
    });
    const failed = (await Promise.allSettled(parts)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;

    const drained = await drain(caller, { subscriptions, missions: scene.missions, limit: drainLimit });
    await readAll(caller, subscriptions, {
      missions: scene.missions,
      isAnswered: (mission, version) => scene.answered.has(`${mission} ${version}`),
    });
    // A message of the hub that was read as an event may still be on its way.
    await pause(3_000);
    recorder.write({ record: 'end', at: recorder.now(), drained });
  } finally {
    await Promise.all(receivers.map((receiver) => receiver.close()));
    await hub.end('SIGKILL');
    // What the hub logged explains a violation.
    await copyFile(hub.logFile, `${file}.hub.log`).catch(() => undefined);
    await hub.close();
    await recorder.close();
  }
  const records = readHistory(file);
  return { records, violations: checkHistory(records), counts: recorder.counts };
};
