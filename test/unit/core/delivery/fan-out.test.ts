import { describe, expect, test } from 'vitest';
import { deliveryGraceMilliseconds, fanOut } from '../../../../core/delivery/fan-out.ts';
import type { ListName } from '../../../../core/mission/projections.ts';
import type { SubscriptionFilter } from '../../../../schemas/subscription.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { type SweepPorts } from '../../../../core/delivery/sweep.ts';
import { attempted, becomes } from '../../../support/endpoint-status.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  missionUpdate,
  resourceRequest,
  resourceResponse,
  taskOpenedBy,
} from '../../../support/messages.ts';
import {
  request,
  mission,
  update,
  accept,
  subscribe,
  subscribeAll,
  notificationsOf,
  entriesOf,
  logOf,
  amk,
  la,
  operator,
  observer,
  type Step,
} from './fan-out-scenario.ts';

describe('fanOut', () => {
  test('notifies each subscription of each recipient once, and no other', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await entriesOf(hub, 'la-1')).toEqual([1]);
    expect(await entriesOf(hub, 'la-2')).toEqual([1]);
    for (const id of ['amk', 'operator', 'hospital']) expect(await entriesOf(hub, id)).toEqual([]);
    expect(hub.lanes.quick.waiting()).toEqual(
      ['la-1', 'la-2'].map((subscription) => ({
        kind: 'notification',
        subscription,
        organisation: la.organisation,
        number: 1,
        mission,
        entry: 1,
        sources: [],
      })),
    );
  });

  test('notifies each subscription once, however often the fan-out is repeated', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    const entry = await accept(hub, [amk, request]);
    await fanOut(hub, entry);
    await fanOut(hub, entry);
    hub.clock.advance(3_600_000);
    await Promise.all([fanOut(hub, entry), fanOut(hub, entry)]);
    expect(await entriesOf(hub, 'la-1')).toEqual([1]);
    expect(await hub.notifications.newest('la-1')).toBe(1);
  });

  test('notifies no subscription if later entries have been fanned out long before', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    const first = await accept(hub, [amk, request]);
    await fanOut(hub, first);
    await fanOut(hub, await accept(hub, [amk, update('second')]));
    hub.clock.advance(3_600_000);
    const waiting = hub.lanes.quick.waiting().length;
    await fanOut(hub, first);
    expect(hub.lanes.quick.waiting()).toHaveLength(waiting);
    expect(await entriesOf(hub, 'la-1')).toEqual([1, 2]);
    expect((await hub.missions.entry(mission, 1))?.notified).toHaveLength(2);
  });

  test('writes a notification that is due a while later', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.notifications.read('la-1', 1)).toEqual({
      subscription: 'la-1',
      number: 1,
      organisation: la.organisation,
      mission,
      entry: 1,
      writtenAt: hub.clock.iso(),
      status: 'pending',
      attempts: 0,
    });
    hub.clock.advance(deliveryGraceMilliseconds - 1);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
    hub.clock.advance(1);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toHaveLength(2);
  });

  test('has no obligation for a delivered notification', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await fanOut(hub, await accept(hub, [amk, request]));
    await hub.notifications.record(
      'la-1',
      1,
      attempted({ at: hub.clock.iso(), answer: 'HTTP 200', status: 'delivered' }),
    );
    hub.clock.advance(86_400_000);
    expect((await hub.obligations.due(hub.clock.iso(), 10)).map(({ kind }) => kind)).toEqual(['deadline']);
  });

  test('stores which subscriptions were notified, with their numbers', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    await fanOut(hub, await accept(hub, [amk, request]));
    await fanOut(hub, await accept(hub, [amk, update('second')]));
    expect(await hub.missions.entry(mission, 2)).toMatchObject({
      fanOutPending: false,
      notified: [
        { subscription: 'la-1', number: 2, organisation: la.organisation },
        { subscription: 'la-2', number: 2, organisation: la.organisation },
      ],
      withoutSubscription: [],
    });
  });

  test('stores a recipient without a subscription as such', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'operator', operator);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      fanOutPending: false,
      notified: [],
      withoutSubscription: [la.organisation],
    });
    expect(hub.lanes.quick.waiting()).toEqual([]);
  });

  test('stores a recipient whose subscription is off as one without a subscription', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    await becomes(hub, 'la-1', 'off');
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      fanOutPending: false,
      notified: [],
      withoutSubscription: [la.organisation],
    });
  });

  test('filters by the role of the subscriber in the mission as of the entry', async () => {
    const filtered = async (roles: NonNullable<SubscriptionFilter['roles']>): Promise<readonly number[]> => {
      const hub = memoryHub();
      await subscribeAll(hub);
      await subscribe(hub, 'mine', operator, { filter: { roles } });
      await subscribe(hub, 'theirs', la, { filter: { roles } });
      for (const step of [
        [amk, request],
        [la, resourceRequest({ mission })],
        [amk, update('both')],
      ] as const)
        await fanOut(hub, await accept(hub, step));
      return [...(await entriesOf(hub, 'mine')), ...(await entriesOf(hub, 'theirs')).map((entry) => -entry)];
    };
    expect(await filtered(['performer'])).toEqual([2, 3, -1, -3]);
    expect(await filtered(['coordinator'])).toEqual([-1, -3]);
    expect(await filtered(['requester', 'observer'])).toEqual([]);
    expect(await filtered(['requester', 'performer'])).toEqual([2, 3, -1, -3]);
  });

  test.each(['claim', 'settle'] as const)(
    'notifies a subscription that was being numbered before a crash in %s, although its filter has changed since',
    async (call) => {
      const hub = memoryHub();
      await subscribe(hub, 'la-1', la);
      const dying: SweepPorts = {
        ...hub,
        places: {
          ...hub.places,
          settle: () => Promise.reject(new Error('died')),
          claim: async (...args) => {
            const isSet = await hub.places.claim(...args);
            if (call === 'claim') throw new Error('died');
            return isSet;
          },
        },
      };
      const entry = await accept(hub, [amk, request]);
      await expect(fanOut(dying, entry, { mayHaveStarted: false })).rejects.toThrow('died');
      const seen = await hub.subscriptions.read('la-1');
      if (seen === undefined) throw new Error('no subscription');
      expect(await hub.subscriptions.change({ ...seen, filter: { events: ['mission-cancel'] } })).toBe(true);
      await fanOut(hub, await accept(hub, [amk, update('second')]));
      expect(await notificationsOf(hub, 'la-1')).toMatchObject([{ number: 1, entry: 1, status: 'pending' }]);
      expect(await hub.notifications.newest('la-1')).toBe(1);
      expect((await logOf(hub, mission)).map(({ notified }) => notified.length)).toEqual([1, 0]);
    },
  );

  test('notifies a subscription before its handshake', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la, { status: 'requested' });
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await entriesOf(hub, 'la-1')).toEqual([1]);
  });

  test('begins with the entry after the subscription was created', async () => {
    const hub = memoryHub();
    await fanOut(hub, await accept(hub, [amk, request]));
    await subscribe(hub, 'la-1', la);
    const second = await accept(hub, [amk, update('second')]);
    await fanOut(hub, second);
    expect(await notificationsOf(hub, 'la-1')).toMatchObject([{ number: 1, entry: second.number }]);
  });

  test('names the other entries that describe the mission in the job', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la);
    for (const message of [request, update('describes'), missionUpdate({ mission, id: 'says', describes: false })])
      await fanOut(hub, await accept(hub, [amk, message]));
    expect(hub.lanes.quick.waiting()).toMatchObject([
      { entry: 1, sources: [] },
      { entry: 2, sources: [1], previous: 1 },
      { entry: 3, sources: [1, 2], previous: 2 },
    ]);
  });
});

