import type { Parts } from '../../history.ts';
import type { Index, Message, Sighting } from '../entries.ts';
import type { Finding, Property } from '../property.ts';

/** A part of the message that is absent or has another content. */
const differenceIn = (sent: Parts, seen: Parts): string | undefined => {
  const name = Object.keys(sent).find((one) => sent[one] !== seen[one]);
  return name === undefined ? undefined : `${name} ${seen[name] === undefined ? 'is missing' : 'has another content'}`;
};

/** An accepted message is in the log of its mission, as it was answered. */
const kept = ({ logs }: Index, { attempts, organisation, sent }: Message): readonly Finding[] => {
  const answer = attempts.find(({ outcome }) => outcome === 'ok');
  const log = answer?.mission === undefined ? undefined : logs.get(answer.mission);
  if (answer === undefined || log === undefined || log.start < answer.end) return [];
  const entry = log.entries.find(({ version }) => version === answer.version);
  if (entry === undefined)
    return [{ says: `was accepted as version ${answer.version}, which the log does not have`, excerpt: [answer, log] }];
  if (entry.event !== sent.event || entry.sender !== organisation)
    return [
      {
        says: `was accepted as version ${answer.version}, which is ${entry.event} of ${entry.sender ?? 'the hub'}`,
        excerpt: [answer, log],
      },
    ];
  return [];
};

/** What is seen of a refused message, and of a message that was seen before a repetition was refused. */
const refusedYetSeen = (message: Message, sightings: readonly Sighting[]): readonly Finding[] => {
  const refusal = message.attempts.find(({ outcome }) => outcome === 'refused');
  if (refusal === undefined || message.outcome === 'accepted') return [];
  const seen = sightings.find(({ end }) => message.outcome === 'refused' || end < refusal.start);
  return seen === undefined ? [] : [{ says: 'was refused, and is seen', excerpt: [refusal, seen.record] }];
};

/** Content at parties that may read all of the mission for its whole life. */
const complete = (index: Index, message: Message, sightings: readonly Sighting[]): readonly Finding[] =>
  sightings.flatMap(({ event, subscription, record }) => {
    const reader = index.subscriptions.get(subscription)?.organisation;
    const lasting = index.parties.get(event.mission ?? '')?.lasting;
    if (event.parts === undefined || reader === undefined || lasting?.has(reader) !== true) return [];
    const difference = differenceIn(message.sent.parts, event.parts);
    return difference === undefined
      ? []
      : [{ says: `arrived changed: ${difference}`, excerpt: [...message.attempts.slice(0, 1), record] }];
  });

const stored = (index: Index, byId: ReadonlyMap<string, Message>): readonly Finding[] =>
  index.of('entry').flatMap((entry) => {
    if (entry.outcome !== 'ok' || entry.message === undefined) return [];
    const message = byId.get(entry.message);
    if (message === undefined) return [{ says: `is stored, and nobody has sent it`, excerpt: [entry] }];
    if (message.outcome === 'refused')
      return [{ says: 'was refused, and is stored', excerpt: [...message.attempts.slice(-1), entry] }];
    const difference = differenceIn(message.sent.parts, entry.parts);
    return difference === undefined
      ? []
      : [{ says: `is stored changed: ${difference}`, excerpt: [...message.attempts.slice(0, 1), entry] }];
  });

/** Events of versions that the log, read later, does not have. */
const inLog = (index: Index): readonly Finding[] =>
  [...index.sightings.values()].flat().flatMap(({ event: { mission, version }, end, record }) => {
    const log = mission === undefined ? undefined : index.logs.get(mission);
    if (log === undefined || version === undefined || log.start < end) return [];
    return log.entries.some((entry) => entry.version === version)
      ? []
      : [{ says: `version ${version} is notified, and the log does not have it`, excerpt: [record, log] }];
  });

export const atomic: Property = {
  name: 'atomic',
  definition:
    'An accepted message is in the log of its mission, and appears with all its resources, unchanged. A refused message appears nowhere. A message with an unknown outcome is either in the log and treated as accepted, or appears nowhere.',
  findings: (index) => {
    const byId = new Map(index.messages.map((message) => [message.id, message]));
    const seen = new Map<string, Sighting[]>();
    for (const sighting of [...index.sightings.values()].flat()) {
      const id = sighting.event.message;
      if (id === undefined) continue;
      const group = seen.get(id);
      if (group === undefined) seen.set(id, [sighting]);
      else group.push(sighting);
    }
    return [
      ...index.messages.flatMap((message) => {
        const sightings = seen.get(message.id) ?? [];
        return [
          ...kept(index, message),
          ...refusedYetSeen(message, sightings),
          ...complete(index, message, sightings),
        ].map(({ says, excerpt }) => ({ says: `${message.sent.event} ${message.id} ${says}`, excerpt }));
      }),
      ...stored(index, byId),
      ...inLog(index),
    ];
  },
};
