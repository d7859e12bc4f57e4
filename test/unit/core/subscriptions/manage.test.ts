import { describe, expect, test } from 'vitest';
import {
  createSubscription,
  endSubscription,
  type HostLimits,
  type ManagePorts,
  replaceSettings,
  rotateSecret,
  turnOff,
} from '../../../../core/subscriptions/manage.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import { type FailedCall, type Subscription, versionOf } from '../../../../core/delivery/subscription.ts';
import { isRefusal, type Refusal } from '../../../../schemas/faults.ts';
import type { SubscriptionSettings } from '../../../../schemas/subscription.ts';
import { handlerPorts } from '../../../memory/handler-ports.ts';
import { parties } from '../../../support/messages.ts';

const { organisation } = parties.la;
const anywhere: HostLimits = { notifiesAt: () => true };
const nowhere: HostLimits = { notifiesAt: () => false };

const settings: SubscriptionSettings = {
  endpoint: 'https://partner.example/fhir/notify',
  payload: 'full-resource',
  headers: ['Authorization: Bearer x'],
  reason: 'test',
  filterText: [],
  filter: {},
};

const failedCall: FailedCall = { call: 'handshake', result: 'HTTP 500', at: '2026-02-01T11:00:00.000Z' };

const portsOf = () => {
  const postponed: string[] = [];
  return {
    ...handlerPorts(),
    postponed,
    onHandshakePostponed: (subscription: string) => void postponed.push(subscription),
  };
};

type Ports = ReturnType<typeof portsOf>;

const of = <Value extends object>(result: Value | Refusal): Value => {
  if (isRefusal(result)) throw new Error(JSON.stringify(result.faults));
  return result;
};

const faultOf = (result: object): unknown => (isRefusal(result) ? result.faults[0] : result);

const made = async (ports: ManagePorts): Promise<Subscription> =>
  of(await createSubscription(organisation, settings, anywhere, ports)).subscription;

/** Ports on which another change comes first, so many times. */
const contended = (ports: Ports, times: number): Ports => {
  let left = times;
  return {
    ...ports,
    subscriptions: {
      ...ports.subscriptions,
      change: async (changed, due) => {
        if (left > 0) {
          left -= 1;
          const now = await ports.subscriptions.read(changed.id);
          if (now !== undefined) await ports.subscriptions.change({ ...now, reason: `changed ${left}` });
        }
        return ports.subscriptions.change(changed, due);
      },
    },
  };
};

