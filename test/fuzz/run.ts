import { asyncProperty, check as tryAll, type IRawProperty, property, type RunDetails } from 'fast-check';
import { asked } from './asked.ts';
import { messageTexts, openDoor, subscriptionTexts } from './door.ts';
import { openHttpDoor } from './http.ts';
import { bodyOf, plan } from './inputs.ts';
import { tryParser } from './parser.ts';
import { openTokenDoor, shown } from './tokens.ts';
import { afterRunning } from '../../local/aws/running-time.ts';
import { undisturbed } from '../support/standstill.ts';

/** Tries inputs on one target after the other. */

export const targets = ['parser', 'door', 'tokens', 'http'] as const;
export type Target = (typeof targets)[number];

export interface Wanted {
  readonly target: Target;
  /** Of each seed. */
  readonly inputs: number;
  readonly seeds: readonly number[];
  /** Where in the run of the seed a failure was (fast-check); replays that input alone. */
  readonly path?: string;
  /** Told from time to time how many were tried. */
  readonly progress?: (tried: number) => void;
}

export interface Tried {
  readonly target: Target;
  readonly inputs: number;
  readonly accepted: number;
  readonly seconds: number;
  /** Milliseconds that the slowest input took. */
  readonly slowest: number;
  /** The failure in words, with how to see it again. */
  readonly failure?: string;
}

/** Milliseconds: nothing takes so long but what never ends. */
const patience = 20_000;

const wordsOf = <Value>({ target }: Wanted, details: RunDetails<Value>): string | undefined => {
  if (!details.failed) return undefined;
  const { seed, counterexample, counterexamplePath, errorInstance } = details;
  return [
    `${target}: an input fails (seed ${seed}): ${String(errorInstance)}`,
    `shrunk to ${JSON.stringify(counterexample)}`,
    `replay: npm run fuzz -- --target ${target} --seed ${seed} --path "${counterexamplePath}"`,
  ].join('\n');
};

/** Unhandled rejections and exceptions, of whatever was tried last. */
const watchUnhandled = (): { readonly check: () => void; readonly stop: () => void } => {
  const seen: unknown[] = [];
  const note = (error: unknown): number => seen.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  return {
    check: () => {
      if (seen.length > 0) throw new Error(`nobody handled: ${String(seen[0])}`, { cause: seen[0] });
    },
    stop: () => {
      process.off('unhandledRejection', note);
      process.off('uncaughtException', note);
    },
  };
};

export const fuzz = async (wanted: Wanted): Promise<Tried> => {
  const { target, inputs, seeds, path, progress = () => {} } = wanted;
  const unhandled = watchUnhandled();
  const began = performance.now();
  let tried = 0;
  let accepted = 0;
  let slowest = 0;
  let saidAt = began;
  const note = (started: number, came: 'accepted' | 'refused'): void => {
    unhandled.check();
    const now = performance.now();
    tried += 1;
    if (came === 'accepted') accepted += 1;
    slowest = Math.max(slowest, now - started);
    if (now - saidAt < 5_000) return;
    saidAt = now;
    progress(tried);
  };
  const all = async <Value>(tries: IRawProperty<Value>): Promise<string | undefined> => {
    for (const seed of seeds) {
      const details = await tryAll(tries, { numRuns: inputs, seed, ...(path === undefined ? {} : { path }) });
      if (details.failed) return wordsOf(wanted, details);
    }
    return undefined;
  };
  const openly = async <Value>(
    open: () => Promise<{ readonly close: () => Promise<void> } & Value>,
    tries: (door: Value) => IRawProperty<unknown>,
  ): Promise<string | undefined> => {
    const door = await open();
    let failure: string | undefined;
    try {
      failure = await all(tries(door));
    } finally {
      await door.close();
    }
    return failure;
  };
  const timed = async (tries: () => Promise<'accepted' | 'refused'>): Promise<void> => {
    const started = performance.now();
    const late = Promise.withResolvers<never>();
    const inTime = afterRunning(patience, () => late.reject(new Error(`takes longer than ${patience} ms`)));
    try {
      note(started, await Promise.race([undisturbed(tries), late.promise]));
    } finally {
      inTime();
    }
  };

  const attempt = (): Promise<string | undefined> => {
    switch (target) {
      case 'parser':
        return all(
          property(plan, (made) => {
            const body = bodyOf(made, [...messageTexts, ...subscriptionTexts]);
            const started = performance.now();
            note(started, tryParser(body));
          }),
        );
      case 'door':
        return openly(openDoor, ({ ask }) => asyncProperty(asked, (one) => timed(() => ask(one))));
      case 'tokens':
        return openly(openTokenDoor, ({ show }) => asyncProperty(shown, (one) => timed(() => show(one))));
      case 'http':
        return openly(openHttpDoor, ({ ask }) => asyncProperty(asked, (one) => timed(() => ask(one))));
    }
  };
  try {
    const failure = await attempt();
    const seconds = (performance.now() - began) / 1000;
    return { target, inputs: tried, accepted, seconds, slowest, ...(failure === undefined ? {} : { failure }) };
  } finally {
    unhandled.stop();
  }
};
