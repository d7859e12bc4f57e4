import type { RecordOf } from '../../history.ts';
import type { Entry, Index, Message } from '../entries.ts';
import type { Finding, Property } from '../property.ts';

/** Each message has one answer, and a version one message. */
const oneAnswer = ({ messages }: Index): readonly Finding[] => {
  const byVersion = new Map<string, Message>();
  return messages.flatMap((message) => {
    const [first, ...others] = message.attempts.filter(({ outcome }) => outcome === 'ok');
    if (first === undefined) return [];
    const other = others.find(({ mission, version }) => mission !== first.mission || version !== first.version);
    if (other !== undefined)
      return [
        { says: `${message.id} was answered version ${first.version}, then ${other.version}`, excerpt: [first, other] },
      ];
    const key = `${first.mission} ${first.version}`;
    const taken = byVersion.get(key);
    byVersion.set(key, message);
    return taken === undefined
      ? []
      : [{ says: `two messages were answered version ${first.version}`, excerpt: [...taken.attempts, first] }];
  });
};

const withoutGap = ({ logs }: Index): readonly Finding[] =>
  [...logs.values()].flatMap((log) => {
    const position = log.entries.findIndex(({ version }, index) => version !== index + 1);
    return position < 0
      ? []
      : [{ says: `the log has version ${log.entries[position]?.version} in place of ${position + 1}`, excerpt: [log] }];
  });

/** A message that was accepted before another one was sent has the lower version. */
const inTime = (entries: readonly Entry[]): readonly Finding[] => {
  let earliest: Message | undefined;
  const found: Finding[] = [];
  for (const { message, version } of entries.toReversed()) {
    if (message === undefined) continue;
    const accepted = earliest?.acceptedAt ?? Infinity;
    if (earliest !== undefined && accepted < message.firstStart)
      found.push({
        says: `version ${version} was sent after a higher version had been accepted`,
        excerpt: [...earliest.attempts, ...message.attempts],
      });
    if ((message.acceptedAt ?? Infinity) < accepted) earliest = message;
  }
  return found;
};

/** Reads show every version accepted before they began, and none sent after they ended; a later read shows no lower version. */
const reads = (index: Index): readonly Finding[] => {
  const byMission = Map.groupBy(
    index.of('read').filter(({ outcome, version }) => outcome === 'ok' && version !== undefined),
    ({ mission }) => mission,
  );
  return [...byMission].flatMap(([mission, own]) => {
    const accepted = (index.missions.get(mission) ?? []).filter(({ message }) => message?.acceptedAt !== undefined);
    // A party whose part has ended reads the mission as it was then.
    const lasting = index.parties.get(mission)?.lasting;
    return own.flatMap((read): readonly Finding[] => {
      const shown = read.version ?? 0;
      const missing = accepted.find(
        ({ version, message }) =>
          lasting?.has(read.organisation) === true && version > shown && (message?.acceptedAt ?? Infinity) < read.start,
      );
      if (missing !== undefined)
        return [
          {
            says: `a read shows version ${shown} after version ${missing.version} had been accepted`,
            excerpt: [...(missing.message?.attempts ?? []), read],
          },
        ];
      const early = index.entryOf(mission, shown)?.message;
      if (early !== undefined && early.firstStart > read.end)
        return [{ says: `a read shows version ${shown} before it was sent`, excerpt: [read, ...early.attempts] }];
      const back = own.find(
        ({ organisation, end, version }) =>
          organisation === read.organisation && end < read.start && (version ?? 0) > shown,
      );
      return back === undefined
        ? []
        : [{ says: `a read shows version ${shown} after version ${back.version}`, excerpt: [back, read] }];
    });
  });
};

const ifMatch = (index: Index): readonly Finding[] =>
  index.of('send').flatMap((send: RecordOf<'send'>): readonly Finding[] => {
    const { ifMatch: expected } = send.message;
    if (expected === undefined) return [];
    if (send.outcome === 'ok' && send.version !== expected + 1)
      return [{ says: `If-Match ${expected} was accepted as version ${send.version}`, excerpt: [send] }];
    if (send.fault !== 'version-conflict') return [];
    const next = index.entryOf(send.message.mission, expected + 1);
    // The hub's own messages have no time of sending.
    if (next?.isOfHub === true || (next?.message !== undefined && next.message.firstStart < send.end)) return [];
    // Without the log, a version that the history does not show may be the hub's own.
    if (next?.message === undefined && (next !== undefined || !index.logs.has(send.message.mission ?? ''))) return [];
    return [{ says: `If-Match ${expected} was refused while it was the newest version`, excerpt: [send] }];
  });

export const versions: Property = {
  name: 'versions',
  definition:
    'The versions of a mission are 1, 2, 3 … without a gap, and linearizable: a message accepted before another is sent has the lower version, and a read shows at least every version accepted before it. A repeated message gets its first version. If-Match with version n is accepted as n + 1, or refused because n + 1 exists.',
  findings: (index) => [
    ...oneAnswer(index),
    ...withoutGap(index),
    ...[...index.missions.values()].flatMap(inTime),
    ...reads(index),
    ...ifMatch(index),
  ],
};
