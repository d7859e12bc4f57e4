import type { Index, Sighting } from '../entries.ts';
import type { Finding, Property } from '../property.ts';

const entryIn = ({ event: { mission, version } }: Sighting): string | undefined =>
  mission === undefined || version === undefined ? undefined : `version ${version} of ${mission}`;

/** The first two sightings that give one key two values. */
const contradiction = (
  sightings: readonly Sighting[],
  keyOf: (sighting: Sighting) => string | undefined,
  valueOf: (sighting: Sighting) => string | undefined,
  says: (key: string, values: readonly [string, string]) => string,
): readonly Finding[] => {
  const first = new Map<string, { readonly value: string; readonly sighting: Sighting }>();
  for (const sighting of sightings) {
    const [key, value] = [keyOf(sighting), valueOf(sighting)];
    if (key === undefined || value === undefined) continue;
    const known = first.get(key);
    if (known === undefined) first.set(key, { value, sighting });
    else if (known.value !== value)
      return [{ says: says(key, [known.value, value]), excerpt: [known.sighting.record, sighting.record] }];
  }
  return [];
};

const atSubscription = (sightings: readonly Sighting[]): readonly Finding[] => [
  ...contradiction(
    sightings,
    ({ event }) => String(event.number),
    entryIn,
    (number, [one, other]) => `number ${number} is ${one} and ${other}`,
  ),
  ...contradiction(
    sightings,
    entryIn,
    ({ event }) => String(event.number),
    (entry, [one, other]) => `${entry} has the numbers ${one} and ${other}`,
  ),
];

const webhookIds = (index: Index): readonly Finding[] =>
  index.of('received').flatMap((received) => {
    const { webhookId, subscription, event } = received;
    if (event === undefined || webhookId === `${subscription}.${event.number}`) return [];
    return [{ says: `webhook-id ${webhookId} carries event ${event.number} of ${subscription}`, excerpt: [received] }];
  });

export const unique: Property = {
  name: 'unique',
  definition:
    'A number of a subscription means one version of one mission, and a version has one number per subscription, in notifications and in $events, before and after a kill. A version is one message, and a message is one version. A webhook-id names the subscription and the number.',
  findings: (index) => [
    ...[...index.sightings.values()].flatMap(atSubscription),
    ...contradiction(
      [...index.sightings.values()].flat(),
      entryIn,
      ({ event }) => event.message,
      (entry, [one, other]) => `${entry} is the message ${one} and the message ${other}`,
    ),
    ...contradiction(
      [...index.sightings.values()].flat(),
      ({ event }) => event.message,
      entryIn,
      (message, [one, other]) => `the message ${message} is ${one} and ${other}`,
    ),
    ...webhookIds(index),
  ],
};
