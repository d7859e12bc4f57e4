import type { StoredEntry } from '../../../core/mission/mission-log.ts';
import { deadlineOf } from '../../../core/mission/state.ts';
import { uuidOf } from '../../../schemas/identifiers.ts';
import {
  appendTimes,
  clocksAhead,
  deliverWithin,
  entryKey,
  type Facts,
  fanOutTimes,
  mustReach,
  nameOf,
  second,
} from './facts.ts';
import type { OnViolation } from './invariants.ts';

/** Whether people are alerted when they must be, once, and not otherwise. */

/**
 * Without faults a passed deadline is reported within this, milliseconds: the sweeper looks every two seconds, returns to an
 * obligation after thirty if a process crashed, and clocks differ.
 */
const overdueWithin = 90 * second;
/** The sweeper's clock may be ahead by this, milliseconds. */
const maxSkew = 5 * second;

/** The first time of each name. */
const firstTimes = (times: readonly (readonly [string, number])[]): ReadonlyMap<string, number> =>
  new Map(times.toReversed());

export const hasNoSubscription = (mission: string, organisation: string): string =>
  uuidOf('party-unreachable', mission, organisation, 'no-subscription');

const overdueReport = ({ event, facts: { task, deadline, answer } }: StoredEntry) =>
  event === 'acknowledgement-overdue' && answer === 'overdue' && task !== undefined && deadline !== undefined
    ? { task, deadline }
    : undefined;

export const deadlinesAreReported = ({ world, logs, faultsEnd }: Facts, violated: OnViolation): void => {
  const broken = (detail: string): void => violated('one alert per missed deadline', detail);
  const appendedAt = appendTimes(world);
  const now = world.scheduler.now();
  for (const [mission, log] of logs) {
    const reported = new Set<string>();
    for (const [index, entry] of log.entries()) {
      const at = appendedAt.get(entryKey(mission, entry.number)) ?? 0;
      const before = log[index - 1]?.state;
      const overdue = overdueReport(entry);
      if (overdue !== undefined) {
        const { task: id, deadline } = overdue;
        const key = `${id} ${deadline}`;
        if (reported.has(key)) broken(`${nameOf(entry)}: ${key} is reported twice`);
        reported.add(key);
        if (at + maxSkew + clocksAhead(world) < Date.parse(deadline))
          broken(`${nameOf(entry)}: ${key} is reported too early`);
        const task = before?.tasks.find((one) => one.id === id);
        if (task === undefined || deadlineOf(task) !== deadline)
          broken(`${nameOf(entry)}: ${key} is not the deadline of the Task`);
      }
      for (const task of before?.tasks ?? []) {
        const due = deadlineOf(task);
        if (due === undefined || task.id === overdue?.task) continue;
        const opened = appendedAt.get(entryKey(mission, task.changedBy)) ?? 0;
        const late = Math.max(Date.parse(due), faultsEnd, opened) + overdueWithin;
        const after = entry.state.tasks.find((one) => one.id === task.id);
        if (at > late && (after === undefined || deadlineOf(after) !== due))
          broken(`${nameOf(entry)} changes ${task.id}, whose deadline ${due} passed long before without a report`);
      }
    }
    for (const task of log.at(-1)?.state.tasks ?? []) {
      const due = deadlineOf(task);
      if (due !== undefined && Math.max(Date.parse(due), faultsEnd) + overdueWithin < now)
        broken(`${mission.slice(0, 4)}: ${task.id} is overdue since ${due}, and nobody was alerted`);
    }
  }
};

export const hubMessagesAreWrittenOnce = ({ logs }: Facts, violated: OnViolation): void => {
  for (const log of logs.values()) {
    const written = new Set<string>();
    for (const [index, { event, facts, number, mission, messageId }] of log.entries()) {
      if (facts.undelivered === undefined) continue;
      const { organisation, entry, outage } = facts.undelivered;
      // A missing subscription is reported once per mission, whatever else was reported of the party.
      if (messageId === hasNoSubscription(mission, organisation)) continue;
      const subject = `${event} ${organisation} ${event === 'party-unreachable' ? (outage ?? entry) : entry}`;
      if (written.has(subject)) violated('each hub message once', `${mission.slice(0, 4)}#${number}: ${subject}`);
      written.add(subject);
      const wasUnreachable = log[index - 1]?.state.unreachable?.[organisation] !== undefined;
      if (event === 'party-unreachable' && outage === undefined && wasUnreachable)
        violated('each hub message once', `${mission.slice(0, 4)}#${number}: ${organisation} was unreachable already`);
    }
  }
};

