import { describe, expect, test } from 'vitest';
import type { FailedCall } from '../../core/delivery/subscription.ts';
import type { CallResult } from '../../schemas/call-result.ts';
import type { Obligation } from '../../core/delivery/obligations.ts';
import { defined } from '../../schemas/defined.ts';
import { becomes } from '../support/endpoint-status.ts';
import { type Contract, at, endOfTime } from './scenario.ts';

const failed = (result: CallResult, second = 1): FailedCall => ({ call: 'notification', result, at: at(second) });

export const endpointHealthContract = ({ ports, fresh, subscribe, expectDue }: Contract): void => {
  describe('EndpointHealthStore', () => {
    test('saves endpoint health only if status and settings are as they were read', async () => {
      const subscription = await subscribe(fresh(), { status: 'requested' });
      const { id } = subscription;
      const active = { status: 'active', failures: 0 } as const;
      const error = {
        status: 'error',
        failures: 5,
        failedCall: failed('timeout'),
        retryAt: at(5),
        dueAt: at(5),
      } as const;
      expect(await ports().endpointHealth.save({ ...subscription, status: 'error' }, active)).toBe(false);
      expect(await ports().endpointHealth.save({ ...subscription, revision: 0 }, active)).toBe(false);
      expect(await ports().endpointHealth.save(subscription, error)).toBe(true);
      expect(await ports().endpointHealth.save(subscription, active)).toBe(false);
      expect(await ports().subscriptions.read(id)).toMatchObject({
        status: 'error',
        failures: 5,
        failedCall: failed('timeout'),
        retryAt: at(5),
      });
      const mine = (obligation: Obligation): boolean => 'subscription' in obligation && obligation.subscription === id;
      await expectDue(at(6), mine, [{ kind: 'contact', subscription: id, due: at(5) }]);
      expect(await ports().endpointHealth.save({ ...subscription, status: 'error' }, active)).toBe(true);
      const found = await ports().subscriptions.read(id);
      expect(found).toMatchObject(active);
      expect([found?.failedCall, found?.retryAt]).toEqual([undefined, undefined]);
      await expectDue(endOfTime, mine, []);
      expect(await ports().endpointHealth.save({ id: fresh(), status: 'active', revision: 1 }, active)).toBe(false);
    });

    test('counts each of several concurrent failures, while the subscription is active and as it was read', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      const counts = await Promise.all(
        Array.from({ length: 3 }, () =>
          ports().endpointHealth.countFailure(subscription, failed('timeout'), { isRejection: false }),
        ),
      );
      expect(counts.map((one) => one?.failures ?? 0).sort((one, other) => one - other)).toEqual([1, 2, 3]);
      expect(await ports().endpointHealth.countFailure(subscription, failed('tls', 9), { isRejection: false })).toEqual(
        {
          failures: 4,
          failingSince: at(1),
        },
      );
      expect(
        await ports().endpointHealth.countFailure({ id, revision: 0 }, failed('tls', 9), { isRejection: false }),
      ).toBeUndefined();
      // A caller that has not read the outage may neither end it nor start another.
      const error = { status: 'error', failures: 3, failedCall: failed('name') } as const;
      expect(await ports().endpointHealth.save(subscription, error)).toBe(false);
      expect(await ports().endpointHealth.save({ ...subscription, failingSince: at(0) }, error)).toBe(false);
      expect(await ports().endpointHealth.save({ ...subscription, failingSince: at(1) }, error)).toBe(true);
      expect(
        await ports().endpointHealth.countFailure(subscription, failed('tls', 9), { isRejection: false }),
      ).toBeUndefined();
      expect(await ports().subscriptions.read(id)).toMatchObject({ failures: 3, failedCall: failed('name') });
      expect((await ports().subscriptions.read(id))?.failingSince).toBeUndefined();
      expect(
        await ports().endpointHealth.countFailure({ id: fresh(), revision: 1 }, failed('tls', 9), {
          isRejection: false,
        }),
      ).toBeUndefined();
    });

    test('keeps since when an endpoint rejects every call, until it does not', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      const count = (second: number, isRejection: boolean) =>
        ports().endpointHealth.countFailure(subscription, failed('HTTP 404', second), { isRejection });
      expect(await count(1, false)).toEqual({ failures: 1, failingSince: at(1) });
      expect(await count(2, true)).toEqual({ failures: 2, failingSince: at(1), rejectedSince: at(2) });
      expect(await count(3, true)).toEqual({ failures: 3, failingSince: at(1), rejectedSince: at(2) });
      expect((await ports().subscriptions.read(id))?.rejectedSince).toBe(at(2));
      expect(await count(4, false)).toEqual({ failures: 4, failingSince: at(1) });
      expect((await ports().subscriptions.read(id))?.rejectedSince).toBeUndefined();
      const seen = { ...subscription, failingSince: at(1) };
      const error = { status: 'error', failures: 5, failingSince: at(1), rejectedSince: at(5) } as const;
      expect(await ports().endpointHealth.save(seen, error)).toBe(true);
      expect((await ports().subscriptions.read(id))?.rejectedSince).toBe(at(5));
      await ports().endpointHealth.save({ ...seen, status: 'error' }, { status: 'active', failures: 0 });
      expect((await ports().subscriptions.read(id))?.rejectedSince).toBeUndefined();
    });

    test('lets one of several concurrent callers claim the probe', async () => {
      const subscription = await subscribe(fresh());
      const { id, revision } = subscription;
      const open = { status: 'error', failures: 5, failedCall: failed('timeout'), retryAt: at(5) } as const;
      await ports().endpointHealth.save(subscription, open);
      const seen = { id, revision, retryAt: at(5) };
      const claims = await Promise.all(
        [at(20), at(21), at(22)].map((until) => ports().endpointHealth.claimProbe(seen, until)),
      );
      expect(claims.filter((mine) => mine)).toHaveLength(1);
      expect(await ports().endpointHealth.claimProbe(seen, at(30))).toBe(false);
      const { retryAt } = (await ports().subscriptions.read(id)) ?? {};
      expect(retryAt).toBe([at(20), at(21), at(22)][claims.indexOf(true)]);
      expect(await ports().endpointHealth.claimProbe({ id, revision: 0, retryAt: retryAt ?? '' }, at(30))).toBe(false);
      expect(await ports().endpointHealth.claimProbe({ id, revision }, at(30))).toBe(false);
      await ports().endpointHealth.save({ ...subscription, status: 'error' }, { status: 'active', failures: 0 });
      expect(await ports().endpointHealth.claimProbe({ id, revision, retryAt: retryAt ?? '' }, at(30))).toBe(false);
    });

    test('saves how quick an active endpoint is, unless another call has saved its own since', async () => {
      const subscription = await subscribe(fresh());
      const { id, revision } = subscription;
      const speed = async () => (await ports().subscriptions.read(id))?.quickAnswersNeeded;
      const save = (seen: number | undefined, next: number | undefined) =>
        ports().endpointHealth.saveSpeed({ id, revision, ...defined({ quickAnswersNeeded: seen }) }, next);
      expect(await save(undefined, 3)).toBe(true);
      expect(await save(undefined, 3)).toBe(false);
      expect(await Promise.all([save(3, 2), save(3, 2)]).then((saved) => saved.filter((one) => one))).toHaveLength(1);
      expect(await speed()).toBe(2);
      expect(await ports().endpointHealth.saveSpeed({ id, revision: 0, quickAnswersNeeded: 2 }, 1)).toBe(false);
      expect(await save(2, undefined)).toBe(true);
      expect(await speed()).toBeUndefined();
    });

    test('keeps how quick an endpoint is with its health, and forgets it with a new endpoint', async () => {
      const subscription = await subscribe(fresh());
      const { id } = subscription;
      await ports().endpointHealth.save(subscription, { status: 'active', failures: 0, quickAnswersNeeded: 3 });
      const slow = await ports().subscriptions.read(id);
      expect(slow?.quickAnswersNeeded).toBe(3);
      if (slow === undefined) return;
      await ports().subscriptions.change({ ...slow, reason: 'another' });
      const changed = await ports().subscriptions.read(id);
      expect(changed?.quickAnswersNeeded).toBe(3);
      if (changed !== undefined) await ports().subscriptions.change(changed, endOfTime);
      const moved = await ports().subscriptions.read(id);
      expect([moved?.status, moved?.quickAnswersNeeded]).toEqual(['requested', undefined]);
    });

    test('saves an error with the status, and removes it when the subscription is active again', async () => {
      const { id } = await subscribe(fresh(), { status: 'requested' });
      await becomes(ports(), id, 'error', failed('HTTP 404'));
      expect(await ports().subscriptions.read(id)).toMatchObject({
        status: 'error',
        failedCall: failed('HTTP 404'),
      });
      await becomes(ports(), id, 'active');
      const active = await ports().subscriptions.read(id);
      expect(active?.status).toBe('active');
      expect(active?.failedCall).toBeUndefined();
    });
  });
};
