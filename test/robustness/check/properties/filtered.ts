import type { Index, Sighting } from '../entries.ts';
import { wantedBy } from '../entitlement.ts';
import type { Finding, Property } from '../property.ts';

const atRightParty = (index: Index, { event, subscription: id, record, start, end }: Sighting): readonly Finding[] => {
  const subscription = index.subscriptions.get(id);
  if (subscription === undefined) return [{ says: `nobody has created the subscription ${id}`, excerpt: [record] }];
  const entry = index.entryOf(event.mission, event.version);
  if (entry === undefined) return [];
  const { organisation, calls } = subscription;
  const notified = index.parties.get(entry.mission)?.notified.get(entry);
  const name = `version ${entry.version} (${entry.event}) of ${entry.mission}`;
  const excerpt = [...(entry.message?.attempts.slice(0, 1) ?? []), record];
  if (notified !== undefined && !notified.has(organisation))
    return [{ says: `${organisation} is not notified of ${name}`, excerpt }];
  if (wantedBy(index, subscription, entry) === 'never')
    return [{ says: `the subscription ${id} does not want ${name}`, excerpt: [...calls, ...excerpt] }];
  if (record.record !== 'received') return [];
  const receivers = subscription
    .possible(entry.message?.firstStart ?? start, end)
    .flatMap((settings) => (typeof settings === 'string' ? [] : [settings.receiver]));
  return receivers.length === 0 || receivers.includes(record.receiver)
    ? []
    : [{ says: `the subscription ${id} has no endpoint at ${record.receiver}`, excerpt: [...calls, record] }];
};

/** Answers to parties that they do not concern. */
const readByOthers = (index: Index): readonly Finding[] => [
  ...[...index.of('read'), ...index.of('log'), ...index.of('entry'), ...index.of('receipts')].flatMap((record) => {
    const everParty = index.parties.get(record.mission)?.everParty;
    return record.outcome !== 'ok' || everParty === undefined || everParty.has(record.organisation)
      ? []
      : [{ says: `${record.organisation} has read ${record.mission}, without a part in it`, excerpt: [record] }];
  }),
  ...[...index.of('events'), ...index.of('status')].flatMap((record) => {
    const owner = index.subscriptions.get(record.subscription)?.organisation;
    return record.outcome !== 'ok' || owner === undefined || owner === record.organisation
      ? []
      : [{ says: `${record.organisation} has read the subscription of ${owner}`, excerpt: [record] }];
  }),
];

export const filtered: Property = {
  name: 'filtered',
  definition:
    'A subscription gets only events that notify its organisation and pass its filter, at its own endpoint, from its creation until its end. Missions and subscriptions are read only by organisations that have a part in them.',
  findings: (index) => [
    ...[...index.sightings.values()].flat().flatMap((sighting) => atRightParty(index, sighting)),
    ...readByOthers(index),
  ],
};
