import { describe, expect, test } from 'vitest';
import type { Obligation } from '../../core/delivery/obligations.ts';
import type { FailedCall, ListingLimits, Subscription } from '../../core/delivery/subscription.ts';
import { becomes } from '../support/endpoint-status.ts';
import type { StorageForm } from './contract.ts';
import { type Contract, at, endOfTime, sampleSubscription } from './scenario.ts';

const timedOut: FailedCall = { call: 'notification', result: 'timeout', at: at(1) };

export const subscriptionsContract = (
  { ports, fresh, subscribe, expectDue }: Contract,
  { isListedApart }: StorageForm,
): void => {
  describe('Subscriptions', () => {
    test('reads a subscription as it was created', async () => {
      const subscription = await subscribe(fresh(), {
        filter: { events: ['mission-update'], urgencies: ['stat'], missions: ['m'] },
        filterText: ['a', 'b'],
        timeout: 12,
      });
      expect(await ports().subscriptions.read(subscription.id)).toEqual(subscription);
      expect(await ports().subscriptions.read(fresh())).toBeUndefined();
    });

    test('lists the subscriptions of an organisation', async () => {
      const [mine, other] = [fresh(), fresh()];
      const one = await subscribe(mine);
      const two = await subscribe(mine);
      await subscribe(other);
      const found = await ports().subscriptions.ofOrganisation(mine);
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([one, two]));
      expect(await ports().subscriptions.ofOrganisation(fresh())).toEqual([]);
    });

    test('finds subscribers: subscriptions that are not off', async () => {
      const [mine, other, unconcerned] = [fresh(), fresh(), fresh()];
      const active = await subscribe(mine, { filter: { events: ['mission-update'] } });
      const requested = await subscribe(mine, { status: 'requested' });
      await subscribe(mine, { status: 'off' });
      const elsewhere = await subscribe(other);
      await subscribe(unconcerned);
      const found = await ports().subscriptions.subscribers([mine, other, fresh()]);
      const short = ({ id, organisation, filter }: Subscription) => ({ id, organisation, filter });
      expect(found).toHaveLength(3);
      expect(found).toEqual(
        expect.arrayContaining([active, requested, elsewhere].map((one) => expect.objectContaining(short(one)))),
      );
    });

    test('finds a subscription at once after it was created, and no more after it was turned off', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine);
      expect(await ports().subscriptions.subscribers([mine])).toHaveLength(1);
      await becomes(ports(), subscription.id, 'off');
      expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
    });

    test('keeps a subscription off, whatever a handshake in flight reports', async () => {
      const mine = fresh();
      const { id } = await subscribe(mine, { status: 'requested' });
      await becomes(ports(), id, 'off');
      await becomes(ports(), id, 'active');
      await becomes(ports(), id, 'off');
      expect((await ports().subscriptions.read(id))?.status).toBe('off');
      expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
    });

    test('creates a subscription once', async () => {
      const subscription = await subscribe(fresh());
      const other = { ...subscription, endpoint: 'https://elsewhere.example/fhir/notify' };
      await expect(ports().subscriptions.create(other, endOfTime)).rejects.toThrow();
      expect(await ports().subscriptions.read(subscription.id)).toEqual(subscription);
    });

    test('names the subscriptions in error and those with a slow endpoint', async () => {
      const [works, fails, ended, slow] = [
        await subscribe(fresh()),
        await subscribe(fresh()),
        await subscribe(fresh()),
        await subscribe(fresh()),
      ];
      await becomes(ports(), fails.id, 'error');
      await becomes(ports(), ended.id, 'off');
      const seen = await ports().subscriptions.read(slow.id);
      if (seen === undefined) throw new Error('there is no subscription');
      await ports().endpointHealth.save(seen, { status: 'active', failures: 0, quickAnswersNeeded: 3 });
      const ids = [works.id, fails.id, ended.id, slow.id, fresh()];
      expect(await ports().subscriptions.hindered(ids)).toEqual(
        new Map([
          [fails.id, 'error'],
          [slow.id, 'slow'],
        ]),
      );
      expect(await ports().subscriptions.hindered([])).toEqual(new Map());
    });

    test('lists no more new subscriptions than the limit allows, also at the same time', async () => {
      const mine = fresh();
      const [first] = [await subscribe(mine), await subscribe(mine)];
      const create = (limits: ListingLimits) =>
        ports().subscriptions.create(sampleSubscription(fresh(), mine), endOfTime, limits);
      const results = await Promise.all(Array.from({ length: 20 }, () => create({ most: 5 })));
      expect(results.filter((result) => result === 'listed')).toHaveLength(3);
      expect(results.filter((result) => result === 'full')).toHaveLength(17);
      expect(await ports().subscriptions.ofOrganisation(mine)).toHaveLength(5);
      expect(await ports().subscriptions.subscribers([mine])).toHaveLength(5);
      expect(await ports().subscriptions.turnOff(first.id, at(0))).toBe(true);
      await ports().subscriptions.turnOff(first.id, at(0));
      expect([await create({ most: 5 }), await create({ most: 5 })]).toEqual(['listed', 'full']);
    });

    test('lists a new subscription only if none was created since, if that is asked for', async () => {
      const mine = fresh();
      expect(await ports().subscriptions.listings(mine)).toBe(0);
      const create = (limits: ListingLimits) =>
        ports().subscriptions.create(sampleSubscription(fresh(), mine), endOfTime, limits);
      const results = await Promise.all([create({ listings: 0 }), create({ listings: 0 })]);
      expect([...results].sort()).toEqual(['changed', 'listed']);
      expect(await create({ listings: 0 })).toBe('changed');
      const [one] = await ports().subscriptions.ofOrganisation(mine);
      await ports().subscriptions.turnOff(one?.id ?? '', at(0));
      expect(await ports().subscriptions.listings(mine)).toBe(1);
      expect(await create({ listings: 1 })).toBe('listed');
    });

    test('leaves a subscription off that was not listed', async () => {
      const mine = fresh();
      await subscribe(mine);
      const late = sampleSubscription(fresh(), mine);
      expect(await ports().subscriptions.create(late, at(0), { most: 1 })).toBe('full');
      expect((await ports().subscriptions.read(late.id))?.status).toBe('off');
      const due = (obligation: Obligation): boolean =>
        'subscription' in obligation && obligation.subscription === late.id;
      await expectDue(at(1), due, []);
    });

    test('turns a subscription off only as it was read, if that is asked for', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine);
      expect(await ports().subscriptions.change({ ...subscription, filter: { events: ['mission-cancel'] } })).toBe(
        true,
      );
      expect(await ports().subscriptions.turnOff(subscription.id, at(0), { revision: 1 })).toBe(false);
      expect(await ports().subscriptions.subscribers([mine])).toHaveLength(1);
      expect(await ports().subscriptions.turnOff(subscription.id, at(0), { revision: 2 })).toBe(true);
      expect(await ports().subscriptions.turnOff(fresh(), at(0))).toBe(false);
    });

    test('changes settings only if they are as they were read, and keeps numbers and endpoint health', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine);
      const { id } = subscription;
      await ports().endpointHealth.countFailure(subscription, timedOut, { isRejection: false });
      const filter = { events: ['mission-cancel'] };
      expect(await ports().subscriptions.change({ ...subscription, filter })).toBe(true);
      expect(await ports().subscriptions.change({ ...subscription, filter: {} })).toBe(false);
      expect(await ports().subscriptions.read(id)).toEqual({
        ...subscription,
        filter,
        revision: 2,
        failures: 1,
        failingSince: at(1),
        failedCall: timedOut,
      });
      expect(await ports().subscriptions.subscribers([mine])).toEqual([{ id, organisation: mine, filter }]);
    });

    test('makes a subscription requested, without failures and with a handshake due, if the change asks for a handshake', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      await ports().endpointHealth.save(subscription, {
        status: 'error',
        failures: 5,
        failedCall: { ...timedOut, result: 'name' },
        rejectedSince: at(2),
        retryAt: at(9),
      });
      const endpoint = 'https://partner.example/other';
      expect(await ports().subscriptions.change({ ...subscription, endpoint }, at(3))).toBe(true);
      const changed = await ports().subscriptions.read(id);
      expect(changed).toEqual({ ...subscription, endpoint, revision: 2, status: 'requested' });
      const mine = (obligation: Obligation): boolean => 'subscription' in obligation && obligation.subscription === id;
      await expectDue(at(4), mine, [{ kind: 'contact', subscription: id, due: at(3) }]);
    });

    test('changes no subscription that is off or does not exist', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine);
      await ports().subscriptions.turnOff(subscription.id, at(0));
      await ports().subscriptions.turnOff(subscription.id, at(1));
      expect((await ports().subscriptions.read(subscription.id))?.endedAt).toBe(at(0));
      expect(await ports().subscriptions.change({ ...subscription, filter: { missions: ['m'] } })).toBe(false);
      expect((await ports().subscriptions.read(subscription.id))?.filter).toEqual({});
      expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
      expect(await ports().subscriptions.change(sampleSubscription(fresh(), mine))).toBe(false);
      expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
    });

    test('keeps a subscription off that was turned off while its settings were being changed', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine);
      const log = ports().interrupted(() => ports().subscriptions.turnOff(subscription.id, at(0)));
      await log.change({ ...subscription, filter: { missions: ['m'] } });
      expect((await ports().subscriptions.read(subscription.id))?.status).toBe('off');
      expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
    });

    test('lists the later settings after two concurrent changes', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine);
      const second = { missions: ['second'] };
      const log = ports().interrupted(() =>
        ports().subscriptions.change({ ...subscription, revision: 2, filter: second }),
      );
      expect(await log.change({ ...subscription, filter: { missions: ['first'] } })).toBe(true);
      expect((await ports().subscriptions.read(subscription.id))?.filter).toEqual(second);
      expect((await ports().subscriptions.subscribers([mine])).map(({ filter }) => filter)).toEqual([second]);
    });

    test('keeps a subscription that is listed', async () => {
      const mine = fresh();
      const subscription = await subscribe(mine, { status: 'requested' });
      expect(await ports().subscriptions.completeListing(subscription.id)).toBe(true);
      expect(await ports().subscriptions.read(subscription.id)).toEqual(subscription);
      expect(await ports().subscriptions.subscribers([mine])).toHaveLength(1);
      expect(await ports().subscriptions.completeListing(fresh())).toBe(false);
    });

    if (isListedApart)
      describe('after a crash between subscription and list', () => {
        const crashed = () => ports().interrupted(() => Promise.reject(new Error('the process was killed')));
        const handshakesOf = (id: string) => (obligation: Obligation) =>
          'subscription' in obligation && obligation.subscription === id;

        test('ends a new subscription that is not listed, as of its creation', async () => {
          const mine = fresh();
          const subscription = { ...sampleSubscription(fresh(), mine), status: 'requested' as const };
          const { id, createdAt } = subscription;
          await expect(crashed().create(subscription, at(0))).rejects.toThrow();
          await expectDue(at(1), handshakesOf(id), [{ kind: 'contact', subscription: id, due: at(0) }]);
          expect(await ports().subscriptions.completeListing(id)).toBe(false);
          expect(await ports().subscriptions.read(id)).toMatchObject({ status: 'off', endedAt: createdAt });
          await expectDue(endOfTime, handshakesOf(id), []);
          expect(await ports().subscriptions.completeListing(id)).toBe(false);
          expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
          expect(await ports().subscriptions.create(sampleSubscription(fresh(), mine), at(0), { most: 1 })).toBe(
            'listed',
          );
        });

        test('does not list a subscription that was ended while its creation was paused', async () => {
          const mine = fresh();
          const subscription = { ...sampleSubscription(fresh(), mine), status: 'requested' as const };
          const paused = ports().interrupted(() => ports().subscriptions.completeListing(subscription.id));
          expect(await paused.create(subscription, at(0))).toBe('changed');
          expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
          expect(await ports().subscriptions.create(sampleSubscription(fresh(), mine), at(0), { most: 1 })).toBe(
            'listed',
          );
        });

        test('lists the filter of a change', async () => {
          const mine = fresh();
          const subscription = await subscribe(mine);
          const filter = { events: ['mission-cancel'] };
          await expect(crashed().change({ ...subscription, filter }, at(0))).rejects.toThrow();
          await expectDue(at(1), handshakesOf(subscription.id), [
            { kind: 'contact', subscription: subscription.id, due: at(0) },
          ]);
          expect(await ports().subscriptions.completeListing(subscription.id)).toBe(true);
          expect((await ports().subscriptions.subscribers([mine])).map((one) => one.filter)).toEqual([filter]);
        });

        test('removes a subscription that was ended from the list', async () => {
          const mine = fresh();
          const { id } = await subscribe(mine);
          await expect(crashed().turnOff(id, at(3))).rejects.toThrow();
          expect(await ports().subscriptions.subscribers([mine])).toHaveLength(1);
          await expectDue(at(4), handshakesOf(id), [{ kind: 'contact', subscription: id, due: at(3) }]);
          expect(await ports().subscriptions.completeListing(id)).toBe(false);
          expect(await ports().subscriptions.subscribers([mine])).toEqual([]);
          expect((await ports().subscriptions.read(id))?.endedAt).toBe(at(3));
          await expectDue(endOfTime, handshakesOf(id), []);
        });
      });

    test('finds subscribers of more organisations than one read takes', async () => {
      const organisations = Array.from({ length: 30 }, fresh);
      for (const organisation of organisations) await subscribe(organisation);
      const found = await ports().subscriptions.subscribers(organisations);
      expect(found.map(({ organisation }) => organisation).sort()).toEqual([...organisations].sort());
    });
  });
};
