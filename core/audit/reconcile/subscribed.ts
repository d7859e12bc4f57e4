import type { LoggedEntry, StoredSubscription } from './logged.ts';
import type { AuditedMission } from './mission-so-far.ts';
import type { Said } from './read-text.ts';

/** Which subscriptions of a party must have an entry, as far as that can be known afterwards. */

/** Clocks of functions differ, and a change of a subscription takes effect with its second write; milliseconds. */
const slackMilliseconds = 60_000;

const roles = (
  { requester, coordinator, tasks, observers }: AuditedMission,
  organisation: string,
): readonly string[] => [
  ...(organisation === requester ? ['requester'] : []),
  ...(organisation === coordinator ? ['coordinator'] : []),
  ...(tasks.some(({ owner }) => owner === organisation) ? ['performer'] : []),
  ...(observers.has(organisation) ? ['observer'] : []),
];

/** Whether the filter of a subscription, as it is now, selects an entry. */
export const selects = (
  { filter, organisation }: StoredSubscription,
  { mission }: LoggedEntry,
  { event, code }: Said,
  after: AuditedMission,
): boolean => {
  const own = roles(after, organisation);
  return (
    (filter.events === undefined || filter.events.includes(event) || filter.events.includes(code)) &&
    (filter.urgencies === undefined || filter.urgencies.includes(after.urgency)) &&
    (filter.missions === undefined || filter.missions.includes(mission)) &&
    (filter.roles === undefined || filter.roles.some((role) => own.includes(role)))
  );
};

/**
 * Whether the fan-out of an entry must have found a subscription with the filter that it has now. `unknown`: it was created, ended,
 * or given another filter at that time or later, and nothing tells what the fan-out saw.
 */
export const inForce = (
  { createdAt, filterChangedAt, endedAt, isOff }: StoredSubscription,
  { receivedAt, fanOutCompletedAt }: LoggedEntry,
): 'yes' | 'no' | 'unknown' => {
  const from = Date.parse(receivedAt);
  const to = Math.max(from, Date.parse(fanOutCompletedAt ?? receivedAt));
  if (Date.parse(createdAt) > to + slackMilliseconds) return 'no';
  // Nothing says when a subscription of an earlier release ended.
  const end = endedAt === undefined ? (isOff ? undefined : Number.POSITIVE_INFINITY) : Date.parse(endedAt);
  if (end !== undefined && end < from - slackMilliseconds) return 'no';
  // One that was ended as it was created was never listed.
  if (endedAt === createdAt) return 'no';
  const since = Math.max(Date.parse(createdAt), filterChangedAt === undefined ? 0 : Date.parse(filterChangedAt));
  return end !== undefined && end > to + slackMilliseconds && since < from - slackMilliseconds ? 'yes' : 'unknown';
};
