import { setTimeout as delay } from 'node:timers/promises';

/** A machine may stand still for seconds, as those of CI do: then whatever has a time limit is late, and nobody is at fault. */

/** Milliseconds. */
const beat = 100;
const longest = 1_000;

let beatAt = performance.now();
let stoodAt = Number.NEGATIVE_INFINITY;
setInterval(() => {
  const now = performance.now();
  if (now - beatAt > longest) stoodAt = now;
  beatAt = now;
}, beat).unref();

/** Whether the machine, or this process alone, has stood still since a moment of `performance.now()`. */
export const stoodStillSince = (moment: number): boolean => stoodAt >= moment || performance.now() - beatAt > longest;

/** What comes of it while the machine runs: if it stood still meanwhile, and the outcome is not as wanted, it is done again. */
export const undisturbed = async <Value>(
  act: () => Promise<Value>,
  isWanted: (value: Value) => boolean = () => true,
): Promise<Value> => {
  for (let tries = 1; ; tries += 1) {
    const started = performance.now();
    const isDisturbed = (): boolean => tries < 20 && stoodStillSince(started);
    try {
      const value = await act();
      if (isWanted(value) || !isDisturbed()) return value;
    } catch (error) {
      if (!isDisturbed()) throw error;
    }
    // What was cut off is over by then.
    await delay(beat);
  }
};

/** Lets the other processes and threads of this machine run for so many milliseconds. */
export const letRun = async (milliseconds: number): Promise<void> => {
  for (let run = 0; run < milliseconds; run += beat) await delay(beat);
};
