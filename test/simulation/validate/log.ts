import { evolve, fold } from '../../../core/mission/evolve.ts';
import { entriesLike } from '../../../core/mission/known-messages.ts';
import { sealOfEntry } from '../../../core/mission/seal.ts';
import type { StoredEntry } from '../../../core/mission/mission-log.ts';
import type { MissionState } from '../../../core/mission/state.ts';
import { type Facts, nameOf } from './facts.ts';
import type { OnViolation } from './invariants.ts';

/** Whether the log holds what the senders were answered, and folds to the states that it carries. */

export const logMatchesAnswers = ({ logs, sent }: Facts, violated: OnViolation): void => {
  const inLog = new Map<string, StoredEntry[]>();
  for (const entry of [...logs.values()].flat()) {
    const key = `${entry.sender} ${entry.messageId}`;
    inLog.set(key, [...(inLog.get(key) ?? []), entry]);
  }
  const answered = new Set<string>();
  for (const { name, outgoing, replies, isContested } of sent) {
    const key = `${outgoing.sender.organisation} ${outgoing.message.id}`;
    const entries = inLog.get(key) ?? [];
    const accepted = replies.filter(({ reply }) => reply.status === 200);
    const final = replies.filter(({ reply }) => reply.status < 500);
    if (final.length === 0) violated('log matches answers', `${name} has no answer`);
    if (accepted.length > 0) answered.add(key);
    if (entries.length > 1) violated('log matches answers', `${name} is in the log ${entries.length} times`);
    for (const { reply } of accepted)
      if (entries[0]?.number !== reply.entry || entries[0]?.digest !== outgoing.message.digest)
        violated(
          'log matches answers',
          `${name} was answered 200 for entry ${reply.entry}, but the log has ${entries[0]?.number}`,
        );
    const refused = final.find(({ reply }) => reply.status !== 200);
    if (refused !== undefined && accepted.length > 0 && !isContested && replies.length <= 1)
      violated('log matches answers', `${name} was both accepted and refused`);
  }
  for (const [key, [entry]] of inLog)
    if (entry !== undefined && entry.sender !== 'luftbro' && !answered.has(key))
      violated('log matches answers', `${nameOf(entry)} is in the log, but was never answered 2xx`);
};

export const logIsComplete = ({ logs, world }: Facts, violated: OnViolation): void => {
  const written = new Map<string, number>();
  for (const { entry } of world.history.appended) written.set(entry.mission, (written.get(entry.mission) ?? 0) + 1);
  for (const [mission, log] of logs) {
    if (log.length !== written.get(mission) || log.some(({ number }, index) => number !== index + 1))
      violated('entries numbered without gaps', `${mission}: ${log.map(({ number }) => number).join()}`);
    let state: MissionState | undefined;
    for (const [index, entry] of log.entries()) {
      const { seal, fanOutPending: _pending, notified: _notified, withoutSubscription: _without, ...more } = entry;
      const { fanOutCompletedAt: _completedAt, ...content } = more;
      if (content.previous !== (log[index - 1]?.seal ?? '') || sealOfEntry(content) !== seal)
        violated('entries chained by digests', nameOf(entry));
      state = evolve(state, entry);
      if (JSON.stringify(state) !== JSON.stringify(entry.state))
        violated('state is the fold of the log', nameOf(entry));
    }
    if (JSON.stringify(fold(log)) !== JSON.stringify(state)) violated('state is the fold of the log', mission);
  }
};

export const everyMessageIsKnown = async ({ logs, world }: Facts, violated: OnViolation): Promise<void> => {
  for (const log of logs.values()) {
    const last = log.at(-1);
    if (last === undefined) continue;
    for (const entry of log) {
      const { sender, messageId, bundleId } = entry;
      const isFoundBy = async (asked: Parameters<typeof entriesLike>[2]): Promise<boolean> =>
        (await entriesLike(world.stores.ports.missions, last, asked, sender)).some(
          ({ number }) => number === entry.number,
        );
      if (!(await isFoundBy({ id: messageId }))) violated('every message is known', nameOf(entry));
      if (bundleId !== undefined && !(await isFoundBy({ id: 'another', bundleId })))
        violated('every message is known', `${nameOf(entry)} by its Bundle id`);
    }
  }
};
