import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { FanOutResult, MissionLog, NumberedNotification } from '../../core/mission/mission-log.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import type {
  DeadLetters,
  IdleMission,
  IdleMissions,
  Obligation,
  Obligations,
} from '../../core/delivery/obligations.ts';
import type { DeliveryContexts, NotificationJob } from '../../core/delivery/delivery-queue.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import type { EventNumbers } from '../../core/delivery/event-numbers.ts';
import type { Subscription, Subscriptions } from '../../core/delivery/subscription.ts';
import type { Notification, Notifications } from '../../core/delivery/notifications.ts';
import { decide } from '../../core/mission/decide.ts';
import type { Entry, Party, TaskState } from '../../core/mission/state.ts';
import { defined } from '../../schemas/defined.ts';
import type { Message } from '../../schemas/messages/message.ts';
import { attempted, becomes } from '../support/contact.ts';
import {
  incidentIdentifier,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  sentBy,
  taskOpenedBy,
} from '../support/messages.ts';

/** The ports that keep something; each set of adapters must keep the same promises. */
export interface KeepingPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Subscriptions;
  readonly endpointHealth: EndpointHealthStore;
  readonly eventNumbers: EventNumbers;
  readonly notifications: Notifications;
  readonly contexts: DeliveryContexts;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly obligations: Obligations;
  readonly idleMissions: IdleMissions;
  readonly deadLetters: DeadLetters;
  /** The same subscriptions. `between` runs between the first and the second write of a call that needs two. */
  readonly interrupted: (between: () => Promise<unknown>) => Subscriptions;
}

export const sampleSubscription = (id: string, organisation: string): Subscription => ({
  id,
  organisation,
  status: 'active',
  endpoint: 'https://partner.example/fhir/notify',
  payload: 'full-resource',
  headers: ['Authorization: Bearer of-the-subscriber'],
  filter: {},
  filterText: [],
  reason: 'contract',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  createdAt: '2026-02-01T10:00:00.000Z',
  revision: 1,
  lastNumber: 0,
  failures: 0,
});

const at = (second: number): string => new Date(Date.parse('2026-02-01T11:00:00.000Z') + second * 1000).toISOString();
const endOfTime = '2099-01-01T00:00:00.000Z';
/** When what is numbered was known to owe. */
const asOf = Date.parse(at(0));

const settlement = (
  notified: readonly NumberedNotification[],
  withoutSubscription: readonly string[],
  idleCheckAt?: string,
): FanOutResult => ({
  notified,
  withoutSubscription,
  fanOutCompletedAt: at(7),
  ...defined({ idleCheckAt }),
});

/** The entries that accepted messages make, one after another. */
const entriesOf = (messages: readonly (readonly [Party, Message])[]): readonly Entry[] =>
  messages.reduce<readonly Entry[]>((log, [sender, message]) => {
    const decided = decide(log.at(-1)?.state, message, { ...sentBy(sender), now: at(log.length) });
    if (decided.outcome === 'refused') throw new Error(JSON.stringify(decided.faults));
    return [...log, { ...decided.entry, pendingFrom: decided.entry.number, activeSince: 1 }];
  }, []);

const firstOf = <Item>(items: readonly Item[]): Item => {
  const [first] = items;
  if (first === undefined) throw new Error('there is nothing');
  return first;
};

/** Text that hardly compresses, the same for the same seed. */
const noise = (length: number, seed: number): string => {
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += state.toString(36).slice(1);
  }
  return text.slice(0, length);
};

/**
 * Declares the tests that every set of keeping ports must pass. Ids differ from test to test and from run to run,
 * so the ports may share tables with others; what is due is waited for, since an index may lag behind.
 */
