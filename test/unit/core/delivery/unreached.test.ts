import { describe, expect, test } from 'vitest';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { unreachedNow, unreachedWarnings } from '../../../../core/delivery/unreached.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import { attempted, becomes } from '../../../support/endpoint-status.ts';
import { directory, resourceAvailability } from '../../../support/messages.ts';
import {
  accept,
  amk,
  la,
  mission,
  observer,
  operator,
  request,
  type Step,
  subscribe,
  update,
} from './fan-out-scenario.ts';

const laIs = (cause: string) => [{ organisation: la.organisation, cause }];
const opening: Step = [amk, request];

describe('fanOut, the parties that no machine can notify now', () => {
  const unreached = async (hub: MemoryHub, step: Step = opening) => fanOut(hub, await accept(hub, step));

  test('are none while every recipient has a subscription that answers', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la', la);
    expect(await unreached(hub)).toEqual([]);
  });

  test('are none while a new subscription waits for its handshake', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la', la, { status: 'requested' });
    expect(await unreached(hub)).toEqual([]);
  });

  test('have no subscription, or one that is off', async () => {
    const hub = memoryHub();
    expect(await unreached(hub)).toEqual(laIs('no-subscription'));
    const other = memoryHub();
    await subscribe(other, 'la', la, { status: 'off' });
    expect(await unreached(other)).toEqual(laIs('no-subscription'));
  });

  test('have subscriptions in error only', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await becomes(hub, 'la-1', 'error');
    expect(await unreached(hub)).toEqual(laIs('endpoint-down'));
    await subscribe(hub, 'la-2', la);
    expect(await unreached(hub, [amk, update('second')])).toEqual([]);
    // The fan-out of an entry that was numbered before finds the same.
    const other = memoryHub();
    await subscribe(other, 'la-1', la);
    const entry = await accept(other, opening);
    await fanOut(other, entry);
    await becomes(other, 'la-1', 'error');
    expect(await fanOut(other, entry)).toEqual(laIs('endpoint-down'));
  });

  test('have filtered out a message that asks them, and none that does not', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la', la, { filter: { events: ['mission-cancel'] } });
    expect(await unreached(hub)).toEqual(laIs('filtered'));
    expect(await unreached(hub, [amk, update('second')])).toEqual([]);
  });

  test('are never observers, nor those who might miss the readiness of a resource', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la', la);
    const entry = await accept(hub, opening);
    expect(await fanOut(hub, { ...entry, recipients: [la.organisation, observer.organisation] })).toEqual([]);
    expect(await unreached(hub, [operator, resourceAvailability({ availability: 'free' })])).toEqual([]);
  });
});

describe('unreachedNow, for a message that is sent again', () => {
  const sentAgain = async (hub: MemoryHub) => {
    const entry = await hub.missions.entry(mission, 1);
    if (entry === undefined) throw new Error('no entry');
    return unreachedNow(hub, entry, directory);
  };
  const notifiedHub = async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la', la);
    await fanOut(hub, await accept(hub, opening));
    return hub;
  };
  const recorded = async (change: Omit<Parameters<typeof attempted>[0], 'at'>) => {
    const hub = await notifiedHub();
    await hub.notifications.record('la', 1, attempted({ at: hub.clock.iso(), ...change }));
    return sentAgain(hub);
  };

  test.each([
    ['was notified', { answer: 'HTTP 200', status: 'delivered' }, []],
    ['did not answer yet', { answer: 'timeout', status: 'pending' }, laIs('endpoint-down')],
    ['was given up', { answer: 'timeout', status: 'failed' }, laIs('gave-up')],
  ] as const)('finds a party that %s', async (_what, change, expected) =>
    expect(await recorded(change)).toEqual(expected),
  );

  test('leaves out a party whose notification is on its way', async () =>
    expect(await sentAgain(await notifiedHub())).toEqual([]));

  test('finds a party that had no subscription', async () => {
    const hub = memoryHub();
    await fanOut(hub, await accept(hub, opening));
    expect(await sentAgain(hub)).toEqual(laIs('no-subscription'));
  });
});

test('unreachedWarnings name party, organisation number, phone number and cause', () => {
  expect(unreachedWarnings([{ organisation: la.organisation, cause: 'no-subscription' }], directory)).toEqual([
    { code: 'not-reachable', detail: 'AMK LA Oslo (100000011), phone +47 00 00 00 11: no subscription' },
  ]);
  expect(unreachedWarnings([{ organisation: '199999999', cause: 'gave-up' }], directory)[0]?.detail).toContain(
    'number not in the directory',
  );
});
