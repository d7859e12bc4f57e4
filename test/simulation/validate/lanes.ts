import { slotsPerEndpoint, slotsPerParty } from '../../../core/delivery/call-slots.ts';
import type { EndpointCall } from '../endpoints.ts';
import { type Facts, second } from './facts.ts';
import type { OnViolation } from './invariants.ts';

/** Whether the two lanes of delivery keep what ADR 44 says of them. */

/** Clocks of two processes differ by this at most, milliseconds, unless one is an hour ahead. */
const maxSkew = 5 * second;
const anHour = 3_600 * second;
/** A caller knows of its slot so long after it was taken, milliseconds. */
const longestAnswer = 5 * second;

type Taken = Facts['world']['history']['slotsTaken'][number];

/** A call, and when it no longer counts: it has ended, or another caller may have its slot. */
interface CountedCall {
  readonly call: EndpointCall;
  readonly until: number;
}

/** To a caller whose clock is an hour ahead the slots of others have ended, and to others its own has. */
const isAhead = ({ clockError }: Pick<Taken, 'clockError'>): boolean => clockError > anHour / 2;

const mostAtOnce = (calls: readonly CountedCall[]): number =>
  Math.max(
    0,
    ...calls.map(({ call: { at } }) => calls.filter((other) => other.call.at <= at && other.until > at).length),
  );

export const slotsBoundCalls = ({ world }: Facts, violated: OnViolation): void => {
  const { endpoints, history } = world;
  const taken = Map.groupBy(history.slotsTaken, ({ process }) => process);
  const aheadIn = Map.groupBy(history.slotsWanted.filter(isAhead), ({ organisation }) => organisation);
  const counted: CountedCall[] = [];
  for (const call of endpoints.calls) {
    if (call.lane !== 'slow') continue;
    const slot = taken.get(call.process)?.findLast(({ at }) => at <= call.at);
    if (slot === undefined || (slot.freedAt ?? Number.POSITIVE_INFINITY) < call.at) {
      violated('calls in slots', `${call.process} sent ${call.webhookId} without a slot`);
      continue;
    }
    if (isAhead(slot)) continue;
    const lapsesAt = slot.until - maxSkew;
    const overriddenAt = aheadIn.get(call.organisation)?.find(({ at }) => at >= slot.at - longestAnswer)?.at;
    const until = Math.min(call.endedAt ?? call.at, lapsesAt, overriddenAt ?? Number.POSITIVE_INFINITY);
    counted.push({ call, until });
  }
  for (const [subscription, own] of Map.groupBy(counted, ({ call }) => call.subscription)) {
    const most = mostAtOnce(own);
    if (most > slotsPerEndpoint) violated('calls in slots', `${most} calls to ${subscription} at the same time`);
  }
  for (const [organisation, own] of Map.groupBy(counted, ({ call }) => call.organisation)) {
    const most = mostAtOnce(own);
    if (most > slotsPerParty) violated('calls in slots', `${most} calls to ${organisation} at the same time`);
  }
};

export const quickLaneCallsQuickEndpoints = ({ world }: Facts, violated: OnViolation): void => {
  const { endpoints, history } = world;
  const changesOf = Map.groupBy(history.speedChanges, ({ subscription }) => subscription);
  const settingsOf = Map.groupBy(history.changed, ({ subscription }) => subscription);
  for (const { lane, at, begunAt, subscription, webhookId } of endpoints.calls) {
    if (lane !== 'quick') continue;
    const known = changesOf.get(subscription)?.findLast((change) => change.at < begunAt);
    const isReplaced = settingsOf.get(subscription)?.some((changed) => changed.at >= (known?.at ?? 0));
    if (known?.isSlow !== true || isReplaced === true) continue;
    const isQuickMeanwhile = changesOf.get(subscription)?.some((one) => one.at >= begunAt && one.at <= at);
    if (isQuickMeanwhile !== true)
      violated(
        'quick lane calls quick endpoints',
        `${webhookId} was sent ${Math.round((at - known.at) / 1000)} s after its endpoint was found to be slow`,
      );
  }
};

const notificationIn = (job: string): string => job.split('.').slice(0, 2).join('.');

export const jobsAreMoved = ({ world }: Facts, violated: OnViolation): void => {
  const { history } = world;
  const completed = Map.groupBy(history.completed, ({ name }) => name);
  const redriven = Map.groupBy(history.redriven, ({ subscription, number }) => `${subscription}.${number}`);
  const moved = Map.groupBy(
    history.jobsSent.filter(({ lane }) => lane === 'slow'),
    ({ job }) => job,
  );
  for (const { at, lane, job } of history.jobsDone) {
    if (lane !== 'quick') continue;
    const name = notificationIn(job);
    const pendingSince = redriven.get(name)?.findLast((one) => one.at <= at)?.at ?? 0;
    const isComplete = completed.get(name)?.some((one) => one.at <= at && one.at >= pendingSince) === true;
    if (!isComplete && moved.get(job)?.some((one) => one.at <= at) !== true)
      violated('no job lost between lanes', `${job} left the quick lane, is pending, and is not in the slow lane`);
  }
};

/** To a quick endpoint a notification is sent within this, milliseconds, whatever other parties' endpoints do. */
const sentWithin = 6 * second;

export const slowPartiesDelayNobody = (
  { world, isCalm, subscriptions, notifications }: Facts,
  violated: OnViolation,
): void => {
  if (!isCalm) return;
  const { endpoints, history } = world;
  const changed = new Set([...history.changing, ...history.turnedOff].map(({ subscription }) => subscription));
  const troubled = new Set(
    subscriptions
      .filter((one) => changed.has(one.id) || endpoints.troubled.has(one.endpoint))
      .map((one) => one.organisation),
  );
  const firstSent = new Map<string, number>();
  for (const { webhookId, at } of endpoints.calls) if (!firstSent.has(webhookId)) firstSent.set(webhookId, at);
  const numberedAt = new Map(
    history.numbered.toReversed().map(({ subscription, number, at }) => [`${subscription}.${number}`, at]),
  );
  for (const [subscription, own] of notifications)
    for (const { number, organisation } of own) {
      const name = `${subscription}.${number}`;
      if (troubled.has(organisation)) continue;
      const waited = (firstSent.get(name) ?? Number.POSITIVE_INFINITY) - (numberedAt.get(name) ?? 0);
      if (waited > sentWithin)
        violated('slow parties delay nobody', `${name} was first sent after ${Math.round(waited / 1000)} s`);
    }
};
