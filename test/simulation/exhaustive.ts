import { createHash } from 'node:crypto';
import type { Step } from './process.ts';
import { untilAllWait } from './scheduler.ts';

/**
 * Runs every order of the port calls of some processes, with a crash at every point, on the real code. A state is what is stored
 * and what each process has read; a state that is reached again is not explored again. Each path is replayed from the start,
 * because running code cannot be copied.
 */

export interface Bounds {
  /** How many processes may crash. */
  readonly crashes: number;
  /** Every order of every two calls. Otherwise calls that no other process can see run at once, and parallel calls of a process run in the order in which they were made. */
  readonly wide: boolean;
  /** The search stops after so many states, and reports that it is incomplete. */
  readonly maxStates: number;
}

export interface Explored {
  readonly states: number;
  readonly paths: number;
  /** Distinct contents of the store when all processes have ended or crashed. */
  readonly ends: number;
  readonly isComplete: boolean;
  /** What does not hold, and the choices that lead there. */
  readonly broken: readonly { readonly detail: string; readonly path: readonly string[] }[];
}

interface Pending {
  readonly name: string;
  /** Applies the effect of the call and resolves it. */
  readonly go: () => Promise<void>;
}

/** A process of the search. */
export interface Actor {
  readonly name: string;
  pending: readonly Pending[];
  history: string;
  isCrashed: boolean;
}

/** Processes at work on one store. */
export interface Scene {
  readonly actors: readonly Actor[];
  /** What is stored: equal contents are equal text. */
  readonly contents: () => Promise<unknown>;
  /** Calls whose order does not matter, and that no other process can see: only a crash of their caller is tried around them. */
  readonly unseenCalls: readonly string[];
  /** Completes what is left to do, and returns what does not hold then. */
  readonly wrongAtEnd: () => Promise<readonly string[]>;
}

/** A process and the step by which it makes its calls. `summaryOf` shortens the result of a read to what distinguishes it. */
export const openActor = (
  name: string,
  summaryOf: (result: unknown) => string,
): { readonly actor: Actor; readonly step: Step } => {
  const own: Actor = { name, pending: [], history: '', isCrashed: false };
  const step: Step = (call, effect) =>
    new Promise((resolve, reject) => {
      const pending: Pending = {
        name: call.name,
        go: async () => {
          own.pending = own.pending.filter((one) => one !== pending);
          const result = await effect();
          own.history = `${own.history}\n${call.name} ${summaryOf(result)}`;
          resolve(result);
        },
      };
      if (own.isCrashed) reject(new Error('crashed'));
      else own.pending = [...own.pending, pending];
    });
  return { actor: own, step };
};

const digest = (value: unknown): string =>
  createHash('md5')
    .update(JSON.stringify(value) ?? 'undefined')
    .digest('base64');

type Choice = { readonly actor: number; readonly call: number } | { readonly crashes: number };

const textOf = (choice: Choice, { actors }: Scene): string =>
  'crashes' in choice
    ? `${actors[choice.crashes]?.name} crashes`
    : `${actors[choice.actor]?.name}: ${actors[choice.actor]?.pending[choice.call]?.name}`;

const choicesIn = ({ actors, unseenCalls }: Scene, crashesLeft: number, { wide }: Bounds): readonly Choice[] => {
  const unseen = actors.findIndex(
    ({ pending: [next], isCrashed }) => !isCrashed && next !== undefined && unseenCalls.includes(next.name),
  );
  if (unseen !== -1 && !wide) return [{ actor: unseen, call: 0 }, ...(crashesLeft > 0 ? [{ crashes: unseen }] : [])];
  const calls = actors.flatMap(({ pending, isCrashed }, actor): Choice[] =>
    isCrashed ? [] : pending.slice(0, wide ? pending.length : 1).map((_pending, call) => ({ actor, call })),
  );
  const crashes = actors.flatMap(({ pending, isCrashed }, actor): Choice[] =>
    crashesLeft > 0 && !isCrashed && pending.length > 0 ? [{ crashes: actor }] : [],
  );
  return [...calls, ...crashes];
};

const make = async (choice: Choice, { actors }: Scene): Promise<void> => {
  if ('crashes' in choice) {
    const crashing = actors[choice.crashes];
    if (crashing === undefined) return;
    crashing.isCrashed = true;
    crashing.pending = [];
    crashing.history = 'crashed';
    return;
  }
  await actors[choice.actor]?.pending[choice.call]?.go();
  await untilAllWait();
};

const stateOf = async (scene: Scene, crashesLeft: number): Promise<string> =>
  digest([
    await scene.contents(),
    crashesLeft,
    scene.actors.map(({ history, pending }) => [history, pending.map(({ name }) => name)]),
  ]);

export const explore = async (begin: () => Promise<Scene>, bounds: Bounds): Promise<Explored> => {
  const seen = new Set<string>();
  const ends = new Map<string, true>();
  const broken: { readonly detail: string; readonly path: readonly string[] }[] = [];
  const open: (readonly Choice[])[] = [[]];
  let paths = 0;
  for (let prefix = open.pop(); prefix !== undefined && seen.size < bounds.maxStates; prefix = open.pop()) {
    paths += 1;
    const scene = await begin();
    const path: Choice[] = [];
    const texts: string[] = [];
    let crashesLeft = bounds.crashes;
    const take = async (choice: Choice): Promise<void> => {
      texts.push(textOf(choice, scene));
      path.push(choice);
      if ('crashes' in choice) crashesLeft -= 1;
      await make(choice, scene);
    };
    for (const choice of prefix) await take(choice);
    for (;;) {
      const state = await stateOf(scene, crashesLeft);
      if (seen.has(state)) break;
      seen.add(state);
      const [first, ...others] = choicesIn(scene, crashesLeft, bounds);
      if (first === undefined) {
        const end = digest(await scene.contents());
        if (ends.has(end)) break;
        ends.set(end, true);
        for (const wrong of await scene.wrongAtEnd()) broken.push({ detail: wrong, path: texts });
        break;
      }
      for (const other of others) open.push([...path, other]);
      await take(first);
    }
    if (broken.length > 0) break;
  }
  return { states: seen.size, paths, ends: ends.size, isComplete: open.length === 0 && broken.length === 0, broken };
};