export const portContract = (name: string, makePorts: () => Promise<KeepingPorts>): void => {
  describe(`${name} keeps the ports' promises`, () => {
    const run = Date.now().toString(36);
    let count = 0;
    const fresh = (): string => {
      count += 1;
      return `contract-${run}-${count}`;
    };
    let ports: KeepingPorts;
    beforeAll(async () => {
      ports = await makePorts();
    });

    /** A mission with its request and two updates. */
    const story = () => {
      const request = missionRequest({ id: fresh() });
      const mission = missionOpenedBy(request);
      const entries = entriesOf([
        [parties.amk, request],
        [parties.amk, missionUpdate({ mission, id: fresh() })],
        [parties.la, missionUpdate({ mission, id: fresh(), describes: false })],
      ]);
      return { mission, entries, first: firstOf(entries) };
    };

    const stored = async (entries: readonly Entry[], dueAt = endOfTime): Promise<void> => {
      for (const entry of entries) expect(await ports.missions.append(entry, dueAt)).toBe('appended');
    };

    const subscribed = async (organisation: string, change: Partial<Subscription> = {}): Promise<Subscription> => {
      const subscription = { ...sampleSubscription(fresh(), organisation), ...change };
      await ports.subscriptions.create(subscription, endOfTime);
      return subscription;
    };

    const notice = (subscription: Subscription, mission: string, number: number): Notification => ({
      subscription: subscription.id,
      number,
      organisation: subscription.organisation,
      mission,
      entry: number,
      writtenAt: at(number),
      status: 'pending',
      attempts: 0,
      ...(number === 1 ? {} : { previous: number - 1 }),
    });

    /** What is due among the things of one test; an index may show it a little later. */
    const due = async (
      now: string,
      mine: (obligation: Obligation) => boolean,
      expected: readonly Obligation[],
    ): Promise<void> =>
      vi.waitFor(async () => expect((await ports.obligations.due(now, 1000)).filter(mine)).toEqual(expected), {
        timeout: 60_000,
        interval: 50,
      });

    describe('the mission log', () => {
      test('A mission nobody has asked for has no entries', async () => {
        const { mission } = story();
        expect(await ports.missions.last(mission)).toBeUndefined();
        expect(await ports.missions.entry(mission, 1)).toBeUndefined();
        expect(await ports.missions.entries(mission, 1, 9)).toEqual([]);
      });

      test('An entry is read as it was written, with its debt', async () => {
        const { mission, entries } = story();
        await stored(entries);
        for (const entry of entries) {
          expect(await ports.missions.entry(mission, entry.number)).toEqual({
            ...entry,
            fanOutPending: true,
            notified: [],
            withoutSubscription: [],
          });
        }
      });

      test('The last entry is the one with the highest number', async () => {
        const { mission, entries } = story();
        for (const entry of entries) {
          await stored([entry]);
          expect((await ports.missions.last(mission))?.number).toBe(entry.number);
        }
      });

      test('The tenth entry comes after the ninth', async () => {
        const request = missionRequest({ id: fresh() });
        const mission = missionOpenedBy(request);
        const entries = entriesOf([
          [parties.amk, request],
          ...Array.from({ length: 11 }, () => [parties.amk, missionUpdate({ mission, id: fresh() })] as const),
        ]);
        await stored(entries);
        expect((await ports.missions.last(mission))?.number).toBe(12);
        expect((await ports.missions.entries(mission, 2, 11)).map(({ number }) => number)).toEqual([
          2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
        ]);
      });

      test('A number is taken once, and the entry that has it is not changed', async () => {
        const { mission, entries, first } = story();
        await stored(entries);
        const late = { ...first, messageId: 'another' };
        expect(await ports.missions.append(late, endOfTime)).toBe('taken');
        expect((await ports.missions.entry(mission, 1))?.messageId).toBe(first.messageId);
      });

      test('Of entries that race for one number, one is appended', async () => {
        const { mission, first } = story();
        const ids = ['a', 'b', 'c', 'd'];
        const results = await Promise.all(
          ids.map((messageId) => ports.missions.append({ ...first, messageId }, endOfTime)),
        );
        expect(results.filter((result) => result === 'appended')).toHaveLength(1);
        expect((await ports.missions.last(mission))?.messageId).toBe(ids[results.indexOf('appended')]);
      });

      test('Entries are read from one number to another, both included', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const numbers = async (from: number, to: number) =>
          (await ports.missions.entries(mission, from, to)).map(({ number }) => number);
        expect(await numbers(1, 3)).toEqual([1, 2, 3]);
        expect(await numbers(2, 2)).toEqual([2]);
        expect(await numbers(2, 99)).toEqual([2, 3]);
        expect(await numbers(4, 9)).toEqual([]);
      });

      test('An entry that is settled owes nothing and says who was told and who was not', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const told = [{ subscription: 'one', number: 4, organisation: parties.la.organisation }];
        await ports.missions.completeFanOut(mission, 1, settlement(told, [parties.amk.organisation]));
        expect(await ports.missions.entry(mission, 1)).toMatchObject({
          fanOutPending: false,
          notified: told,
          withoutSubscription: [parties.amk.organisation],
        });
        expect(await ports.missions.entry(mission, 2)).toMatchObject({
          fanOutPending: true,
          notified: [],
          withoutSubscription: [],
        });
      });

      test('What is settled stays as it was settled first', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const told = [{ subscription: 'one', number: 4, organisation: parties.la.organisation }];
        await ports.missions.completeFanOut(mission, 1, settlement(told, []));
        await ports.missions.completeFanOut(mission, 1, settlement([], [parties.la.organisation]));
        expect(await ports.missions.entry(mission, 1)).toMatchObject({
          fanOutPending: false,
          notified: told,
          withoutSubscription: [],
        });
      });

      test('Whoever settles second adds those whom the first did not know of, and nothing else', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const told = (subscription: string) => ({ subscription, number: 4, organisation: parties.la.organisation });
        await ports.missions.completeFanOut(mission, 1, settlement([told('one')], [parties.amk.organisation]));
        await Promise.all([
          ports.missions.completeFanOut(mission, 1, settlement([told('one'), told('two')], [])),
          ports.missions.completeFanOut(mission, 1, settlement([told('three')], [])),
        ]);
        const settled = await ports.missions.entry(mission, 1);
        expect(settled?.notified.map(({ subscription }) => subscription).sort()).toEqual(['one', 'three', 'two']);
        expect(settled).toMatchObject({ fanOutPending: false, withoutSubscription: [parties.amk.organisation] });
      });

      test('Settling an entry that is not in the log writes nothing', async () => {
        const { mission } = story();
        await ports.missions.completeFanOut(mission, 1, settlement([], [])).catch(() => undefined);
        expect(await ports.missions.last(mission)).toBeUndefined();
      });

      test('Settling changes nothing else of an entry', async () => {
        const { mission, entries, first } = story();
        await stored(entries);
        await ports.missions.completeFanOut(mission, 1, settlement([], []));
        expect(await ports.missions.entry(mission, 1)).toEqual({
          ...first,
          fanOutPending: false,
          notified: [],
          withoutSubscription: [],
          fanOutCompletedAt: at(7),
        });
      });

      test('The largest body that the hub takes can be kept, however badly it compresses', async () => {
        const request = missionRequest({
          id: fresh(),
          more: [{ resourceType: 'Binary', contentType: 'text/plain', data: noise(250 * 1024, 7) }],
        });
        const [entry] = entriesOf([[parties.amk, request]]);
        await stored(entry === undefined ? [] : [entry]);
        expect((await ports.missions.last(missionOpenedBy(request)))?.text).toBe(request.text);
      });

      test('What is larger than an entry may be is refused, and nothing is written', async () => {
        const { mission, first } = story();
        const text = noise(900_000, 7);
        expect(await ports.missions.append({ ...first, text }, endOfTime)).toBe('too-large');
        expect(await ports.missions.last(mission)).toBeUndefined();
      });

      test('Letters of every script are kept', async () => {
        const request = missionRequest({ id: fresh(), by: 'Åse Ørbæk Čálliidlágádus 🚁 \u2028 𝄞' });
        await stored(entriesOf([[parties.amk, request]]));
        const kept = await ports.missions.last(missionOpenedBy(request));
        expect(kept?.text).toBe(request.text);
        expect(kept?.facts.decider?.name).toBe('Åse Ørbæk Čálliidlágádus 🚁 \u2028 𝄞');
      });
    });

    describe('the subscription log', () => {
      test('A subscription is read as it was made', async () => {
        const subscription = await subscribed(fresh(), {
          filter: { events: ['mission-update'], urgencies: ['stat'], missions: ['m'] },
          filterText: ['a', 'b'],
          timeout: 12,
        });
        expect(await ports.subscriptions.read(subscription.id)).toEqual(subscription);
        expect(await ports.subscriptions.read(fresh())).toBeUndefined();
      });

      test('An organisation has its own subscriptions', async () => {
        const [mine, other] = [fresh(), fresh()];
        const one = await subscribed(mine);
        const two = await subscribed(mine);
        await subscribed(other);
        const found = await ports.subscriptions.ofOrganisation(mine);
        expect(found).toHaveLength(2);
        expect(found).toEqual(expect.arrayContaining([one, two]));
        expect(await ports.subscriptions.ofOrganisation(fresh())).toEqual([]);
      });

      test('Whoever has asked for notifications and not turned them off is a subscriber', async () => {
        const [mine, other, unconcerned] = [fresh(), fresh(), fresh()];
        const active = await subscribed(mine, { filter: { events: ['mission-update'] } });
        const requested = await subscribed(mine, { status: 'requested' });
        await subscribed(mine, { status: 'off' });
        const elsewhere = await subscribed(other);
        await subscribed(unconcerned);
        const found = await ports.subscriptions.subscribers([mine, other, fresh()]);
        const short = ({ id, organisation, filter }: Subscription) => ({ id, organisation, filter });
        expect(found).toHaveLength(3);
        expect(found).toEqual(
          expect.arrayContaining([active, requested, elsewhere].map((one) => expect.objectContaining(short(one)))),
        );
      });

      test('A subscription that was made a moment ago is a subscriber, and one turned off a moment ago is none', async () => {
        const mine = fresh();
        const subscription = await subscribed(mine);
        expect(await ports.subscriptions.subscribers([mine])).toHaveLength(1);
        await becomes(ports, subscription.id, 'off');
        expect(await ports.subscriptions.subscribers([mine])).toEqual([]);
      });

      test('What was turned off stays off, whatever a handshake under way still says', async () => {
        const mine = fresh();
        const { id } = await subscribed(mine, { status: 'requested' });
        await becomes(ports, id, 'off');
        await becomes(ports, id, 'active');
        await becomes(ports, id, 'off');
        expect((await ports.subscriptions.read(id))?.status).toBe('off');
        expect(await ports.subscriptions.subscribers([mine])).toEqual([]);
      });

      test('A subscription is made once', async () => {
        const subscription = await subscribed(fresh());
        await ports.eventNumbers.number(subscription.id, 'a', 1, asOf);
        const other = { ...subscription, endpoint: 'https://elsewhere.example/fhir/notify' };
        await expect(ports.subscriptions.create(other, endOfTime)).rejects.toThrow();
        expect((await ports.subscriptions.read(subscription.id))?.lastNumber).toBe(1);
      });

      test('Settings are changed by who saw them last, and numbers and what stands with the endpoint stay', async () => {
        const mine = fresh();
        const subscription = await subscribed(mine);
        const { id } = subscription;
        await ports.eventNumbers.number(id, 'a', 1, asOf);
        await ports.endpointHealth.countFailure(subscription, 'timeout', at(1));
        const filter = { events: ['mission-cancel'] };
        expect(await ports.subscriptions.change({ ...subscription, filter })).toBe(true);
        expect(await ports.subscriptions.change({ ...subscription, filter: {} })).toBe(false);
        expect(await ports.subscriptions.read(id)).toEqual({
          ...subscription,
          filter,
          revision: 2,
          lastNumber: 1,
          failures: 1,
          failingSince: at(1),
          error: 'timeout',
        });
        expect(await ports.subscriptions.subscribers([mine])).toEqual([{ id, organisation: mine, filter }]);
      });

      test('Settings that begin contact anew make it requested, without failures, and a handshake owed', async () => {
        const subscription = await subscribed(fresh());
        const { id } = subscription;
        await ports.endpointHealth.save(subscription, {
          status: 'error',
          failures: 5,
          error: 'name',
          retryAt: at(9),
        });
        const endpoint = 'https://partner.example/other';
        expect(await ports.subscriptions.change({ ...subscription, endpoint }, at(3))).toBe(true);
        const changed = await ports.subscriptions.read(id);
        expect(changed).toEqual({ ...subscription, endpoint, revision: 2, status: 'requested' });
        const mine = (obligation: Obligation): boolean =>
          'subscription' in obligation && obligation.subscription === id;
        await due(at(4), mine, [{ kind: 'contact', subscription: id, due: at(3) }]);
      });

      test('What has ended is not changed, and what was never made neither', async () => {
        const mine = fresh();
        const subscription = await subscribed(mine);
        await ports.subscriptions.turnOff(subscription.id);
        expect(await ports.subscriptions.change({ ...subscription, filter: { missions: ['m'] } })).toBe(false);
        expect((await ports.subscriptions.read(subscription.id))?.filter).toEqual({});
        expect(await ports.subscriptions.subscribers([mine])).toEqual([]);
        expect(await ports.subscriptions.change(sampleSubscription(fresh(), mine))).toBe(false);
        expect(await ports.subscriptions.subscribers([mine])).toEqual([]);
      });

      test('Who ends a subscription while its settings are being changed has ended it', async () => {
        const mine = fresh();
        const subscription = await subscribed(mine);
        const log = ports.interrupted(() => ports.subscriptions.turnOff(subscription.id));
        await log.change({ ...subscription, filter: { missions: ['m'] } });
        expect((await ports.subscriptions.read(subscription.id))?.status).toBe('off');
        expect(await ports.subscriptions.subscribers([mine])).toEqual([]);
      });

      test('Of two that change the settings at once the list has those of the second', async () => {
        const mine = fresh();
        const subscription = await subscribed(mine);
        const second = { missions: ['second'] };
        const log = ports.interrupted(() =>
          ports.subscriptions.change({ ...subscription, revision: 2, filter: second }),
        );
        expect(await log.change({ ...subscription, filter: { missions: ['first'] } })).toBe(true);
        expect((await ports.subscriptions.read(subscription.id))?.filter).toEqual(second);
        expect((await ports.subscriptions.subscribers([mine])).map(({ filter }) => filter)).toEqual([second]);
      });

      test('How it stands with an endpoint is noted by who saw the status and the settings as they are', async () => {
        const subscription = await subscribed(fresh(), { status: 'requested' });
        const { id } = subscription;
        const active = { status: 'active', failures: 0 } as const;
        const error = { status: 'error', failures: 5, error: 'timeout', retryAt: at(5), dueAt: at(5) } as const;
        expect(await ports.endpointHealth.save({ ...subscription, status: 'error' }, active)).toBe(false);
        expect(await ports.endpointHealth.save({ ...subscription, revision: 0 }, active)).toBe(false);
        expect(await ports.endpointHealth.save(subscription, error)).toBe(true);
        expect(await ports.endpointHealth.save(subscription, active)).toBe(false);
        expect(await ports.subscriptions.read(id)).toMatchObject({
          status: 'error',
          failures: 5,
          error: 'timeout',
          retryAt: at(5),
        });
        const mine = (obligation: Obligation): boolean =>
          'subscription' in obligation && obligation.subscription === id;
        await due(at(6), mine, [{ kind: 'contact', subscription: id, due: at(5) }]);
        expect(await ports.endpointHealth.save({ ...subscription, status: 'error' }, active)).toBe(true);
        const found = await ports.subscriptions.read(id);
        expect(found).toMatchObject(active);
        expect([found?.error, found?.retryAt]).toEqual([undefined, undefined]);
        await due(endOfTime, mine, []);
        expect(await ports.endpointHealth.save({ id: fresh(), status: 'active', revision: 1 }, active)).toBe(false);
      });

      test('Calls that fail at once are each counted, while the subscription is active and as it was seen', async () => {
        const subscription = await subscribed(fresh());
        const { id } = subscription;
        const counts = await Promise.all(
          ['a', 'b', 'c'].map((error) => ports.endpointHealth.countFailure(subscription, error, at(1))),
        );
        expect(counts.map((one) => one?.failures ?? 0).sort((one, other) => one - other)).toEqual([1, 2, 3]);
        expect(await ports.endpointHealth.countFailure(subscription, 'd', at(9))).toEqual({
          failures: 4,
          failingSince: at(1),
        });
        expect(await ports.endpointHealth.countFailure({ id, revision: 0 }, 'd', at(9))).toBeUndefined();
        // Whoever has not seen the outage may not end it, nor say that it is another.
        const error = { status: 'error', failures: 3, error: 'e' } as const;
        expect(await ports.endpointHealth.save(subscription, error)).toBe(false);
        expect(await ports.endpointHealth.save({ ...subscription, failingSince: at(0) }, error)).toBe(false);
        expect(await ports.endpointHealth.save({ ...subscription, failingSince: at(1) }, error)).toBe(true);
        expect(await ports.endpointHealth.countFailure(subscription, 'f', at(9))).toBeUndefined();
        expect(await ports.subscriptions.read(id)).toMatchObject({ failures: 3, error: 'e' });
        expect((await ports.subscriptions.read(id))?.failingSince).toBeUndefined();
        expect(await ports.endpointHealth.countFailure({ id: fresh(), revision: 1 }, 'g', at(9))).toBeUndefined();
      });

      test('Of those who would probe an open circuit at once, one may', async () => {
        const subscription = await subscribed(fresh());
        const { id, revision } = subscription;
        const open = { status: 'error', failures: 5, error: 'timeout', retryAt: at(5) } as const;
        await ports.endpointHealth.save(subscription, open);
        const seen = { id, revision, retryAt: at(5) };
        const claims = await Promise.all(
          [at(20), at(21), at(22)].map((until) => ports.endpointHealth.claimProbe(seen, until)),
        );
        expect(claims.filter((mine) => mine)).toHaveLength(1);
        expect(await ports.endpointHealth.claimProbe(seen, at(30))).toBe(false);
        const { retryAt } = (await ports.subscriptions.read(id)) ?? {};
        expect(retryAt).toBe([at(20), at(21), at(22)][claims.indexOf(true)]);
        expect(await ports.endpointHealth.claimProbe({ id, revision: 0, retryAt: retryAt ?? '' }, at(30))).toBe(false);
        expect(await ports.endpointHealth.claimProbe({ id, revision }, at(30))).toBe(false);
        await ports.endpointHealth.save({ ...subscription, status: 'error' }, { status: 'active', failures: 0 });
        expect(await ports.endpointHealth.claimProbe({ id, revision, retryAt: retryAt ?? '' }, at(30))).toBe(false);
      });

      test('The number that an entry was given is known until a later one has its own', async () => {
        const { id } = await subscribed(fresh());
        expect(await ports.eventNumbers.numbered(id, 'a', 1)).toBeUndefined();
        await ports.eventNumbers.number(id, 'a', 1, asOf);
        await ports.eventNumbers.number(id, 'b', 1, asOf);
        expect(await ports.eventNumbers.numbered(id, 'a', 1)).toEqual({ number: 1 });
        await ports.eventNumbers.number(id, 'a', 4, asOf);
        expect(await ports.eventNumbers.numbered(id, 'a', 4)).toEqual({ number: 3, previous: 1 });
        expect(await ports.eventNumbers.numbered(id, 'a', 1)).toBeUndefined();
        expect(await ports.eventNumbers.numbered(fresh(), 'a', 1)).toBeUndefined();
      });

      test('To a subscription that is not there no number is given', async () => {
        expect(await ports.eventNumbers.number(fresh(), 'a', 1, asOf)).toBe('passed');
      });

      test('More organisations than one read takes can be asked for', async () => {
        const organisations = Array.from({ length: 30 }, fresh);
        for (const organisation of organisations) await subscribed(organisation);
        const found = await ports.subscriptions.subscribers(organisations);
        expect(found.map(({ organisation }) => organisation).sort()).toEqual([...organisations].sort());
      });

      test('A status is set with what went wrong, and the error goes when the subscription is active again', async () => {
        const { id } = await subscribed(fresh(), { status: 'requested' });
        await becomes(ports, id, 'error', 'handshake: HTTP 404');
        expect(await ports.subscriptions.read(id)).toMatchObject({
          status: 'error',
          error: 'handshake: HTTP 404',
        });
        await becomes(ports, id, 'active');
        const active = await ports.subscriptions.read(id);
        expect(active?.status).toBe('active');
        expect(active?.error).toBeUndefined();
      });

      test('Notifications are numbered 1, 2, 3 … per subscription, each with the one before it in its mission', async () => {
        const { id } = await subscribed(fresh());
        const other = await subscribed(fresh());
        expect(await ports.eventNumbers.number(id, 'a', 1, asOf)).toEqual({ number: 1 });
        expect(await ports.eventNumbers.number(id, 'b', 1, asOf)).toEqual({ number: 2 });
        expect(await ports.eventNumbers.number(id, 'a', 2, asOf)).toEqual({ number: 3, previous: 1 });
        expect(await ports.eventNumbers.number(other.id, 'a', 2, asOf)).toEqual({ number: 1 });
        expect(await ports.eventNumbers.number(id, 'b', 7, asOf)).toEqual({ number: 4, previous: 2 });
        expect((await ports.subscriptions.read(id))?.lastNumber).toBe(4);
      });

      test('Asked again for the same entry it gives the same number and the same one before it', async () => {
        const { id } = await subscribed(fresh());
        await ports.eventNumbers.number(id, 'a', 1, asOf);
        const first = await ports.eventNumbers.number(id, 'a', 2, asOf);
        await ports.eventNumbers.number(id, 'b', 1, asOf);
        expect(await ports.eventNumbers.number(id, 'a', 2, asOf)).toEqual(first);
        expect((await ports.subscriptions.read(id))?.lastNumber).toBe(3);
      });

      test('An entry before the last one numbered has been passed', async () => {
        const { id } = await subscribed(fresh());
        await ports.eventNumbers.number(id, 'a', 1, asOf);
        await ports.eventNumbers.number(id, 'a', 2, asOf);
        expect(await ports.eventNumbers.number(id, 'a', 1, asOf)).toBe('passed');
        expect((await ports.subscriptions.read(id))?.lastNumber).toBe(2);
      });

      test('Those who ask for one entry at once get one number', async () => {
        const { id } = await subscribed(fresh());
        const given = await Promise.all(Array.from({ length: 5 }, () => ports.eventNumbers.number(id, 'a', 1, asOf)));
        expect(given).toEqual(Array.from({ length: 5 }, () => ({ number: 1 })));
      });

      test('Entries of many missions numbered at once get each its own number, without a gap', async () => {
        const { id } = await subscribed(fresh());
        const given = await Promise.all(
          Array.from({ length: 12 }, (_, index) => ports.eventNumbers.number(id, `m${index}`, 1, asOf)),
        );
        const numbers = given
          .map((one) => (typeof one === 'object' && 'number' in one ? one.number : 0))
          .sort((one, other) => one - other);
        expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
      });

      test('A notification is written once and read as it was written', async () => {
        const subscription = await subscribed(fresh());
        const written = notice(subscription, 'a', 2);
        await ports.notifications.write(written, endOfTime);
        await ports.notifications.write({ ...written, entry: 99, writtenAt: at(99) }, endOfTime);
        expect(await ports.notifications.read(subscription.id, 2)).toEqual(written);
        expect(await ports.notifications.read(subscription.id, 1)).toBeUndefined();
      });

      test('Notifications are read by their keys, and by their numbers in order', async () => {
        const one = await subscribed(fresh());
        const two = await subscribed(fresh());
        const numbers = [3, 1, 10, 2, 9];
        for (const number of numbers) await ports.notifications.write(notice(one, 'a', number), endOfTime);
        await ports.notifications.write(notice(two, 'a', 1), endOfTime);
        const found = await ports.notifications.readAll([
          { subscription: one.id, number: 3 },
          { subscription: two.id, number: 1 },
          { subscription: two.id, number: 2 },
        ]);
        expect(found).toHaveLength(2);
        expect(found).toEqual(expect.arrayContaining([notice(one, 'a', 3), notice(two, 'a', 1)]));
        expect((await ports.notifications.range(one.id, 2, 10)).map(({ number }) => number)).toEqual([2, 3, 9, 10]);
        expect(await ports.notifications.range(one.id, 4, 8)).toEqual([]);
        expect(await ports.notifications.readAll([])).toEqual([]);
      });

      test('Each attempt is counted and the last one is remembered', async () => {
        const subscription = await subscribed(fresh());
        const written = notice(subscription, 'a', 1);
        await ports.notifications.write(written, endOfTime);
        await ports.notifications.record(
          subscription.id,
          1,
          attempted({
            at: at(5),
            answer: 'HTTP 503',
            status: 'pending',
            dueAt: endOfTime,
          }),
        );
        const tried = await ports.notifications.read(subscription.id, 1);
        expect(tried).toEqual({
          ...written,
          attempts: 1,
          firstTriedAt: at(5),
          lastAttemptAt: at(5),
          lastAnswer: 'HTTP 503',
        });
        await ports.notifications.record(
          subscription.id,
          1,
          attempted({ at: at(9), answer: 'HTTP 200', status: 'delivered' }),
        );
        expect(await ports.notifications.read(subscription.id, 1)).toEqual({
          ...written,
          status: 'delivered',
          attempts: 2,
          firstTriedAt: at(5),
          lastAttemptAt: at(9),
          lastAnswer: 'HTTP 200',
          completedAt: at(9),
        });
      });

      test('A notification that is settled is not owed again because a slower attempt failed', async () => {
        const subscription = await subscribed(fresh());
        await ports.notifications.write(notice(subscription, 'a', 1), at(0));
        await ports.notifications.record(
          subscription.id,
          1,
          attempted({ at: at(1), answer: 'HTTP 200', status: 'delivered' }),
        );
        await ports.notifications
          .record(subscription.id, 1, attempted({ at: at(2), answer: 'timeout', status: 'pending', dueAt: at(3) }))
          .catch(() => undefined);
        expect(await ports.notifications.read(subscription.id, 1)).toMatchObject({
          status: 'delivered',
          completedAt: at(1),
        });
        await due(
          endOfTime,
          (one) => 'subscription' in one && one.subscription === subscription.id && one.kind === 'delivery',
          [],
        );
      });

      test('Writing a notification again does not bring back what was delivered', async () => {
        const subscription = await subscribed(fresh());
        await ports.notifications.write(notice(subscription, 'a', 1), at(0));
        await ports.notifications.record(
          subscription.id,
          1,
          attempted({ at: at(1), answer: 'HTTP 200', status: 'delivered' }),
        );
        await ports.notifications.write(notice(subscription, 'a', 1), at(0));
        expect((await ports.notifications.read(subscription.id, 1))?.status).toBe('delivered');
      });
    });

    describe('the delivery contexts', () => {
      const orderFor = (subscription: Subscription, mission: string, entry: number): NotificationJob => ({
        kind: 'notification',
        subscription: subscription.id,
        number: entry,
        mission,
        entry,
        request: 2,
        ...(entry === 1 ? {} : { previous: entry - 1 }),
      });

      test('One read finds the subscription, the notification and the one before it, the entry and the request', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const subscription = await subscribed(fresh());
        for (const { number } of entries)
          await ports.notifications.write(notice(subscription, mission, number), endOfTime);
        const found = await ports.contexts.load(orderFor(subscription, mission, 3));
        expect(found.subscription).toMatchObject({ id: subscription.id, secret: subscription.secret });
        expect(found.notification).toEqual(notice(subscription, mission, 3));
        expect(found.previous).toEqual(notice(subscription, mission, 2));
        expect(found.entry).toMatchObject({ number: 3, text: entries[2]?.text, state: entries[2]?.state });
        expect(found.request).toMatchObject({ number: 2, text: entries[1]?.text });
      });

      test('The entry may itself hold the request, and the first notification has none before it', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const subscription = await subscribed(fresh());
        await ports.notifications.write(notice(subscription, mission, 1), endOfTime);
        const found = await ports.contexts.load({ ...orderFor(subscription, mission, 1), request: 1 });
        expect(found.entry?.number).toBe(1);
        expect(found.request?.number).toBe(1);
        expect(found.previous).toBeUndefined();
      });

      test('The request is the one that the entry knows, whatever the order supposed', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const subscription = await subscribed(fresh());
        for (const supposed of [1, 2, 3, 99]) {
          const found = await ports.contexts.load({ ...orderFor(subscription, mission, 3), request: supposed });
          expect(found.request?.number).toBe(2);
        }
      });

      test('What is not there is not found', async () => {
        const { mission } = story();
        const found = await ports.contexts.load(orderFor(sampleSubscription(fresh(), fresh()), mission, 3));
        expect(Object.values(found).filter((one) => one !== undefined)).toEqual([]);
      });
    });

    describe('the worklist', () => {
      /** A mission whose first resource is asked, then accepts; the Task as of each entry. */
      const asked = (owner: Party) => {
        const request = missionRequest({ id: fresh() });
        const mission = missionOpenedBy(request);
        const entries = entriesOf([
          [parties.amk, request],
          [parties.la, resourceRequest({ mission, id: fresh() })],
          [parties.operator, resourceResponse({ task: taskOpenedBy(mission, 2), answer: 'declined', id: fresh() })],
        ]);
        const as = (entry: Entry | undefined): { readonly task: TaskState; readonly state: Entry['state'] } => {
          const task = entry?.state.tasks.find(({ kind }) => kind === 'resource');
          if (entry === undefined || task === undefined) throw new Error('no resource was asked');
          return { task: { ...task, owner: owner.organisation }, state: entry.state };
        };
        return { mission, open: as(entries[1]), closed: as(entries[2]) };
      };
      const owner = (): Party => ({ organisation: fresh(), name: 'Contract', role: 'operator' });
      const listed = async (organisation: string, open: boolean) =>
        (await ports.worklist.list(organisation, open, 50)).items.map(({ task }) => task.id);

      test('A Task that waits for its owner is on its list, with what a list needs of the mission', async () => {
        const me = owner();
        const { mission, open } = asked(me);
        await ports.worklist.put(open.task, open.state);
        expect((await ports.worklist.list(me.organisation, true, 50)).items).toEqual([
          { task: open.task, mission, exercise: false, urgency: 'stat', coordinator: parties.la.organisation },
        ]);
        expect(await listed(fresh(), true)).toEqual([]);
      });

      test('A Task that is over leaves the list of open ones', async () => {
        const me = owner();
        const { open, closed } = asked(me);
        await ports.worklist.put(open.task, open.state);
        await ports.worklist.put(closed.task, closed.state);
        expect(await listed(me.organisation, true)).toEqual([]);
        expect(await listed(me.organisation, false)).toEqual([closed.task.id]);
      });

      test('An older entry that comes late does not overwrite a newer one', async () => {
        const me = owner();
        const { open, closed } = asked(me);
        await ports.worklist.put(closed.task, closed.state);
        await ports.worklist.put(open.task, open.state);
        expect(await listed(me.organisation, true)).toEqual([]);
        expect((await ports.worklist.list(me.organisation, false, 50)).items[0]?.task.status).toBe('rejected');
      });

      test('Noting the same entry twice changes nothing', async () => {
        const me = owner();
        const { open } = asked(me);
        await ports.worklist.put(open.task, open.state);
        await ports.worklist.put(open.task, open.state);
        expect(await listed(me.organisation, true)).toEqual([open.task.id]);
      });

      test('A Task is owed from its deadline on until its owner has answered, ahead of all other debts', async () => {
        const { mission, open, closed } = asked(owner());
        const mine = (one: Obligation): boolean => 'mission' in one && one.mission === mission;
        const deadline: Obligation = { kind: 'deadline', mission, task: open.task.id };
        const { entries } = story();
        for (const entry of entries.slice(0, 1))
          expect(await ports.missions.append({ ...entry, mission }, at(0))).toBe('appended');
        await ports.worklist.put(open.task, open.state);
        await due(at(61), mine, [deadline, { kind: 'fan-out', mission, entry: 1 }]);
        await due(at(60), mine, [{ kind: 'fan-out', mission, entry: 1 }]);
        await ports.obligations.postpone(deadline, at(90));
        await due(at(89), mine, [{ kind: 'fan-out', mission, entry: 1 }]);
        await due(at(90), mine, [deadline, { kind: 'fan-out', mission, entry: 1 }]);
        await ports.worklist.put(closed.task, closed.state);
        await due(endOfTime, mine, [{ kind: 'fan-out', mission, entry: 1 }]);
        await ports.obligations.postpone(deadline, at(1));
        await due(endOfTime, mine, [{ kind: 'fan-out', mission, entry: 1 }]);
      });

      test('Pages show every Task once', async () => {
        const me = owner();
        const ids: string[] = [];
        for (let one = 0; one < 7; one += 1) {
          const { open } = asked(me);
          ids.push(open.task.id);
          await ports.worklist.put(open.task, open.state);
        }
        const seen: string[] = [];
        let from: string | undefined;
        do {
          const page = await ports.worklist.list(me.organisation, true, 3, from);
          expect(page.items.length).toBeLessThanOrEqual(3);
          seen.push(...page.items.map(({ task }) => task.id));
          from = page.next;
        } while (from !== undefined);
        expect(seen.sort()).toEqual(ids.sort());
      });
    });

    describe('the overview', () => {
      const operator = (): Party => ({ organisation: fresh(), name: 'Contract', role: 'operator' });

      /** The log of a resource: the state after each report. */
      const reports = (
        sender: Party,
        resource: string,
        ...messages: readonly Parameters<typeof resourceAvailability>[0][]
      ) =>
        entriesOf(
          messages.map((content) => [sender, resourceAvailability({ resource, id: fresh(), ...content })] as const),
        ).map(({ state }) => state);

      const seenOf = async ({ organisation }: Party): Promise<readonly string[]> =>
        (await ports.overview.readinessOf(organisation))
          .map(({ readiness, version, exercise }) =>
            [readiness?.resource, readiness?.availability, version, exercise ? 'exercise' : 'real'].join(' '),
          )
          .sort();

      /** An index may show what is noted a little later. */
      const seen = async (sender: Party, expected: readonly string[]): Promise<void> =>
        vi.waitFor(async () => expect(await seenOf(sender)).toEqual(expected), { timeout: 60_000, interval: 50 });

      test('Each operator has the resources it has reported on, as it reported last', async () => {
        const [one, other] = [operator(), operator()];
        for (const state of reports(one, 'LA-01', {}, { availability: 'weather' }))
          await ports.overview.putReadiness(state);
        for (const state of reports(one, 'LA-02', { availability: 'technical' }))
          await ports.overview.putReadiness(state);
        for (const state of reports(other, 'LA-01', {})) await ports.overview.putReadiness(state);
        await seen(one, ['LA-01 weather 2 real', 'LA-02 technical 1 real']);
        await seen(other, ['LA-01 free 1 real']);
        expect(await ports.overview.readinessOf(fresh())).toEqual([]);
      });

      test('An older report that comes late does not overwrite a newer one, and noting one twice changes nothing', async () => {
        const me = operator();
        const [first, second] = reports(me, 'LA-01', {}, { availability: 'crew-duty' });
        for (const state of [second, first, second, first])
          if (state !== undefined) await ports.overview.putReadiness(state);
        await seen(me, ['LA-01 crew-duty 2 real']);
      });

      test('A resource of an exercise is another than the real one of the same call sign', async () => {
        const me = operator();
        for (const state of [
          ...reports(me, 'LA-01', {}),
          ...reports(me, 'LA-01', { exercise: true, availability: 'off-line' }),
        ])
          await ports.overview.putReadiness(state);
        await seen(me, ['LA-01 free 1 real', 'LA-01 off-line 1 exercise']);
      });

      test('What is reported is kept whole but for the names of its messages', async () => {
        const me = operator();
        const [state] = reports(me, 'LA-01', { availability: 'weather', at: '2026-02-01T12:00:00+01:00' });
        if (state === undefined) throw new Error('nothing was reported');
        await ports.overview.putReadiness(state);
        await seen(me, ['LA-01 weather 1 real']);
        expect(await ports.overview.readinessOf(me.organisation)).toEqual([
          { ...state, messageFingerprints: '', bundleFingerprints: '' },
        ]);
      });

      /** A mission of an incident, as of its request. */
      const missionOf = (incident: string | undefined, exercise = false) => {
        const request = missionRequest({
          id: fresh(),
          exercise,
          ...(incident === undefined ? {} : { incident }),
        });
        return { mission: missionOpenedBy(request), state: firstOf(entriesOf([[parties.amk, request]])).state };
      };

      test('The missions of an incident are found at once, each once, and those of another incident are not', async () => {
        const [here, there] = [fresh(), fresh()];
        const missions = [missionOf(here), missionOf(here), missionOf(there), missionOf(undefined)];
        for (const { state } of missions) {
          await ports.overview.link(state);
          await ports.overview.link(state);
        }
        const found = async (value: string): Promise<readonly string[]> =>
          [...(await ports.overview.missionsOf(incidentIdentifier(value), false))].sort();
        const ids = missions.map(({ mission }) => mission);
        expect(await found(here)).toEqual(ids.slice(0, 2).sort());
        expect(await found(there)).toEqual(ids.slice(2, 3));
        expect(await found(fresh())).toEqual([]);
        expect(await ports.overview.missionsOf({ ...incidentIdentifier(here), system: 'urn:other' }, false)).toEqual(
          [],
        );
      });

      test('An exercise of an incident is not the incident', async () => {
        const incident = fresh();
        const [real, drill] = [missionOf(incident), missionOf(incident, true)];
        for (const { state } of [real, drill]) await ports.overview.link(state);
        expect(await ports.overview.missionsOf(incidentIdentifier(incident), false)).toEqual([real.mission]);
        expect(await ports.overview.missionsOf(incidentIdentifier(incident), true)).toEqual([drill.mission]);
      });
    });

    describe('the obligations', () => {
      const ofMission =
        (mission: string) =>
        (one: Obligation): boolean =>
          one.kind === 'fan-out' && one.mission === mission;
      const ofSubscription =
        (id: string) =>
        (one: Obligation): boolean =>
          'subscription' in one && one.subscription === id;

      test('An entry that is not settled is owed from its time on, and not before', async () => {
        const { mission, entries } = story();
        await stored(entries.slice(0, 1), at(10));
        await due(at(10), ofMission(mission), [{ kind: 'fan-out', mission, entry: 1 }]);
        await due(at(9), ofMission(mission), []);
      });

      test('What is due longest comes first', async () => {
        const { mission, first } = story();
        for (const [number, second] of [
          [1, 30],
          [2, 10],
          [3, 20],
        ] as const)
          expect(await ports.missions.append({ ...first, number }, at(second))).toBe('appended');
        await due(
          at(60),
          ofMission(mission),
          [2, 3, 1].map((entry) => ({ kind: 'fan-out' as const, mission, entry })),
        );
      });

      test('No more are given than were asked for', async () => {
        const { entries } = story();
        await stored(entries, at(0));
        await vi.waitFor(async () => expect(await ports.obligations.due(at(60), 2)).toHaveLength(2));
      });

      test('What is postponed is owed later, and what is not owed stays so', async () => {
        const { mission, first } = story();
        await stored([first], at(0));
        const obligation: Obligation = { kind: 'fan-out', mission, entry: 1 };
        await vi.waitFor(async () => expect(await ports.obligations.due(at(0), 100)).toContainEqual(obligation));
        await ports.obligations.postpone(obligation, at(90));
        await vi.waitFor(async () => expect(await ports.obligations.due(at(89), 100)).not.toContainEqual(obligation));
        await vi.waitFor(async () => expect(await ports.obligations.due(at(90), 100)).toContainEqual(obligation));
        await ports.missions.completeFanOut(mission, 1, settlement([], []));
        await ports.obligations.postpone(obligation, at(1));
        await ports.obligations.postpone({ kind: 'delivery', subscription: fresh(), number: 1 }, at(1));
        await vi.waitFor(async () => expect(await ports.obligations.due(at(90), 100)).not.toContainEqual(obligation));
      });

      test('A postponement of what was never owed writes nothing', async () => {
        const { mission } = story();
        const id = fresh();
        await ports.obligations.postpone({ kind: 'fan-out', mission, entry: 1 }, at(1));
        await ports.obligations.postpone({ kind: 'delivery', subscription: id, number: 1 }, at(1));
        await ports.obligations.postpone({ kind: 'contact', subscription: id, due: at(0) }, at(1));
        expect(await ports.missions.last(mission)).toBeUndefined();
        expect(await ports.notifications.read(id, 1)).toBeUndefined();
        expect(await ports.subscriptions.read(id)).toBeUndefined();
      });

      test('A settled entry is not owed', async () => {
        const { mission, entries } = story();
        await stored(entries.slice(0, 1), at(0));
        await ports.missions.completeFanOut(mission, 1, settlement([], []));
        await due(endOfTime, ofMission(mission), []);
      });

      test('A notification is owed until it is settled; an attempt that failed moves its time', async () => {
        const subscription = await subscribed(fresh());
        await becomes(ports, subscription.id, 'active');
        const mine = ofSubscription(subscription.id);
        const owed: Obligation = { kind: 'delivery', subscription: subscription.id, number: 1 };
        await ports.notifications.write(notice(subscription, 'a', 1), at(10));
        await due(at(10), mine, [owed]);
        await due(at(9), mine, []);
        await ports.notifications.record(
          subscription.id,
          1,
          attempted({
            at: at(11),
            answer: 'timeout',
            status: 'pending',
            dueAt: at(70),
          }),
        );
        await due(at(69), mine, []);
        await due(at(70), mine, [owed]);
        await ports.notifications.record(
          subscription.id,
          1,
          attempted({ at: at(71), answer: 'HTTP 410', status: 'failed' }),
        );
        await due(endOfTime, mine, []);
      });

      test('A handshake is owed until the subscription has another status', async () => {
        for (const status of ['active', 'error', 'off'] as const) {
          const subscription = { ...sampleSubscription(fresh(), fresh()), status: 'requested' as const };
          await ports.subscriptions.create(subscription, at(0));
          const mine = ofSubscription(subscription.id);
          await due(at(1), mine, [{ kind: 'contact', subscription: subscription.id, due: at(0) }]);
          await becomes(ports, subscription.id, status);
          await due(endOfTime, mine, []);
        }
      });

      test('Numbering a notification does not pay the handshake', async () => {
        const subscription = { ...sampleSubscription(fresh(), fresh()), status: 'requested' as const };
        await ports.subscriptions.create(subscription, at(0));
        await ports.eventNumbers.number(subscription.id, 'a', 1, asOf);
        await due(at(1), ofSubscription(subscription.id), [
          { kind: 'contact', subscription: subscription.id, due: at(0) },
        ]);
      });
    });

    describe('the idleMissions', () => {
      const retiring = async (now: string, mission: string, expected: readonly IdleMission[]): Promise<void> =>
        vi.waitFor(
          async () =>
            expect((await ports.idleMissions.due(now, 1000)).filter((one) => one.mission === mission)).toEqual(
              expected,
            ),
          { timeout: 60_000, interval: 50 },
        );

      test('A mission that is over after an entry may be forgotten from its time on, until that is done', async () => {
        const { mission, entries } = story();
        await stored(entries, at(0));
        await ports.missions.completeFanOut(mission, 1, settlement([], []));
        await ports.missions.completeFanOut(mission, 2, settlement([], [], at(20)));
        await ports.missions.completeFanOut(mission, 3, settlement([], [], at(10)));
        await retiring(at(20), mission, [
          { mission, entry: 3 },
          { mission, entry: 2 },
        ]);
        await retiring(at(19), mission, [{ mission, entry: 3 }]);
        await ports.idleMissions.done({ mission, entry: 3 });
        await retiring(at(20), mission, [{ mission, entry: 2 }]);
        await ports.idleMissions.done({ mission, entry: 2 });
        await ports.idleMissions.done({ mission, entry: 2 });
        await retiring(endOfTime, mission, []);
      });

      test('An entry that waits to be forgotten owes nothing and is settled for good', async () => {
        const { mission, entries, first } = story();
        await stored(entries.slice(0, 1), at(0));
        const told = [{ subscription: 'one', number: 4, organisation: parties.la.organisation }];
        await ports.missions.completeFanOut(mission, 1, settlement(told, [], at(10)));
        await ports.missions.completeFanOut(mission, 1, settlement([], [parties.la.organisation], at(5)));
        await ports.missions.completeFanOut(mission, 1, settlement([], [parties.la.organisation]));
        const settled = {
          ...first,
          fanOutPending: false,
          notified: told,
          withoutSubscription: [],
          fanOutCompletedAt: at(7),
        };
        expect(await ports.missions.entry(mission, 1)).toEqual(settled);
        await due(endOfTime, (one) => one.kind === 'fan-out' && one.mission === mission, []);
        await retiring(at(10), mission, [{ mission, entry: 1 }]);
        await retiring(at(9), mission, []);
        await ports.idleMissions.done({ mission, entry: 1 });
        expect(await ports.missions.entry(mission, 1)).toEqual(settled);
      });

      test('An entry that still owes is not made to owe less', async () => {
        const { mission, entries } = story();
        await stored(entries.slice(0, 1), at(0));
        await ports.idleMissions.done({ mission, entry: 1 });
        expect((await ports.missions.entry(mission, 1))?.fanOutPending).toBe(true);
        await due(at(1), (one) => one.kind === 'fan-out' && one.mission === mission, [
          { kind: 'fan-out', mission, entry: 1 },
        ]);
        await retiring(endOfTime, mission, []);
      });

      test('After a mission is forgotten the numbers go on without a gap, and know of nothing before', async () => {
        const { id } = await subscribed(fresh());
        await ports.eventNumbers.number(id, 'a', 1, asOf);
        await ports.eventNumbers.number(id, 'b', 1, asOf);
        await ports.eventNumbers.number(id, 'a', 2, asOf);
        await ports.idleMissions.forget(id, { mission: 'a', entry: 2 }, asOf - 1);
        expect(await ports.eventNumbers.number(id, 'a', 3, asOf)).toEqual({ number: 4 });
        expect(await ports.eventNumbers.number(id, 'b', 2, asOf)).toEqual({ number: 5, previous: 2 });
        expect((await ports.subscriptions.read(id))?.lastNumber).toBe(5);
      });

      test('A mission that went on is not forgotten', async () => {
        const { id } = await subscribed(fresh());
        await ports.eventNumbers.number(id, 'a', 1, asOf);
        await ports.eventNumbers.number(id, 'a', 3, asOf);
        await ports.idleMissions.forget(id, { mission: 'a', entry: 2 }, asOf - 1);
        expect(await ports.eventNumbers.number(id, 'a', 3, asOf)).toEqual({ number: 2, previous: 1 });
        expect(await ports.eventNumbers.number(id, 'a', 1, asOf)).toBe('passed');
      });

      test('Whoever read before a mission was forgotten numbers nothing anew, and nobody else is held up', async () => {
        const { id } = await subscribed(fresh());
        const give = (mission: string, entry: number, seconds: number) =>
          ports.eventNumbers.number(id, mission, entry, asOf + seconds * 1000);
        await give('a', 1, 0);
        await give('b', 1, 0);
        await ports.idleMissions.forget(id, { mission: 'a', entry: 1 }, asOf + 60_000);
        const refused = { forgotThrough: asOf + 60_000 };
        for (const late of [0, 60]) expect(await give('a', 1, late)).toEqual(refused);
        expect(await give('c', 1, 60)).toEqual(refused);
        expect((await ports.subscriptions.read(id))?.lastNumber).toBe(2);
        expect(await ports.eventNumbers.numbered(id, 'a', 1)).toBeUndefined();
        // One that has its place is numbered by it, however late.
        expect(await give('b', 1, 0)).toEqual({ number: 2 });
        expect(await give('b', 2, 0)).toEqual({ number: 3, previous: 2 });
        expect(await give('b', 1, 0)).toBe('passed');
        expect(await give('a', 2, 61)).toEqual({ number: 4 });
      });

      test('Who forgets with an older clock forgets, and lets nobody in whom a newer one keeps out', async () => {
        const { id } = await subscribed(fresh());
        for (const mission of ['a', 'b']) await ports.eventNumbers.number(id, mission, 1, asOf);
        await ports.idleMissions.forget(id, { mission: 'a', entry: 1 }, asOf + 60_000);
        await ports.idleMissions.forget(id, { mission: 'b', entry: 1 }, asOf + 10_000);
        for (const mission of ['a', 'b'])
          expect(await ports.eventNumbers.number(id, mission, 1, asOf + 30_000)).toEqual({
            forgotThrough: asOf + 60_000,
          });
        expect(await ports.eventNumbers.number(id, 'b', 2, asOf + 60_001)).toEqual({ number: 3 });
      });

      test('What was never numbered is forgotten already, and not numbered by who read before', async () => {
        const { id } = await subscribed(fresh());
        await ports.idleMissions.forget(id, { mission: 'a', entry: 2 }, asOf - 1);
        expect(await ports.eventNumbers.number(id, 'a', 1, asOf - 1)).toEqual({ forgotThrough: asOf - 1 });
        await ports.idleMissions.forget(fresh(), { mission: 'a', entry: 2 }, asOf - 1);
        expect(await ports.eventNumbers.number(id, 'a', 1, asOf)).toEqual({ number: 1 });
      });
    });

    describe('the dead letters', () => {
      const givenUp = async (second: number): Promise<Notification> => {
        const subscription = await subscribed(fresh());
        const letter = notice(subscription, 'a', 1);
        await ports.eventNumbers.number(subscription.id, 'a', 1, asOf);
        await ports.notifications.write(letter, endOfTime);
        await ports.notifications.record(subscription.id, 1, {
          at: at(second),
          answer: 'HTTP 410',
          status: 'failed',
          called: true,
          warned: true,
          firstTriedAt: at(0),
        });
        return letter;
      };
      const listed = async (): Promise<readonly string[]> => {
        const ids: string[] = [];
        let from: string | undefined;
        do {
          const page = await ports.deadLetters.list(2, from);
          ids.push(...page.items.map(({ subscription }) => subscription));
          from = page.next;
        } while (from !== undefined);
        return ids;
      };
      const expectListed = async (letters: readonly Notification[], expected: readonly Notification[]): Promise<void> =>
        vi.waitFor(
          async () => {
            const mine = (await listed()).filter((id) => letters.some(({ subscription }) => subscription === id));
            expect(mine).toEqual(expected.map(({ subscription }) => subscription));
          },
          { timeout: 60_000, interval: 50 },
        );
      const ofLetter =
        ({ subscription }: Notification) =>
        (obligation: Obligation): boolean =>
          obligation.kind === 'delivery' && obligation.subscription === subscription;

      test('What was given up is listed page by page, the longest dead first, and owed no more', async () => {
        const [late, early, between] = [await givenUp(30), await givenUp(10), await givenUp(20)];
        const all = [late, early, between];
        await expectListed(all, [early, between, late]);
        for (const letter of all) await due(endOfTime, ofLetter(letter), []);
      });

      test('What is redriven is owed as if it had never been tried; who redrives it too does nothing', async () => {
        const letter = await givenUp(10);
        const { subscription, number } = letter;
        const redriven = await Promise.all(
          [at(40), at(41)].map((now) => ports.deadLetters.redrive(subscription, number, now, at(60))),
        );
        expect(redriven.filter((mine) => mine)).toHaveLength(1);
        await expectListed([letter], []);
        await due(at(61), ofLetter(letter), [{ kind: 'delivery', subscription, number }]);
        const found = await ports.notifications.read(subscription, number);
        expect(found).toMatchObject({
          status: 'pending',
          attempts: 0,
          redrivenAt: redriven[0] === true ? at(40) : at(41),
        });
        expect([found?.firstTriedAt, found?.warned, found?.completedAt]).toEqual([undefined, undefined, undefined]);
      });

      test('What was redriven and taken is not redriven again', async () => {
        const letter = await givenUp(10);
        const { subscription, number } = letter;
        await ports.deadLetters.redrive(subscription, number, at(40), at(60));
        const taken = {
          at: at(42),
          answer: 'HTTP 200',
          status: 'delivered',
          called: true,
          firstTriedAt: at(42),
        } as const;
        await ports.notifications.record(subscription, number, taken);
        expect(await ports.deadLetters.redrive(subscription, number, at(50), at(60))).toBe(false);
        expect(await ports.deadLetters.discard(subscription, number, at(50))).toBe(false);
        expect((await ports.notifications.read(subscription, number))?.status).toBe('delivered');
      });

      test('What is put away stays failed and is listed no more', async () => {
        const letter = await givenUp(10);
        const { subscription, number } = letter;
        expect(await ports.deadLetters.discard(subscription, number, at(40))).toBe(true);
        await expectListed([letter], []);
        expect(await ports.notifications.read(subscription, number)).toMatchObject({
          status: 'failed',
          discardedAt: at(40),
        });
        expect(await ports.deadLetters.discard(subscription, number, at(41))).toBe(false);
        expect(await ports.deadLetters.redrive(subscription, number, at(41), at(60))).toBe(false);
      });

      test('A postponement does not bring back what was given up', async () => {
        const letter = await givenUp(10);
        const { subscription, number } = letter;
        await ports.obligations.postpone({ kind: 'delivery', subscription, number }, at(20));
        await due(endOfTime, ofLetter(letter), []);
        await expectListed([letter], [letter]);
      });

      test('What was never given up is no dead letter', async () => {
        const subscription = await subscribed(fresh());
        await ports.notifications.write(notice(subscription, 'a', 1), endOfTime);
        expect(await ports.deadLetters.redrive(subscription.id, 1, at(1), at(2))).toBe(false);
        expect(await ports.deadLetters.redrive(subscription.id, 2, at(1), at(2))).toBe(false);
        expect(await ports.deadLetters.discard(subscription.id, 1, at(1))).toBe(false);
      });
    });

    describe('everything kept', () => {
      test('Nobody who holds what was handed out can change what is kept', async () => {
        const { mission, entries } = story();
        await stored(entries);
        const subscription = await subscribed(fresh());
        const before = structuredClone(await ports.missions.last(mission));
        const read = await ports.missions.last(mission);
        const head = await ports.subscriptions.read(subscription.id);
        // Either it is a copy, or it cannot be changed.
        for (const spoil of [
          () => Object.assign(read ?? {}, { number: 99 }),
          () => Object.assign(read?.state ?? {}, { version: 99 }),
          () => Object.assign(read?.state.tasks[0] ?? {}, { status: 'completed' }),
          () => Object.assign(head ?? {}, { status: 'off' }),
          () => Object.assign(head?.headers ?? [], { 0: 'other' }),
        ])
          try {
            spoil();
          } catch {
            continue;
          }
        expect(await ports.missions.last(mission)).toEqual(before);
        expect(await ports.subscriptions.read(subscription.id)).toEqual(subscription);
      });
    });
  });
};
