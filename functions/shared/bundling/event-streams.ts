/**
 * Stands for the AWS SDK's event streams (`infra/compute/bundles.ts` puts it there): no call of the hub streams. The SDK imports
 * them when they are first needed, which would keep whole in every bundle whatever they share with the rest of it.
 */

/** Has the name of what it stands for (`@smithy/core/event-streams`); always throws. */
export const EventStreamSerde = function noEventStreams(): never {
  throw new Error('No call of the hub streams events');
};