describe('createSubscription', () => {
  test('stores it as requested, with an id and a secret of the ports, and queues its handshake', async () => {
    const ports = portsOf();
    const subscription = await made(ports);
    expect(subscription).toMatchObject({
      ...settings,
      organisation,
      status: 'requested',
      createdAt: '2026-02-01T11:00:00.000Z',
      revision: 1,
      failures: 0,
    });
    expect(await ports.subscriptions.read(subscription.id)).toEqual(subscription);
    expect(ports.lanes.slow.waiting()).toEqual([
      { kind: 'handshake', subscription: subscription.id, due: '2026-02-01T11:00:15.000Z' },
    ]);
  });

  test('leaves the handshake to the sweeper if it cannot be queued', async () => {
    const ports = portsOf();
    const send = async () => Promise.reject(new Unavailable('throttled'));
    const { id } = await made({ ...ports, lanes: { slow: { send } } });
    expect(ports.postponed).toEqual([id]);
    expect(await ports.obligations.due('2026-02-01T11:00:15.000Z', 10)).toMatchObject([
      { kind: 'contact', subscription: id },
    ]);
  });

  test.each([
    [
      'an endpoint that the hub does not call',
      { endpoint: 'http://partner.example' },
      anywhere,
      { code: 'refused-endpoint', at: 'Subscription.channel.endpoint', detail: 'is not https' },
    ],
    [
      'an endpoint at a host that the directory does not list',
      {},
      nowhere,
      {
        code: 'refused-endpoint',
        at: 'Subscription.channel.endpoint',
        detail: 'is at no host that the directory lists for you',
      },
    ],
    [
      'a header line that it cannot send',
      { headers: ['Authorization: x', 'no header'] },
      anywhere,
      {
        code: 'wrong-field',
        at: 'Subscription.channel.header[1]',
        detail: 'must be "Name: value", and not a header that the hub sets itself or that belongs to the connection',
      },
    ],
    [
      'one header name in two lines',
      { headers: ['Authorization: x', 'X-Key: 1', 'AUTHORIZATION: y'] },
      anywhere,
      {
        code: 'wrong-field',
        at: 'Subscription.channel.header[2]',
        and: 'Subscription.channel.header[0]',
        detail: 'Two lines have the same header name. Give each name once, whatever its case.',
      },
    ],
  ])('refuses %s', async (_what, changed, directory, fault) => {
    const ports = portsOf();
    const refused = await createSubscription(organisation, { ...settings, ...changed }, directory, ports);
    expect(faultOf(refused)).toEqual(fault);
    expect(await ports.subscriptions.ofOrganisation(organisation)).toEqual([]);
  });

  test('refuses the subscription after the fiftieth', async () => {
    const ports = portsOf();
    for (let count = 0; count < 50; count += 1) await made(ports);
    expect(faultOf(await createSubscription(organisation, settings, anywhere, ports))).toEqual({
      code: 'unsupported-subscription',
      at: 'Subscription',
      detail: 'An organisation can have at most 50 subscriptions. Delete one first.',
    });
    const other = await createSubscription(parties.amk.organisation, settings, anywhere, ports);
    expect(isRefusal(other)).toBe(false);
  });

  test('keeps to the limit if many are created at the same time, and to what a deletion leaves', async () => {
    const ports = portsOf();
    const first = await made(ports);
    for (let count = 1; count < 49; count += 1) await made(ports);
    const results = await Promise.all(
      Array.from({ length: 20 }, () => createSubscription(organisation, settings, anywhere, ports)),
    );
    expect(results.filter((result) => !isRefusal(result))).toHaveLength(1);
    expect(await ports.subscriptions.ofOrganisation(organisation)).toHaveLength(50);
    await endSubscription(first, ports);
    await made(ports);
    expect(await ports.subscriptions.ofOrganisation(organisation)).toHaveLength(50);
  });
});

describe('createSubscription with If-None-Exist', () => {
  const sameEndpoint = (own: readonly Subscription[]) => own.filter(({ endpoint }) => endpoint === settings.endpoint);
  const create = (ports: ManagePorts) => createSubscription(organisation, settings, anywhere, ports, sameEndpoint);

  test('creates one if none matches, and returns the one that matches', async () => {
    const ports = portsOf();
    const first = of(await create(ports));
    const second = of(await create(ports));
    expect([first.outcome, second.outcome]).toEqual(['created', 'found']);
    expect(second.subscription).toEqual(first.subscription);
    expect(ports.lanes.slow.waiting()).toHaveLength(1);
  });

  test('creates one of those that are requested at the same time', async () => {
    const ports = portsOf();
    const results = (await Promise.all(Array.from({ length: 3 }, () => create(ports)))).map(of);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['created', 'found', 'found']);
    expect(new Set(results.map(({ subscription }) => subscription.id)).size).toBe(1);
    expect(await ports.subscriptions.subscribers([organisation])).toHaveLength(1);
  });

  test('refuses if several match', async () => {
    const ports = portsOf();
    await made(ports);
    await made(ports);
    expect(faultOf(await create(ports))).toEqual({ code: 'several-matches', at: 'http.If-None-Exist' });
  });
});

