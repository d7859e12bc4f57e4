import type { Subscription } from './subscription.ts';

/** Which endpoints are quick. Pure: no ports, no clock. */

/** Seconds that a call may take in the quick lane. */
export const quickCallSeconds = 2;

/** An answer within this time, milliseconds, is one of those that make a slow endpoint quick again. */
const quickAnswerMilliseconds = 1_000;

/** So many in a row make it quick again: an endpoint that is slow every other time stays slow. */
export const quickAnswersInARow = 3;

type Speed = Pick<Subscription, 'quickAnswersNeeded'>;

/** Whether the endpoint is known to be slow. */
export const isSlow = ({ quickAnswersNeeded }: Speed): boolean => quickAnswersNeeded !== undefined;

/** What hinders calls to the endpoint at once; nothing for most endpoints. */
export const hindranceOf = (subscription: Speed & Pick<Subscription, 'status'>): 'error' | 'slow' | undefined => {
  if (subscription.status === 'error') return 'error';
  return subscription.status === 'active' && isSlow(subscription) ? 'slow' : undefined;
};

/**
 * How quick the endpoint is after it took a call, in so many milliseconds. Between a second and two seconds nothing changes, so that
 * an endpoint near the limit does not alternate between the lanes.
 */
export const speedAfter = ({ quickAnswersNeeded }: Speed, milliseconds: number): number | undefined => {
  if (milliseconds >= quickCallSeconds * 1000) return quickAnswersInARow;
  if (quickAnswersNeeded === undefined || milliseconds > quickAnswerMilliseconds) return quickAnswersNeeded;
  return quickAnswersNeeded > 1 ? quickAnswersNeeded - 1 : undefined;
};
