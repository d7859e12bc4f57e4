import { asyncProperty, check as tryAll, type IRawProperty, property, type RunDetails } from 'fast-check';
import { requests } from './requests.ts';
import { messageTexts, openHandlers, subscriptionTexts } from './handlers.ts';
import { openHub } from './hub.ts';
import { bodyOf, plan } from './inputs.ts';
import { tryParser } from './parser.ts';
import { openAuthorizer, credentials } from './authorizer.ts';
import { afterRunning } from '../../local/aws/running-time.ts';
import { undisturbed } from '../support/standstill.ts';

/** Runs random inputs against one target. */

export const targets = ['parser', 'handlers', 'authorizer', 'hub'] as const;
export type Target = (typeof targets)[number];

export interface FuzzSettings {
  readonly target: Target;
  /** Of each seed. */
  readonly inputs: number;
  readonly seeds: readonly number[];
  /** The place of a failure in the run of a seed (fast-check); replays that input alone. */
  readonly path?: string;
  /** Called from time to time with the number of inputs so far. */
  readonly progress?: (tried: number) => void;
}

export interface FuzzResult {
  readonly target: Target;
  readonly inputs: number;
  readonly accepted: number;
  readonly seconds: number;
  /** Milliseconds that the slowest input took. */
  readonly slowest: number;
  /** The failure, with the command that repeats it. */
  readonly failure?: string;
}

/** Milliseconds: an input that takes longer counts as one that never ends. */
const timeLimit = 20_000;

const failureText = <Value>({ target }: FuzzSettings, details: RunDetails<Value>): string | undefined => {
  if (!details.failed) return undefined;
  const { seed, counterexample, counterexamplePath, errorInstance } = details;
  return [
    `${target}: an input fails (seed ${seed}): ${String(errorInstance)}`,
    `shrunk to ${JSON.stringify(counterexample)}`,
    `replay: npm run fuzz -- --target ${target} --seed ${seed} --path "${counterexamplePath}"`,
  ].join('\n');
};

/** Reports unhandled rejections and exceptions with the input that was tried last. */
const watchUnhandled = (): { readonly check: () => void; readonly stop: () => void } => {
  const seen: unknown[] = [];
  const note = (error: unknown): number => seen.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  return {
    check: () => {
      if (seen.length > 0) throw new Error(`not handled: ${String(seen[0])}`, { cause: seen[0] });
    },
    stop: () => {
      process.off('unhandledRejection', note);
      process.off('uncaughtException', note);
    },
  };
};

export const fuzz = async (wanted: FuzzSettings): Promise<FuzzResult> => {
  const { target, inputs, seeds, path, progress = () => {} } = wanted;
  const unhandled = watchUnhandled();
  const began = performance.now();
  let tried = 0;
  let accepted = 0;
  let slowest = 0;
  let reportedAt = began;
  const note = (started: number, outcome: 'accepted' | 'refused'): void => {
    unhandled.check();
    const now = performance.now();
    tried += 1;
    if (outcome === 'accepted') accepted += 1;
    slowest = Math.max(slowest, now - started);
    if (now - reportedAt < 5_000) return;
    reportedAt = now;
    progress(tried);
  };
  const all = async <Value>(tries: IRawProperty<Value>): Promise<string | undefined> => {
    for (const seed of seeds) {
      const details = await tryAll(tries, { numRuns: inputs, seed, ...(path === undefined ? {} : { path }) });
      if (details.failed) return failureText(wanted, details);
    }
    return undefined;
  };
  const withTarget = async <Value>(
    open: () => Promise<{ readonly close: () => Promise<void> } & Value>,
    tries: (target: Value) => IRawProperty<unknown>,
  ): Promise<string | undefined> => {
    const opened = await open();
    let failure: string | undefined;
    try {
      failure = await all(tries(opened));
    } finally {
      await opened.close();
    }
    return failure;
  };
  const timed = async (tries: () => Promise<'accepted' | 'refused'>): Promise<void> => {
    const started = performance.now();
    const late = Promise.withResolvers<never>();
    const inTime = afterRunning(timeLimit, () => late.reject(new Error(`takes longer than ${timeLimit} ms`)));
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
      case 'handlers':
        return withTarget(openHandlers, ({ send }) => asyncProperty(requests, (one) => timed(() => send(one))));
      case 'authorizer':
        return withTarget(openAuthorizer, ({ authorize }) =>
          asyncProperty(credentials, (one) => timed(() => authorize(one))),
        );
      case 'hub':
        return withTarget(openHub, ({ send }) => asyncProperty(requests, (one) => timed(() => send(one))));
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
