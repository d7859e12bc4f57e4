import { describe, expect, test } from 'vitest';
import { lookAhead, numberNotification } from '../../../../core/delivery/number-notification.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { memoryHub } from '../../../memory/hub.ts';
import { endOfTime } from '../../../contract/scenario.ts';

const subscription = 'one';
const of = (mission: string, entry: number) => ({
  subscription,
  organisation: '311000012',
  mission,
  entry,
  writtenAt: '2026-02-01T11:00:00.000Z',
});
const place = { subscription, mission: 'a' };

/** A hub with so many numbers of other missions after a claim of entry 1 of mission `a` that was never completed. */
const claimedLongAgo = async (numbers: number) => {
  const hub = memoryHub();
  await hub.places.claim(place, { entry: 0, number: 0 }, { entry: 1, from: 0 });
  for (let number = 1; number <= numbers; number += 1)
    await hub.notifications.append({ ...of('b', number), number, status: 'pending', attempts: 0 }, endOfTime);
  const calls: string[] = [];
  const counted = <Result>(name: string, call: Promise<Result>): Promise<Result> => (calls.push(name), call);
  const ports = {
    places: {
      ...hub.places,
      claim: (...args: Parameters<typeof hub.places.claim>) => counted('claim', hub.places.claim(...args)),
    },
    notifications: {
      ...hub.notifications,
      taken: (...args: Parameters<typeof hub.notifications.taken>) =>
        counted('taken', hub.notifications.taken(...args)),
      append: (...args: Parameters<typeof hub.notifications.append>) =>
        counted('append', hub.notifications.append(...args)),
    },
  };
  return { hub, ports, calls };
};

describe('numberNotification', () => {
  test('completes a claim that was made long ago with few writes', async () => {
    const { hub, ports, calls } = await claimedLongAgo(lookAhead - 1);
    expect(await numberNotification(ports, of('a', 1), endOfTime)).toMatchObject({ number: lookAhead });
    expect(calls).toEqual(['taken', 'append']);
    expect(await hub.places.read(place)).toEqual({ entry: 1, number: lookAhead });
  });

  test('keeps how far it has looked if a claim is very long ago', async () => {
    const { ports, calls } = await claimedLongAgo(2 * lookAhead + 5);
    expect(await numberNotification(ports, of('a', 1), endOfTime)).toMatchObject({ number: 2 * lookAhead + 6 });
    expect(calls).toEqual(['taken', 'claim', 'taken', 'claim', 'taken', 'append']);
  });

  test('completes the claim of an earlier entry before it numbers a later one', async () => {
    const { hub, ports } = await claimedLongAgo(3);
    expect(await numberNotification(ports, of('a', 2), endOfTime)).toMatchObject({ number: 5, previous: 4 });
    expect(await hub.notifications.range(subscription, 4, 5)).toMatchObject([
      { mission: 'a', entry: 1 },
      { mission: 'a', entry: 2 },
    ]);
  });

  test('passes an entry while a later one is being numbered', async () => {
    const hub = memoryHub();
    await hub.places.claim(place, { entry: 0, number: 0 }, { entry: 2, from: 0 });
    expect(await numberNotification(hub, of('a', 1), endOfTime)).toBe('passed');
    expect(await hub.notifications.newest(subscription)).toBe(0);
  });

  test('looks for the end of the log if it was paused and is far behind', async () => {
    const { ports, calls } = await claimedLongAgo(0);
    let isPaused = true;
    const paused = {
      ...ports,
      notifications: {
        ...ports.notifications,
        append: async (...[wanted, dueAt]: Parameters<typeof ports.notifications.append>) => {
          if (isPaused) {
            isPaused = false;
            for (let number = 1; number <= 50; number += 1)
              await ports.notifications.append(
                { ...of('b', number), number, status: 'pending', attempts: 0 },
                endOfTime,
              );
            calls.length = 0;
          }
          return ports.notifications.append(wanted, dueAt);
        },
      },
    };
    expect(await numberNotification(paused, of('c', 1), endOfTime)).toMatchObject({ number: 51 });
    expect(calls.filter((name) => name === 'append').length).toBeLessThan(12);
  });

  test('throws Unavailable if other processes take every number, and completes its claim the next time', async () => {
    const hub = memoryHub();
    let taken = 0;
    const contended = {
      ...hub,
      notifications: {
        ...hub.notifications,
        append: async (...[wanted, dueAt]: Parameters<typeof hub.notifications.append>) => {
          taken += 1;
          await hub.notifications.append(
            { ...of('b', wanted.number), number: wanted.number, status: 'pending', attempts: 0 },
            dueAt,
          );
          return hub.notifications.append(wanted, dueAt);
        },
      },
    };
    await expect(numberNotification(contended, of('a', 1), endOfTime)).rejects.toThrow(Unavailable);
    expect(taken).toBeLessThanOrEqual(100);
    expect(await numberNotification(hub, of('a', 1), endOfTime)).toMatchObject({ number: taken + 1 });
    expect(await hub.places.read(place)).toEqual({ entry: 1, number: taken + 1 });
  });
});
