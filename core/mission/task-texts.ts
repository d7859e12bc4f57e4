import { defined } from '../../schemas/defined.ts';
import type { Reason } from '../../schemas/messages/message-type.ts';
import { isFinal, type Named, type TaskAsk, type TaskState } from './state.ts';

/**
 * Every entry carries the Tasks of its mission, so what senders write about Tasks must not add up to more than an entry holds.
 * The texts of a message are in its entry for good. A state carries those of the Tasks that matter most now.
 */

/** Bytes of senders' texts in the Tasks of a state: 660 for each of 60 Tasks. */
const mostTextBytes = 40_000;

const textsOfNamed = ({ identifier, display }: Named = {}): readonly (string | undefined)[] => [
  identifier?.system,
  identifier?.value,
  display,
];

const textBytes = ({ ask, words, reason, decider }: TaskState): number =>
  [
    words,
    reason?.text,
    decider?.name,
    decider?.role,
    ask?.words,
    ...textsOfNamed(ask?.place),
    ...textsOfNamed(ask?.patient),
  ].reduce((sum, text) => sum + (text === undefined ? 0 : Buffer.byteLength(text)), 0);

const addressOnly = (named: Named | undefined): Named | undefined =>
  named === undefined ? undefined : defined({ reference: named.reference });

const askWithoutTexts = ({ words: _words, place, patient, ...kept }: TaskAsk): TaskAsk => ({
  ...kept,
  ...defined({ place: addressOnly(place), patient: addressOnly(patient) }),
});

const reasonWithoutText = ({ text: _text, ...kept }: Reason): Reason => kept;

/** The Task without texts. Codes, times and addresses stay, and who decided a coordination: a review needs another person. */
const withoutTexts = ({ words: _words, ask, reason, decider, ...kept }: TaskState): TaskState => ({
  ...kept,
  ...defined({
    ask: ask && askWithoutTexts(ask),
    reason: reason && reasonWithoutText(reason),
    decider:
      kept.kind === 'coordination' && decider !== undefined
        ? { name: decider.name, ...defined({ identifier: decider.identifier }) }
        : undefined,
  }),
});

/** The Tasks with the texts that a state carries: first those of open Tasks, and the newest before older ones. */
export const withinTextLimit = (tasks: readonly TaskState[]): readonly TaskState[] => {
  const sizes = new Map(tasks.map((task) => [task, textBytes(task)]));
  let left = mostTextBytes;
  const carried = new Set<TaskState>();
  const byWeight = tasks.toSorted(
    (one, other) => Number(isFinal(one)) - Number(isFinal(other)) || other.changedBy - one.changedBy,
  );
  for (const task of byWeight) {
    const size = sizes.get(task) ?? 0;
    if (size > left) continue;
    left -= size;
    carried.add(task);
  }
  return tasks.map((task) => (carried.has(task) ? task : withoutTexts(task)));
};
