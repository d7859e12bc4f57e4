import { deliverWithin, type Facts, appendTimes, entryKey, second } from './facts.ts';
import type { OnViolation } from './invariants.ts';

/** Whether subscriptions and their circuits follow what the endpoints did. */

/** Calls to an endpoint that is down, in any minute: those of several missions that open the circuit, and probes. */
const maxCallsPerMinute = 24;
/** Notifications in a row to an endpoint that is down: five open the circuit, and a few more are on their way then. */
const maxFailedInARow = 14;

export const handshakesPrecede = ({ world }: Facts, violated: OnViolation): void => {
  const { history, endpoints } = world;
  for (const [subscription, changes] of Map.groupBy(history.statusChanges, (one) => one.subscription)) {
    let since = 0;
    const settingsChanges = history.changed.filter((one) => one.subscription === subscription).map(({ at }) => at);
    for (const { at, from, to } of changes) {
      if (from === 'active' && to !== 'active') since = at;
      if (from === 'active' || to !== 'active') continue;
      const begun = Math.max(since, ...settingsChanges.filter((changed) => changed < at));
      const hasHandshake = endpoints.arrivals.some(
        (arrival) =>
          arrival.webhookId === `${subscription}.0` && arrival.taken && arrival.at > begun && arrival.at <= at,
      );
      if (!hasHandshake)
        violated(
          'active only after a handshake',
          `${subscription} became active at ${new Date(at).toISOString()} without a handshake`,
        );
    }
  }
};

export const endedGetNothing = ({ world, notifications }: Facts, violated: OnViolation): void => {
  const appendedAt = appendTimes(world);
  for (const { at, subscription } of world.history.turnedOff) {
    const late = world.endpoints.calls.find(
      (call) => call.subscription === subscription && call.at > at + deliverWithin,
    );
    if (late !== undefined)
      violated(
        'no notifications after off',
        `${late.webhookId} was sent ${Math.round((late.at - at) / 1000)} s after the end`,
      );
    for (const { mission, entry, number } of notifications.get(subscription) ?? []) {
      const name = `${subscription}.${number}`;
      if (
        (appendedAt.get(entryKey(mission, entry)) ?? 0) > at &&
        world.endpoints.arrivals.some(({ webhookId }) => webhookId === name)
      )
        violated('no notifications after off', `${name} is about an entry after the end`);
    }
  }
};

export const subscriberListIsCorrect = async (
  { world, subscriptions }: Facts,
  violated: OnViolation,
): Promise<void> => {
  const organisations = [...new Set(subscriptions.map(({ organisation }) => organisation))];
  const listed = new Map(
    (await world.stores.ports.subscriptions.subscribers(organisations)).map((one) => [one.id, one]),
  );
  for (const { id, status, filter } of subscriptions) {
    const found = listed.get(id);
    if (status === 'off' && found !== undefined)
      violated('subscriber list correct', `${id} has ended and is still listed`);
    if (status !== 'off' && JSON.stringify(found?.filter) !== JSON.stringify(filter))
      violated(
        'subscriber list correct',
        `${id} has filter ${JSON.stringify(filter)}, but is listed with ${JSON.stringify(found?.filter)}`,
      );
  }
};

export const probesAreSingle = ({ world, dead, faultsEnd }: Facts, violated: OnViolation): void => {
  // Without faults clocks agree; processes from before have ended a minute later.
  const probes = world.endpoints.calls.filter(
    ({ at, endpoint, webhookId, mode }) =>
      at > faultsEnd + 60 * second && dead.has(endpoint) && mode === 'down' && webhookId.endsWith('.0'),
  );
  for (const [subscription, own] of Map.groupBy(probes, (call) => call.subscription))
    for (const [index, { at }] of own.entries()) {
      const before = own[index - 1];
      if (before !== undefined && at - before.at < 900)
        violated(
          'one probe at a time',
          `${subscription}: two within ${at - before.at} ms at ${new Date(at).toISOString()}`,
        );
    }
};

export const failingEndpointsGetFewCalls = ({ world }: Facts, violated: OnViolation): void => {
  const { history, endpoints } = world;
  const changed = new Set(history.changed.map(({ subscription }) => subscription));
  for (const [subscription, own] of Map.groupBy(endpoints.calls, (call) => call.subscription)) {
    const down = own.filter(({ mode }) => mode === 'down');
    for (const [index, { at }] of down.entries()) {
      const later = down[index + maxCallsPerMinute];
      if (later === undefined || later.at - at > 60 * second) continue;
      violated(
        'few calls to a failing endpoint',
        `${subscription}: more than ${maxCallsPerMinute} calls in the minute from ${new Date(at).toISOString()}`,
      );
      break;
    }
    let failedInARow = 0;
    for (const { mode, webhookId, at } of own) {
      if (mode !== 'down') failedInARow = 0;
      else if (/\.\d+$/.test(webhookId) && !webhookId.endsWith('.0')) failedInARow += 1;
      if (failedInARow !== maxFailedInARow || changed.has(subscription)) continue;
      violated(
        'few calls to a failing endpoint',
        `${subscription}: ${maxFailedInARow} failed notifications in a row until ${new Date(at).toISOString()}`,
      );
      break;
    }
  }
};
