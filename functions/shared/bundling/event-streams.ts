/**
 * Replaces the AWS SDK's event streams in the bundles (`infra/compute/bundles.ts`): no call of the hub streams. The SDK imports
 * them dynamically, so every bundle would contain in full all modules that they share with the rest of it.
 */

/** Has the name of the export that it replaces (`@smithy/core/event-streams`). Always throws. */
export const EventStreamSerde = function noEventStreams(): never {
  throw new Error('No call of the hub streams events');
};
