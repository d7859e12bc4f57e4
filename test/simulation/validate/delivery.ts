import type { Subscription } from '../../../core/delivery/subscription.ts';
import { listsOf, rowOf } from '../../../core/mission/mission-lists.ts';
import type { StoredEntry } from '../../../core/mission/mission-log.ts';
import { appendTimes, creationTimes, deliverWithin, entryKey, type Facts, mustReach, nameOf, second } from './facts.ts';
import type { OnViolation } from './invariants.ts';
import { hasNoSubscription } from './people.ts';

/** Whether every party that must know an entry is notified, its receipts are true, and no obligation is left. */

const selects = ({ filter }: Subscription, entry: StoredEntry): boolean =>
  (filter.events?.includes(entry.event) ?? true) &&
  (filter.urgencies?.includes(entry.state.urgency) ?? true) &&
  (filter.missions?.includes(entry.mission) ?? true);

export const everyRecipientIsNotified = (
  { world, logs, subscriptions, notifications }: Facts,
  violated: OnViolation,
): void => {
  const { history } = world;
  const createdAt = creationTimes(world);
  const ended = new Set(history.turnedOff.map(({ subscription }) => subscription));
  // What a subscription with a changed filter selects depends on when it was read.
  const changed = new Set(history.filterChanges.map(({ subscription }) => subscription));
  const appendedAt = appendTimes(world);
  const notificationOf = new Map(
    [...notifications.values()].flat().map((one) => [`${one.subscription} ${entryKey(one.mission, one.entry)}`, one]),
  );
  const ofParty = Map.groupBy(subscriptions, ({ organisation }) => organisation);
  for (const [mission, log] of logs) {
    const alerts = log.flatMap(({ facts }) => (facts.undelivered === undefined ? [] : [facts.undelivered]));
    const ids = new Set(log.map(({ messageId }) => messageId));
    for (const entry of log) {
      const key = entryKey(mission, entry.number);
      const at = appendedAt.get(key) ?? 0;
      if (entry.fanOutPending) violated('no obligation left', `the fan-out of ${nameOf(entry)} is pending`);
      for (const organisation of entry.recipients) {
        const own = ofParty.get(organisation) ?? [];
        const found = own.flatMap(({ id }) => notificationOf.get(`${id} ${key}`) ?? []);
        for (const subscription of own) {
          const { id } = subscription;
          const existed = (createdAt.get(id) ?? Number.POSITIVE_INFINITY) < at && !ended.has(id);
          if (existed && !changed.has(id) && selects(subscription, entry) && !notificationOf.has(`${id} ${key}`))
            violated('every subscriber notified', `${id} has no notification of ${nameOf(entry)}`);
        }
        if (!mustReach(entry, organisation) || found.some(({ status }) => status === 'delivered')) continue;
        const isListed = found.length === 0 && entry.withoutSubscription.includes(organisation);
        const isAlerted = alerts.some((one) => one.organisation === organisation && one.entry === entry.number);
        const isAlertedForMission = isListed && ids.has(hasNoSubscription(mission, organisation));
        const isUnreachable =
          found.length === 0 &&
          log.some(({ number, state }) => number >= entry.number && state.unreachable?.[organisation] !== undefined);
        const isUnwanted = isListed && own.some((one) => changed.has(one.id) || !selects(one, entry));
        if (!isAlerted && !isAlertedForMission && !isUnreachable && !isUnwanted)
          violated(
            'notified or a person alerted',
            `${organisation} does not have ${nameOf(entry)} (${found.map(({ number, status }) => `${number} ${status}`).join()}), and nobody was alerted`,
          );
      }
    }
  }
};

const deadLetterNames = async ({ world }: Facts): Promise<ReadonlySet<string>> => {
  const names = new Set<string>();
  let from: string | undefined;
  do {
    const page = await world.stores.ports.deadLetters.list(1_000, from);
    for (const { subscription, number } of page.items) names.add(`${subscription}.${number}`);
    from = page.next;
  } while (from !== undefined);
  return names;
};

export const receiptsAreTrue = async (facts: Facts, violated: OnViolation): Promise<void> => {
  const { world, notifications, logs } = facts;
  const taken = new Set(world.endpoints.arrivals.filter((one) => one.taken).map(({ webhookId }) => webhookId));
  const deadLetters = await deadLetterNames(facts);
  for (const { subscription, number, was } of world.history.redriven)
    if (was !== 'failed')
      violated('dead letters complete', `${subscription}.${number} was ${was} when it was redriven`);
  const all = [...notifications.values()].flat();
  for (const { subscription, number, status, organisation, mission, entry: entryNumber } of all) {
    const name = `${subscription}.${number}`;
    if (status === 'pending') violated('receipts are true', `${name} is pending`);
    if (status === 'delivered' && !taken.has(name))
      violated('receipts are true', `${name} is delivered, but the endpoint did not take it`);
    if ((status === 'failed') !== deadLetters.has(name)) violated('dead letters complete', `${name} is ${status}`);
    if (status !== 'failed') continue;
    const log = logs.get(mission) ?? [];
    const entry = log[entryNumber - 1];
    const isReachedOtherwise = all.some(
      (one) =>
        one.organisation === organisation &&
        one.mission === mission &&
        one.entry === entryNumber &&
        one.status === 'delivered',
    );
    const isExempt = entry === undefined || !mustReach(entry, organisation) || isReachedOtherwise;
    const isAlerted = log.some(
      ({ event, facts: { undelivered } }) =>
        event === 'delivery-failed' && undelivered?.organisation === organisation && undelivered.entry === entryNumber,
    );
    if (!isExempt && !isAlerted) violated('dead letters complete', `${name} was given up, and nobody was alerted`);
  }
};