export const alertsAreNeeded = ({ world, logs, notifications }: Facts, violated: OnViolation): void => {
  const appendedAt = appendTimes(world);
  const completedAt = fanOutTimes(world);
  const all = [...notifications.values()].flat();
  for (const log of logs.values())
    for (const { facts, receivedAt, mission, number, event, messageId } of log) {
      const { undelivered } = facts;
      if (undelivered === undefined) continue;
      const { organisation, entry } = undelivered;
      const appendedFor = appendedAt.get(entryKey(mission, number)) ?? 0;
      // A missing subscription is true whatever the party had before.
      if (messageId === hasNoSubscription(mission, organisation)) continue;
      // Until its fan-out is completed an entry does not list the notified subscriptions (docs/simulation.md, "Known limits").
      const listedFrom = completedAt.get(entryKey(mission, entry)) ?? Number.POSITIVE_INFINITY;
      if (listedFrom + deliverWithin > appendedFor) continue;
      // Only those listed: of two fan-outs at once one may notify a subscription that the other did not see.
      const listed = new Set(log[entry - 1]?.notified.map((one) => `${one.subscription}.${one.number}`));
      const delivered = all.find(
        (one) =>
          listed.has(`${one.subscription}.${one.number}`) &&
          one.organisation === organisation &&
          one.mission === mission &&
          one.entry === entry &&
          one.status === 'delivered' &&
          one.redrivenAt === undefined &&
          one.completedAt !== undefined &&
          Date.parse(one.completedAt) + 60 * second < Math.min(Date.parse(receivedAt), appendedFor),
      );
      if (delivered !== undefined)
        violated(
          'no false alert',
          `${mission.slice(0, 4)}#${number} ${event}: ${delivered.subscription}.${delivered.number} was taken at ${delivered.completedAt}`,
        );
    }
};

/**
 * The sweeper checks a notification 15 s after it was written, and again when it is 30 s old. A pass takes some seconds, more with a
 * burst of missions. Milliseconds.
 */
const alertedWithin = 50 * second;
/** While another subscription of the party is being tried. */
const alertedOfSeveralWithin = 80 * second;

/** Whether people know of every notification that is pending for long; also if no worker has taken it up. */
export const peopleAreAlertedInTime = (
  { world, isCalm, logs, subscriptions, notifications }: Facts,
  violated: OnViolation,
): void => {
  if (!isCalm) return;
  const { history } = world;
  const appendedAt = appendTimes(world);
  const numberedAt = firstTimes(history.numbered.map((one) => [`${one.subscription}.${one.number}`, one.at]));
  const completedAt = firstTimes(history.completed.map(({ name, at }) => [name, at]));
  const ended = new Set(history.turnedOff.map(({ subscription }) => subscription));
  const all = [...notifications.values()].flat();
  for (const { subscription, number, organisation, mission, entry: entryNumber } of all) {
    const log = logs.get(mission) ?? [];
    const entry = log[entryNumber - 1];
    if (entry === undefined || !mustReach(entry, organisation) || ended.has(subscription)) continue;
    const isOnly = subscriptions.filter((one) => one.organisation === organisation).length === 1;
    const name = `${subscription}.${number}`;
    const by = (numberedAt.get(name) ?? 0) + (isOnly ? alertedWithin : alertedOfSeveralWithin);
    const isReached = all.some(
      (one) =>
        one.organisation === organisation &&
        one.mission === mission &&
        one.entry === entryNumber &&
        (completedAt.get(`${one.subscription}.${one.number}`) ?? Number.POSITIVE_INFINITY) <= by,
    );
    const known = log.filter((one) => (appendedAt.get(entryKey(mission, one.number)) ?? 0) <= by);
    const isAlerted =
      entry.state.unreachable?.[organisation] !== undefined ||
      known.some(
        ({ number: at, facts: { undelivered }, state }) =>
          (undelivered?.organisation === organisation && undelivered.entry === entryNumber) ||
          (at >= entryNumber && state.unreachable?.[organisation] !== undefined),
      );
    if (!isReached && !isAlerted)
      violated('people alerted in time', `${name} of ${nameOf(entry)} is pending, and nobody was alerted in time`);
  }
};
