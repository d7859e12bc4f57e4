import { Unavailable } from '../../core/mission/errors.ts';
import type { Dice } from './dice.ts';
import { type FaultKind, isDown, type Weather } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

/** A call that code waits for: where it goes, and whether it may change something there. */
export interface Call {
  readonly place: 'table' | 'queue';
  readonly name: string;
  readonly writes: boolean;
}

/** Stands between code and every port: the effect happens when the step says so, or never, or twice. */
export type Step = <Result>(call: Call, effect: () => Promise<Result>) => Promise<Result>;

/** One invocation of a function, on a machine with a clock of its own. It may die at every call; dead it does nothing more. */
export interface Process {
  readonly name: string;
  readonly isAlive: () => boolean;
  /** Its own clock. */
  readonly now: () => number;
  /** Milliseconds until its function is ended. */
  readonly timeLeft: () => number;
  readonly step: Step;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Time on the wire, for calls that are not steps. Nothing happens if it has died by then. */
  readonly after: (milliseconds: number, happening: () => void) => void;
  /** Dies if the dice say so. */
  readonly mayDie: () => boolean;
  readonly die: () => void;
  /** Stops for so long, as a sandbox between two invocations does, and goes on as if nothing had been. */
  readonly freeze: (milliseconds: number) => void;
  /** Has nothing left to do. */
  readonly finish: () => void;
}

/** What processes live in. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly weather: () => Weather;
  readonly count: (kind: FaultKind, times?: number) => void;
  readonly trace: (line: () => string) => void;
}

/** A client of AWS waits so long in all, milliseconds: two tries of two seconds. */
const patience = 4_000;

export const startProcess = (
  { scheduler, weather, count, trace }: Surroundings,
  name: string,
  limit: number,
  dice: Dice,
): Process => {
  let alive = true;
  let isDone = false;
  let frozenUntil = 0;
  const { skew: mostSkew } = weather();
  const skew = dice.between(-mostSkew, mostSkew);
  if (skew !== 0) count('clocks that are wrong');
  let end = scheduler.now() + limit;

  const die = (): void => {
    if (!alive) return;
    alive = false;
    trace(() => `${name} dies`);
  };
  const mayDie = (): boolean => {
    if (!alive || !dice.chance(weather().death)) return false;
    count('processes that died at a port call');
    die();
    return true;
  };
  const endInTime = (): void => {
    if (!Number.isFinite(end)) return;
    scheduler.after(end - scheduler.now(), () => {
      if (!alive || isDone) return;
      if (scheduler.now() < end) {
        endInTime();
        return;
      }
      count('processes stopped by their time limit');
      die();
    });
  };
  endInTime();

  /** Goes on if it still lives, and not before it has thawed. */
  const resume = (goOn: () => void): void => {
    if (!alive) return;
    const wait = frozenUntil - scheduler.now();
    if (wait > 0) {
      scheduler.after(wait, () => resume(goOn));
      return;
    }
    scheduler.woken();
    goOn();
  };

  // A cold or starved machine takes long for everything.
  const isSluggish = dice.chance(weather().slow);
  const latency = (): number => {
    if (isSluggish) return dice.between(200, 2_500);
    if (!dice.chance(weather().slow)) return dice.between(1, 15);
    count('slow calls');
    return dice.between(100, 1_900);
  };

  const step: Step = (call, effect) =>
    new Promise((resolve, reject) => {
      if (!alive || mayDie()) return;
      const now = weather();
      const fail = (): void => reject(new Unavailable(`${call.place} ${call.name}`));
      const there = latency();
      const act = (): ReturnType<typeof effect> => {
        trace(() => `${name} ${call.name}`);
        return effect();
      };
      const answer = (result: ReturnType<typeof effect>): void => {
        // Nobody may be there to see it fail.
        result.catch(() => undefined);
        if (mayDie()) return;
        scheduler.after(latency(), () => resume(() => resolve(result)));
      };
      const actUnseen = (): void => {
        scheduler.woken();
        act().catch(() => undefined);
      };

      if (dice.chance(now.noAnswer)) {
        const how = call.writes ? dice.below(3) : 0;
        scheduler.after(patience, () => resume(fail));
        if (how === 0) count('calls without answer or effect');
        if (how === 1) {
          count('calls with their effect but no answer');
          scheduler.after(there, actUnseen);
        }
        if (how === 2) {
          count('calls whose effect came after the caller had given up');
          scheduler.after(patience + dice.between(1, 8_000), actUnseen);
        }
        return;
      }
      scheduler.after(there, () => {
        const down = call.place === 'table' ? weather().tableDown : weather().queueDown;
        if (isDown(down, scheduler.now())) {
          count('calls during an outage');
          scheduler.after(dice.pick([20, patience]), () => resume(fail));
          return;
        }
        if (call.writes && dice.chance(now.repeat)) {
          count('calls repeated by the client library');
          actUnseen();
          scheduler.after(dice.between(50, 2_000), () => {
            scheduler.woken();
            answer(act());
          });
          return;
        }
        scheduler.woken();
        answer(act());
      });
    });

  return {
    name,
    timeLeft: () => end - scheduler.now(),
    isAlive: () => alive,
    now: () => scheduler.now() + skew,
    step,
    sleep: (milliseconds) => new Promise((resolve) => scheduler.after(milliseconds, () => resume(resolve))),
    after: (milliseconds, happening) => scheduler.after(milliseconds, () => resume(happening)),
    mayDie,
    die,
    freeze: (milliseconds) => {
      count('processes frozen for minutes');
      trace(() => `${name} freezes for ${Math.round(milliseconds / 1000)} s`);
      frozenUntil = scheduler.now() + milliseconds;
      end = frozenUntil + limit;
    },
    finish: () => {
      isDone = true;
    },
  };
};
