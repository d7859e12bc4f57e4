import { Unavailable } from '../../core/mission/errors.ts';
import { type Failpoint, type FailpointSettings, isDown } from './failpoints.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Scheduler } from './scheduler.ts';

/** A call that code waits for: where it goes, and whether it may change something there. */
export interface Call {
  readonly place: 'table' | 'queue';
  readonly name: string;
  readonly writes: boolean;
}

/** Wraps every port call: it decides whether the effect happens once, twice, late or never. */
export type Step = <Result>(call: Call, effect: () => Promise<Result>) => Promise<Result>;

/** One invocation of a function, on a machine with its own clock. It may crash at every call; a crashed process does nothing more. */
export interface Process {
  readonly name: string;
  readonly isAlive: () => boolean;
  /** Its own clock. */
  readonly now: () => number;
  /** Milliseconds until its time limit. */
  readonly timeLeft: () => number;
  readonly step: Step;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** For calls that are not steps: `run` after so long, unless the process has crashed by then. */
  readonly after: (milliseconds: number, run: () => void) => void;
  /** Crashes at random; returns whether it is crashed. */
  readonly maybeCrash: () => boolean;
  readonly crash: () => void;
  /** Stops for so long, as a sandbox between two invocations does, and then continues without notice. */
  readonly pause: (milliseconds: number) => void;
  /** Its work is done: the time limit no longer counts. */
  readonly finish: () => void;
}

/** What every part of a run shares. */
export interface RunContext {
  readonly scheduler: Scheduler;
  readonly failpoints: () => FailpointSettings;
  readonly count: (failpoint: Failpoint, times?: number) => void;
  readonly trace: (line: () => string) => void;
}

/** An AWS client waits so long in all, milliseconds: two tries of two seconds. */
const clientTimeout = 4_000;

const anHour = 3_600_000;

export const startProcess = (
  { scheduler, failpoints, count, trace }: RunContext,
  name: string,
  limit: number,
  random: SeededRandom,
): Process => {
  let alive = true;
  let isDone = false;
  let pausedUntil = 0;
  const { skew: maxSkew, ahead } = failpoints();
  const isAhead = /^(deliver|sweep)/.test(name) && random.chance(ahead);
  const skew = isAhead ? anHour : random.between(-maxSkew, maxSkew);
  if (isAhead) count('processes with a clock an hour ahead');
  else if (skew !== 0) count('processes with a wrong clock');
  let end = scheduler.now() + limit;

  const crash = (): void => {
    if (!alive) return;
    alive = false;
    trace(() => `${name} crashes`);
  };
  const maybeCrash = (): boolean => {
    if (!alive || !random.chance(failpoints().crash)) return false;
    count('processes crashed at a port call');
    crash();
    return true;
  };
  const stopAtLimit = (): void => {
    if (!Number.isFinite(end)) return;
    scheduler.after(end - scheduler.now(), () => {
      if (!alive || isDone) return;
      if (scheduler.now() < end) {
        stopAtLimit();
        return;
      }
      count('processes stopped by their time limit');
      crash();
    });
  };
  stopAtLimit();

  /** Continues if the process has not crashed, and not before the end of its pause. */
  const resume = (continues: () => void): void => {
    if (!alive) return;
    const wait = pausedUntil - scheduler.now();
    if (wait > 0) {
      scheduler.after(wait, () => resume(continues));
      return;
    }
    scheduler.resumed();
    continues();
  };

  // On a cold or starved machine every call is slow.
  const isStarved = random.chance(failpoints().slow);
  const latency = (): number => {
    if (isStarved) return random.between(200, 2_500);
    if (!random.chance(failpoints().slow)) return random.between(1, 15);
    count('slow calls');
    return random.between(100, 1_900);
  };

  const step: Step = (call, effect) =>
    new Promise((resolve, reject) => {
      if (!alive || maybeCrash()) return;
      const settings = failpoints();
      const fail = (): void => reject(new Unavailable(`${call.place} ${call.name}`));
      const untilEffect = latency();
      const act = (): ReturnType<typeof effect> => {
        trace(() => `${name} ${call.name}`);
        return effect();
      };
      const respond = (result: ReturnType<typeof effect>): void => {
        // After a crash no code handles a failed effect.
        result.catch(() => undefined);
        if (maybeCrash()) return;
        scheduler.after(latency(), () => resume(() => resolve(result)));
      };
      const actUnseen = (): void => {
        scheduler.resumed();
        act().catch(() => undefined);
      };

      if (random.chance(settings.noResponse)) {
        const kind = call.writes ? random.below(3) : 0;
        scheduler.after(clientTimeout, () => resume(fail));
        if (kind === 0) count('calls without effect or response');
        if (kind === 1) {
          count('calls with an effect but no response');
          scheduler.after(untilEffect, actUnseen);
        }
        if (kind === 2) {
          count('calls with an effect after their timeout');
          scheduler.after(clientTimeout + random.between(1, 8_000), actUnseen);
        }
        return;
      }
      scheduler.after(untilEffect, () => {
        const down = call.place === 'table' ? failpoints().tableDown : failpoints().queueDown;
        if (isDown(down, scheduler.now())) {
          count('calls during an outage');
          scheduler.after(random.pick([20, clientTimeout]), () => resume(fail));
          return;
        }
        if (call.writes && random.chance(settings.repeat)) {
          count('calls repeated by the client library');
          actUnseen();
          scheduler.after(random.between(50, 2_000), () => {
            scheduler.resumed();
            respond(act());
          });
          return;
        }
        scheduler.resumed();
        respond(act());
      });
    });

  return {
    name,
    timeLeft: () => end - scheduler.now(),
    isAlive: () => alive,
    now: () => scheduler.now() + skew,
    step,
    sleep: (milliseconds) => new Promise((resolve) => scheduler.after(milliseconds, () => resume(resolve))),
    after: (milliseconds, run) => scheduler.after(milliseconds, () => resume(run)),
    maybeCrash,
    crash,
    pause: (milliseconds) => {
      count('processes paused for minutes');
      trace(() => `${name} is paused for ${Math.round(milliseconds / 1000)} s`);
      pausedUntil = scheduler.now() + milliseconds;
      end = pausedUntil + limit;
    },
    finish: () => {
      isDone = true;
    },
  };
};
