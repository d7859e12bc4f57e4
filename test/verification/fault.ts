import type { Guard } from '../simulation/guards.ts';

/** A fault that was in the code, and what shows it again. */

/** What it did, or could have done. */
export const harms = {
  lost: 'a message, a notification or an alert was lost',
  late: 'somebody was notified or alerted too late',
  twice: 'something was written, sent or alerted twice, or for nothing',
  misled: 'somebody read something else than was true',
  leaked: 'somebody could read or do what is not theirs',
  down: 'the hub, or a part of it, stopped or became slow',
} as const;

export interface Fault {
  readonly harm: keyof typeof harms;
  /** What happened, in one or two sentences. */
  readonly what: string;
  /**
   * The guard that fixes it. Its removal shows the fault again: a guard of the simulation by its name (`what`), or one whose removal
   * a named test detects.
   */
  readonly guard: string | RemovedGuard;
}

export type RemovedGuard = Omit<Guard, 'detectedBy'> & {
  /** File and title of a test that fails without it. */
  readonly test: { readonly file: string; readonly title: string };
};

export const guardNameOf = ({ guard }: Fault): string => (typeof guard === 'string' ? guard : guard.what);

/** A guard as `npm run simulate -- --guards` removes it. */
export const guardsOf = (faults: readonly Fault[]): readonly Guard[] =>
  faults.flatMap(({ guard }): readonly Guard[] =>
    typeof guard === 'string'
      ? []
      : [{ file: guard.file, find: guard.find, replace: guard.replace, what: guard.what, detectedBy: guard.test }],
  );

/** The command that removes a fault's guard in a copy of the sources, and shows the fault. */
export const commandOf = (fault: Fault): string => `npm run simulate -- --guards --only "${guardNameOf(fault)}"`;