export const completedAreNotResent = ({ world }: Facts, violated: OnViolation): void => {
  const { history, endpoints } = world;
  const redriven = new Set(history.redriven.map(({ subscription, number }) => `${subscription}.${number}`));
  const completedAt = new Map<string, number>();
  for (const { at, name } of history.completed) if (!completedAt.has(name)) completedAt.set(name, at);
  for (const { at, webhookId } of endpoints.calls) {
    const completed = completedAt.get(webhookId);
    if (completed !== undefined && at > completed + deliverWithin && !redriven.has(webhookId))
      violated(
        'completed notifications not resent',
        `${webhookId} was sent ${Math.round((at - completed) / 1000)} s after it was completed`,
      );
  }
};

export const entriesListTheNotified = ({ world, logs, notifications }: Facts, violated: OnViolation): void => {
  const { history } = world;
  const createdAt = creationTimes(world);
  const unsteady = new Set([...history.turnedOff, ...history.filterChanges].map(({ subscription }) => subscription));
  const appendedAt = appendTimes(world);
  for (const { subscription, number, mission, entry: entryNumber } of [...notifications.values()].flat()) {
    const at = appendedAt.get(entryKey(mission, entryNumber)) ?? 0;
    if (unsteady.has(subscription) || (createdAt.get(subscription) ?? Number.POSITIVE_INFINITY) >= at) continue;
    const entry = logs.get(mission)?.[entryNumber - 1];
    if (entry?.notified.some((one) => one.subscription === subscription && one.number === number) !== true)
      violated(
        'entry lists the notified',
        `${mission.slice(0, 4)}#${entryNumber} does not list ${subscription}.${number}`,
      );
  }
};

export const worklistsAreCorrect = async ({ world, logs }: Facts, violated: OnViolation): Promise<void> => {
  const tasks = [...logs.values()].flatMap((log) => log.at(-1)?.state.tasks ?? []);
  const shown = new Map<string, string>();
  for (const owner of new Set(tasks.map((task) => task.owner)))
    for (const list of ['open', 'closed'] as const)
      for (const { task } of (await world.stores.ports.worklist.list(owner, list, 1_000)).items)
        shown.set(task.id, JSON.stringify(task));
  for (const task of tasks)
    if (shown.get(task.id) !== JSON.stringify(task))
      violated('worklists correct', `${task.id} is shown as ${shown.get(task.id)}`);
};

export const missionListsAreCorrect = async ({ world, logs }: Facts, violated: OnViolation): Promise<void> => {
  for (const state of [...logs.values()].flatMap((log) => log.at(-1)?.state ?? [])) {
    if (state.readiness !== undefined) continue;
    const expected = JSON.stringify(rowOf(state));
    for (const list of listsOf(state)) {
      const { items } = await world.stores.ports.missionLists.list(list, 'all', 1_000);
      const shown = JSON.stringify(items.find(({ mission }) => mission === state.mission));
      if (shown !== expected)
        violated('mission lists correct', `${state.mission} is shown as ${shown} to ${list.organisation}`);
    }
  }
};

export const noObligationIsLeft = ({ world, subscriptions, dead, faultsEnd }: Facts, violated: OnViolation): void => {
  const left = (detail: string): void => violated('no obligation left', detail);
  const byId = new Map(subscriptions.map((one) => [one.id, one]));
  const now = new Date(world.scheduler.now() - 10 * second).toISOString();
  const late = new Date(faultsEnd).toISOString();
  for (const { dueAt, obligation } of world.stores.pending()) {
    const detail = JSON.stringify({ ...obligation, dueAt });
    switch (obligation.kind) {
      case 'deadline':
        if (dueAt < now) left(detail);
        break;
      case 'contact': {
        const subscription = byId.get(obligation.subscription);
        // Its creation did not complete: no party was given it.
        if (subscription === undefined) break;
        const isDead = dead.has(subscription.endpoint);
        if (subscription.status === 'off') left(detail);
        if (!isDead && subscription.status !== 'active') left(`${detail} ${subscription.status}`);
        if (!isDead && dueAt < late) left(detail);
        break;
      }
      default:
        left(detail);
    }
  }
  // An endpoint that rejects a handshake for good gets the next one with the next notification.
  for (const { id, status, retryAt, rejectedSince, endpoint, failedCall } of subscriptions)
    if (
      ['requested', 'error'].includes(status) &&
      retryAt !== undefined &&
      rejectedSince === undefined &&
      !dead.has(endpoint)
    )
      left(`${id} is ${status} (${failedCall?.result}), but its endpoint is healthy`);
};
