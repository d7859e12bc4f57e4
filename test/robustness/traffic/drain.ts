import { setTimeout as pause } from 'node:timers/promises';
import type { Caller } from './client.ts';
import { type KnownMission, readEvents, readReceipts, readStatus } from './readers.ts';
import type { Subscribed } from './subscriptions.ts';

/** Whether a number that has not arrived was given up by the hub. */
const isGivenUp = async (
  caller: Caller,
  {
    subscribed,
    number,
    missions,
  }: { readonly subscribed: Subscribed; readonly number: number; readonly missions: readonly KnownMission[] },
): Promise<boolean> => {
  const page = await readEvents(caller, subscribed, { since: number });
  const known = missions.find(({ mission }) => mission === page?.missions[0]);
  if (known === undefined) return false;
  // The AMK LA may read every receipt of its mission.
  const receipts = await readReceipts(caller, known.coordinator, known.mission);
  return (
    receipts?.some(
      (one) => one.subscription === subscribed.id && one.number === number && one.status === 'not-done',
    ) === true
  );
};

/** The whole wait is at most so many times the limit. */
const longestFactor = 4;

/**
 * Waits until every event of every open subscription has arrived or was given up, twice in a row. `false` if nothing arrives for the
 * limit, in milliseconds, or if it takes four times as long.
 */
export const drain = async (
  caller: Caller,
  {
    subscriptions,
    missions,
    limit,
  }: {
    readonly subscriptions: readonly Subscribed[];
    readonly missions: readonly KnownMission[];
    readonly limit: number;
  },
): Promise<boolean> => {
  const { recorder } = caller;
  const givenUp = new Set<string>();
  const isPending = async (subscribed: Subscribed): Promise<boolean> => {
    const last = await readStatus(caller, subscribed);
    if (last === undefined) return true;
    for (let number = 1; number <= last; number += 1) {
      const name = `${subscribed.id}.${number}`;
      if (subscribed.receiver.taken.has(number) || givenUp.has(name)) continue;
      if (!(await isGivenUp(caller, { subscribed, number, missions }))) return true;
      givenUp.add(name);
    }
    return false;
  };
  const arrived = (): number => subscriptions.reduce((sum, { receiver }) => sum + receiver.taken.size, 0);
  const latest = recorder.now() + longestFactor * limit;
  let quiet = 0;
  let before = arrived();
  for (let until = recorder.now() + limit; recorder.now() < Math.min(until, latest); await pause(1_000)) {
    if (arrived() > before) until = recorder.now() + limit;
    before = arrived();
    const pending = [];
    for (const subscribed of subscriptions.filter(({ isOpen }) => isOpen))
      if (await isPending(subscribed)) pending.push(subscribed);
    quiet = pending.length === 0 ? quiet + 1 : 0;
    if (quiet === 2) return true;
  }
  return false;
};