describe('filters of subscriptions', () => {
  const filtered = async (filter: SubscriptionFilter): Promise<readonly number[]> => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la, { filter });
    const steps: readonly Step[] = [
      [amk, request],
      [amk, update('second')],
      [amk, missionUpdate({ mission, id: 'third', urgency: 'routine' })],
      [amk, missionUpdate({ mission, id: 'fourth' })],
    ];
    for (const step of steps) await fanOut(hub, await accept(hub, step));
    const notNotified = (await logOf(hub, mission)).filter((entry) =>
      entry.withoutSubscription.includes(la.organisation),
    );
    const notified = await notificationsOf(hub, 'la-1');
    expect(notified.map(({ number }) => number)).toEqual(notified.map((_one, index) => index + 1));
    expect(
      [...notified.map(({ entry }) => entry), ...notNotified.map(({ number }) => number)].sort((a, b) => a - b),
    ).toEqual([1, 2, 3, 4]);
    return notified.map(({ entry }) => entry);
  };

  test('notifies a subscription without a filter of every entry', async () => {
    expect(await filtered({})).toEqual([1, 2, 3, 4]);
  });

  test('filters by event', async () => {
    expect(await filtered({ events: ['mission-request'] })).toEqual([1]);
    expect(await filtered({ events: ['mission-update', 'mission-cancel'] })).toEqual([2, 3, 4]);
    expect(await filtered({ events: [] })).toEqual([]);
  });

  test('filters by urgency, as of after the message', async () => {
    expect(await filtered({ urgencies: ['stat'] })).toEqual([1, 2]);
    expect(await filtered({ urgencies: ['routine'] })).toEqual([3, 4]);
    expect(await filtered({ urgencies: ['stat', 'routine'] })).toEqual([1, 2, 3, 4]);
  });

  test('filters by mission', async () => {
    expect(await filtered({ missions: [mission] })).toEqual([1, 2, 3, 4]);
    expect(await filtered({ missions: ['another'] })).toEqual([]);
  });

  test('notifies of an entry that matches all filters', async () => {
    expect(await filtered({ events: ['mission-update'], urgencies: ['stat'], missions: [mission] })).toEqual([2]);
  });

  test('notifies a recipient if one of its subscriptions matches', async () => {
    const hub = memoryHub();
    await subscribe(hub, 'la-1', la, { filter: { events: ['mission-cancel'] } });
    await subscribe(hub, 'la-2', la);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await hub.missions.entry(mission, 1)).toMatchObject({
      withoutSubscription: [],
      notified: [{ subscription: 'la-2' }],
    });
    expect(await entriesOf(hub, 'la-1')).toEqual([]);
  });
});

describe('worklists', () => {
  test('puts changed Tasks on the worklists of their owners before the fan-out is complete', async () => {
    const hub = memoryHub();
    await subscribeAll(hub);
    const statuses = async (party: Party, list: ListName) =>
      (await hub.worklist.list(party.organisation, list, 10)).items.map(({ task }) => task.status);
    await fanOut(hub, await accept(hub, [amk, request]));
    expect(await statuses(la, 'open')).toEqual(['requested']);
    await fanOut(hub, await accept(hub, [la, resourceRequest({ mission })]));
    await fanOut(hub, await accept(hub, [la, acknowledgement({ task: taskOpenedBy(mission, 1) })]));
    await fanOut(
      hub,
      await accept(hub, [operator, resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'declined' })]),
    );
    expect(await statuses(la, 'open')).toEqual(['received']);
    expect(await statuses(operator, 'open')).toEqual([]);
    expect(await statuses(operator, 'closed')).toEqual(['rejected']);
    expect(await statuses(observer, 'open')).toEqual([]);
  });
});
