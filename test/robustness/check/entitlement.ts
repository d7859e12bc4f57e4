import type { Settings } from '../history.ts';
import type { Entry, Index } from './entries.ts';
import type { Subscription } from './subscriptions.ts';

/** Whether settings let an event of an entry pass; undefined if the history does not show enough of the entry. */
const passes = (settings: Settings, { event }: Entry, priority: string | undefined): boolean | undefined => {
  if (settings.events !== undefined && (event === undefined || !settings.events.includes(event)))
    return event === undefined ? undefined : false;
  if (settings.priorities === undefined) return true;
  return priority === undefined ? undefined : settings.priorities.includes(priority);
};

/** The urgency of a mission: the traffic never changes it. */
const priorityOf = ({ missions }: Index, mission: string): string | undefined =>
  missions.get(mission)?.[0]?.message?.sent.priority;

/**
 * When the hub may have looked up the subscriptions that an entry notifies. If the only attempt was answered, and the answer
 * knew whom the hub reaches, it was before that answer; otherwise it may be long after.
 */
const lookedUpUntil = ({ message }: Entry): number => {
  const [only, ...others] = message?.attempts ?? [];
  const isKnown = only?.outcome === 'ok' && others.length === 0 && only.warnings?.includes('reach-unknown') !== true;
  return isKnown ? only.end : Infinity;
};

/** Whether a subscription must, may or must not be notified of an entry by its filter, and by when it was created and ended. */
export const wantedBy = (index: Index, subscription: Subscription, entry: Entry): 'always' | 'maybe' | 'never' => {
  const from = entry.message?.firstStart ?? (entry.isOfHub ? 0 : -Infinity);
  const until = lookedUpUntil(entry);
  const priority = priorityOf(index, entry.mission);
  const answers = subscription
    .possible(from, until)
    .map((settings) => (typeof settings === 'string' ? false : passes(settings, entry, priority)));
  if (answers.every((answer) => answer === false)) return 'never';
  return answers.every((answer) => answer === true) ? 'always' : 'maybe';
};