describe('a precondition', () => {
  test('with another version refuses every change, and gives the version of now', async () => {
    const ports = portsOf();
    const subscription = await made(ports);
    const ifMatch = { ifMatch: ['1.00000000'] };
    for (const refused of [
      await replaceSettings(subscription, settings, anywhere, ports, ifMatch),
      await rotateSecret(subscription, { overlapSeconds: 0 }, ports, ifMatch),
      await turnOff(subscription, ports, ifMatch),
      await endSubscription(subscription, ports, ifMatch),
      await endSubscription(subscription, ports, { ifNoneMatch: 'any' }),
    ])
      expect(refused).toMatchObject({ faults: [{ code: 'version-conflict' }], version: versionOf(subscription) });
    expect(await ports.subscriptions.read(subscription.id)).toEqual(subscription);
  });

  test('with the present version lets one of two changes at the same time pass', async () => {
    const ports = portsOf();
    const subscription = await made(ports);
    const ifMatch = { ifMatch: [versionOf(subscription)] };
    const results = await Promise.all(
      ['one', 'other'].map((reason) =>
        replaceSettings(subscription, { ...settings, reason }, anywhere, ports, ifMatch),
      ),
    );
    expect(results.map((result) => isRefusal(result))).toEqual([false, true]);
    const rotated = await rotateSecret(subscription, { overlapSeconds: 0 }, ports, ifMatch);
    expect(faultOf(rotated)).toMatchObject({ code: 'version-conflict' });
  });

  test('is met by another version of the list, and by any', async () => {
    const ports = portsOf();
    const subscription = await made(ports);
    const ifMatch = ['7.1', versionOf(subscription)];
    const changed = of(await replaceSettings(subscription, settings, anywhere, ports, { ifMatch }));
    expect(isRefusal(await turnOff(changed, ports, { ifMatch: 'any' }))).toBe(false);
  });

  test('sees a change of the status and of the error as another version', async () => {
    const ports = portsOf();
    const subscription = await made(ports);
    const seen = [
      subscription,
      { ...subscription, status: 'error' as const },
      { ...subscription, status: 'error' as const, failedCall },
      { ...subscription, revision: 2 },
    ].map(versionOf);
    expect(new Set(seen).size).toBe(4);
    const counted: Subscription = { ...subscription, failures: 2 };
    expect(versionOf(counted)).toBe(versionOf(subscription));
  });
});

describe('replaceSettings', () => {
  test('keeps id, secret and event numbers, and removes optional settings that are not given', async () => {
    const ports = portsOf();
    const { subscription: before } = of(
      await createSubscription(organisation, { ...settings, heartbeat: 60, timeout: 5 }, anywhere, ports),
    );
    const after = of(await replaceSettings(before, { ...settings, payload: 'empty' }, anywhere, ports));
    const { heartbeat: _heartbeat, timeout: _timeout, ...kept } = before;
    expect(after).toEqual({ ...kept, payload: 'empty', revision: 2 });
    expect(await ports.subscriptions.read(before.id)).toMatchObject({ payload: 'empty', revision: 2 });
  });

  test('states since when the filter applies, only if it is another one', async () => {
    const ports = portsOf();
    const before = await made(ports);
    ports.clock.advance(60_000);
    const same = of(await replaceSettings(before, settings, anywhere, ports));
    expect(same.filterChangedAt).toBeUndefined();
    const other = of(await replaceSettings(same, { ...settings, filter: { urgencies: ['stat'] } }, anywhere, ports));
    expect(other.filterChangedAt).toBe(ports.clock.iso());
  });

  test('begins with a handshake, and forgets the health of the former endpoint', async () => {
    const ports = portsOf();
    const before = await made(ports);
    await ports.endpointHealth.save(before, { status: 'error', failures: 7, failingSince: 'then', failedCall });
    ports.clock.advance(60_000);
    const unhealthy = await ports.subscriptions.read(before.id);
    const after = of(await replaceSettings(unhealthy ?? before, settings, anywhere, ports));
    expect(after).toMatchObject({ status: 'requested', failures: 0 });
    expect(after).not.toHaveProperty('failingSince');
    expect(after).not.toHaveProperty('failedCall');
    expect(ports.lanes.slow.waiting().map(({ kind }) => kind)).toEqual(['handshake', 'handshake']);
  });

  test('never overwrites a change that it has not seen', async () => {
    const ports = portsOf();
    const before = await made(ports);
    expect(isRefusal(await replaceSettings(before, settings, anywhere, contended(ports, 2)))).toBe(false);
    expect((await ports.subscriptions.read(before.id))?.revision).toBe(4);
  });

  test('gives up after three changes of others', async () => {
    const ports = portsOf();
    const refused = await replaceSettings(await made(ports), settings, anywhere, contended(ports, 3));
    expect(faultOf(refused)).toEqual({ code: 'contended' });
    expect(ports.lanes.slow.waiting()).toHaveLength(1);
  });

  test('refuses to change a subscription that is off', async () => {
    const ports = portsOf();
    const off = of(await turnOff(await made(ports), ports));
    expect(faultOf(await replaceSettings(off, settings, anywhere, ports))).toMatchObject({
      code: 'unsupported-subscription',
      at: 'Subscription.status',
    });
  });
});

