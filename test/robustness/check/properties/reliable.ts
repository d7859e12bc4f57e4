import type { RecordOf } from '../../history.ts';
import type { Entry, Index } from '../entries.ts';
import { wantedBy } from '../entitlement.ts';
import type { Finding, Property } from '../property.ts';
import type { Subscription } from '../subscriptions.ts';

/** Readers with this name ask for every event of a subscription after the last message. */
const finalReader = 'final';

const isTaken = ({ answered }: RecordOf<'received'>): boolean =>
  answered !== 'none' && answered >= 200 && answered < 300;

/** The pages of the final reader, if they are all there. */
const finalPages = (index: Index, subscription: string): readonly RecordOf<'events'>[] | undefined => {
  const pages = index
    .of('events')
    .filter((page) => page.subscription === subscription && page.reader === finalReader && page.outcome === 'ok');
  return pages.at(-1)?.more === false ? pages : undefined;
};

/** The entries that the hub must know: answered 2xx, or in the log. */
const certain = (entry: Entry): boolean => entry.message !== undefined;

/** Every entry that a subscription must be notified of has a number there. */
const numbered = (
  index: Index,
  subscription: Subscription,
  pages: readonly RecordOf<'events'>[],
): readonly Finding[] => {
  const known = new Set(pages.flatMap(({ events }) => events.map(({ mission, version }) => `${mission} ${version}`)));
  const [listing] = pages.slice(-1);
  return [...index.parties].flatMap(([mission, { notified }]) => {
    // What is not in the log is for `atomic` to find.
    const log = index.logs.get(mission);
    return [...notified].flatMap(([entry, organisations]): readonly Finding[] => {
      if (!certain(entry) || !organisations.has(subscription.organisation)) return [];
      if (log !== undefined && !log.entries.some(({ version }) => version === entry.version)) return [];
      if (wantedBy(index, subscription, entry) !== 'always' || known.has(`${mission} ${entry.version}`)) return [];
      return [
        {
          says: `${entry.event} (version ${entry.version} of ${mission}) is no event of ${subscription.id}`,
          excerpt: [...(entry.message?.attempts.slice(-1) ?? []), ...(listing === undefined ? [] : [listing])],
        },
      ];
    });
  });
};

/** A message of the hub in the mission asks to phone the organisation. */
const phoned = (index: Index, mission: string | undefined, organisation: string): boolean => {
  const alerts = (index.missions.get(mission ?? '') ?? []).filter(
    ({ event }) => event === 'delivery-failed' || event === 'party-unreachable',
  );
  const named = new Map(
    [...index.sightings.values()]
      .flat()
      .filter(({ event }) => event.mission === mission && event.phone !== undefined)
      .map(({ event }) => [event.version, event.phone]),
  );
  return alerts.some(({ version }) => (named.get(version) ?? organisation) === organisation);
};

/** Another subscription of the organisation has the entry: people need not phone. */
const hasItElsewhere = (index: Index, { id, organisation }: Subscription, entry: string): boolean =>
  index
    .of('received')
    .some(
      (received) =>
        isTaken(received) &&
        received.subscription !== id &&
        `${received.event?.mission} ${received.event?.version}` === entry &&
        index.subscriptions.get(received.subscription)?.organisation === organisation,
    );

/** Every number of an open subscription was answered 2xx, or given up with people alerted. */
const delivered = (
  index: Index,
  subscription: Subscription,
  pages: readonly RecordOf<'events'>[],
): readonly Finding[] => {
  const { id, organisation } = subscription;
  const taken = new Set(
    index
      .of('received')
      .filter((received) => received.subscription === id && isTaken(received))
      .map(({ event }) => event?.number),
  );
  const givenUp = new Set(
    index
      .of('receipts')
      .flatMap(({ receipts }) => receipts)
      .filter((receipt) => receipt.subscription === id && receipt.status === 'not-done')
      .map(({ number }) => number),
  );
  return pages.flatMap((page) =>
    page.events.flatMap(({ number, mission, version }) => {
      if (taken.has(number)) return [];
      const isKnown =
        phoned(index, mission, organisation) || hasItElsewhere(index, subscription, `${mission} ${version}`);
      if (givenUp.has(number) && isKnown) return [];
      const attempts = index
        .of('received')
        .filter(({ event, subscription: to }) => to === id && event?.number === number);
      return [
        {
          says: `event ${number} of ${id} (version ${version} of ${mission}) has not arrived, and nobody is asked to phone ${organisation}`,
          excerpt: [...attempts, page],
        },
      ];
    }),
  );
};

export const reliable: Property = {
  name: 'reliable',
  definition:
    'At the end, every accepted message is an event of every subscription that it notifies, and every event was answered 2xx by its endpoint; or it was given up, and the organisation has it by another subscription, or a message of the hub in that mission asks to phone the organisation.',
  findings: (index) =>
    [...index.subscriptions.values()].flatMap((subscription) => {
      const pages = finalPages(index, subscription.id);
      if (pages === undefined) return [];
      return [
        ...numbered(index, subscription, pages),
        ...(subscription.isOpen ? delivered(index, subscription, pages) : []),
      ];
    }),
};