describe('rotateSecret', () => {
  const day = { overlapSeconds: 86_400 };

  test('keeps the former secret until the overlap is over', async () => {
    const ports = portsOf();
    const before = await made(ports);
    const after = of(await rotateSecret(before, day, ports));
    expect(after.secret).not.toBe(before.secret);
    expect(after.formerSecret).toEqual({ secret: before.secret, until: '2026-02-02T11:00:00.000Z' });
  });

  test('makes no second secret during the overlap, and one after it', async () => {
    const ports = portsOf();
    const first = of(await rotateSecret(await made(ports), day, ports));
    ports.clock.advance(86_399_999);
    expect(of(await rotateSecret(first, day, ports)).secret).toBe(first.secret);
    ports.clock.advance(1);
    expect(of(await rotateSecret(first, day, ports)).formerSecret?.secret).toBe(first.secret);
  });

  test('returns the same secret to a repeat with the version of before', async () => {
    const ports = portsOf();
    const before = await made(ports);
    const ifMatch = { ifMatch: [versionOf(before)] };
    const [one, other] = await Promise.all([
      rotateSecret(before, day, ports, ifMatch),
      rotateSecret(before, day, ports, ifMatch),
    ]);
    const now = await ports.subscriptions.read(before.id);
    if (now === undefined) throw new Error('no subscription');
    const repeated = of(await rotateSecret(now, day, ports, ifMatch));
    expect([of(one).secret, of(other).secret, repeated.secret]).toEqual([now.secret, now.secret, now.secret]);
    expect(faultOf(await rotateSecret(now, day, ports, { ifNoneMatch: 'any' }))).toMatchObject({
      code: 'version-conflict',
    });
    ports.clock.advance(86_400_000);
    expect(faultOf(await rotateSecret(now, day, ports, ifMatch))).toMatchObject({ code: 'version-conflict' });
  });

  test('makes one secret for two calls at the same time', async () => {
    const ports = portsOf();
    const before = await made(ports);
    const [one, other] = await Promise.all([rotateSecret(before, day, ports), rotateSecret(before, day, ports)]);
    expect(of(one).secret).toBe(of(other).secret);
    expect((await ports.subscriptions.read(before.id))?.secret).toBe(of(one).secret);
  });

  test('drops the former secret at once with an overlap of 0', async () => {
    const ports = portsOf();
    const rotated = of(await rotateSecret(await made(ports), day, ports));
    const after = of(await rotateSecret(rotated, { overlapSeconds: 0 }, ports));
    expect(after.secret).not.toBe(rotated.secret);
    expect(after).not.toHaveProperty('formerSecret');
  });

  test('refuses to rotate the secret of a subscription that is off', async () => {
    const ports = portsOf();
    const rotated = of(await rotateSecret(await made(ports), day, ports));
    const off = of(await turnOff(rotated, ports));
    expect(faultOf(await rotateSecret(off, day, ports))).toMatchObject({ code: 'unsupported-subscription' });
  });
});

describe('endSubscription', () => {
  test('says whether it was the last one that is not off', async () => {
    const ports = portsOf();
    const [one, other] = [await made(ports), await made(ports)];
    expect(await endSubscription(one, ports)).toEqual({ wasLast: false });
    expect(await endSubscription(other, ports)).toEqual({ wasLast: true });
  });

  test('does not say so again of one that is off already', async () => {
    const ports = portsOf();
    const off = of(await turnOff(await made(ports), ports));
    expect(await endSubscription(off, ports)).toEqual({ wasLast: false });
  });
});
