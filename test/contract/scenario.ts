import { expect, vi } from 'vitest';
import type { MissionLists } from '../../core/mission/mission-lists.ts';
import type { FanOutResult, MissionLog, NumberedNotification } from '../../core/mission/mission-log.ts';
import type { Overview, Worklist } from '../../core/mission/projections.ts';
import type { Obligation, Obligations } from '../../core/delivery/obligations.ts';
import type { CallSlots } from '../../core/delivery/call-slots.ts';
import type { DeadLetters } from '../../core/delivery/dead-letters.ts';
import type { DeliveryContexts } from '../../core/delivery/delivery-context.ts';
import type { EndpointHealthStore } from '../../core/delivery/endpoint-health.ts';
import { numberNotification } from '../../core/delivery/number-notification.ts';
import type { Places } from '../../core/delivery/places.ts';
import type { Subscription, Subscriptions } from '../../core/delivery/subscription.ts';
import type { Notification, Notifications } from '../../core/delivery/notifications.ts';
import { decide } from '../../core/mission/decide.ts';
import { fingerprintWindow } from '../../core/mission/known-messages.ts';
import { entryAfter } from '../../core/mission/log-entry.ts';
import type { Entry, Party } from '../../core/mission/state.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { missionOpenedBy, missionRequest, missionUpdate, parties, sentBy } from '../support/messages.ts';

/** The ports that store something: each set of adapters must pass the same contract. */
export interface StoringPorts {
  readonly missions: MissionLog;
  readonly subscriptions: Subscriptions;
  readonly endpointHealth: EndpointHealthStore;
  readonly places: Places;
  readonly notifications: Notifications;
  readonly slots: CallSlots;
  readonly contexts: DeliveryContexts;
  readonly worklist: Worklist;
  readonly overview: Overview;
  readonly missionLists: MissionLists;
  readonly obligations: Obligations;
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
  failures: 0,
});

export const at = (second: number): string =>
  new Date(Date.parse('2026-02-01T11:00:00.000Z') + second * 1000).toISOString();
export const endOfTime = '2099-01-01T00:00:00.000Z';

export const fanOutResult = (
  notified: readonly NumberedNotification[],
  withoutSubscription: readonly string[],
): FanOutResult => ({
  notified,
  withoutSubscription,
  fanOutCompletedAt: at(7),
});

/** The entries that accepted messages make, one after another. */
export const entriesOf = (messages: readonly (readonly [Party, Message])[]): readonly Entry[] =>
  messages.reduce<readonly Entry[]>((log, [sender, message]) => {
    const decided = decide(log.at(-1)?.state, message, { ...sentBy(sender), now: at(log.length) });
    if (decided.outcome === 'refused') throw new Error(JSON.stringify(decided.faults));
    return [...log, entryAfter(log.at(-1), decided.entry, fingerprintWindow)];
  }, []);

export const firstOf = <Item>(items: readonly Item[]): Item => {
  const [first] = items;
  if (first === undefined) throw new Error('the list is empty');
  return first;
};

/** Text that hardly compresses; the same seed gives the same text. */
export const noise = (length: number, seed: number): string => {
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += state.toString(36).slice(1);
  }
  return text.slice(0, length);
};

/** What the tests of a contract share. Ids differ from test to test and from run to run, so the ports may share tables with others. */
export const contractOn = (ports: () => StoringPorts) => {
  const run = Date.now().toString(36);
  let count = 0;
  const fresh = (): string => {
    count += 1;
    return `contract-${run}-${count}`;
  };

  /** A mission with its request and two updates. */
  const missionWithUpdates = () => {
    const request = missionRequest({ id: fresh() });
    const mission = missionOpenedBy(request);
    const entries = entriesOf([
      [parties.amk, request],
      [parties.amk, missionUpdate({ mission, id: fresh() })],
      [parties.la, missionUpdate({ mission, id: fresh(), describes: false })],
    ]);
    return { mission, entries, first: firstOf(entries) };
  };

  const store = async (entries: readonly Entry[], dueAt = endOfTime): Promise<void> => {
    for (const entry of entries) expect(await ports().missions.append(entry, dueAt)).toBe('appended');
  };

  const subscribe = async (organisation: string, change: Partial<Subscription> = {}): Promise<Subscription> => {
    const subscription = { ...sampleSubscription(fresh(), organisation), ...change };
    await ports().subscriptions.create(subscription, endOfTime);
    return subscription;
  };

  const notificationOf = (subscription: Subscription, mission: string, number: number): Notification => ({
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

  /** Numbers the entry of a mission for the subscription. */
  const numberEntry = (
    { id, organisation }: Pick<Subscription, 'id' | 'organisation'>,
    mission: string,
    entry: number,
  ): Promise<Notification | 'passed'> =>
    numberNotification(ports(), { subscription: id, organisation, mission, entry, writtenAt: at(entry) }, endOfTime);

  /** Expects what is due among the items of one test. It waits, because an index may lag behind. */
  const expectDue = async (
    now: string,
    mine: (obligation: Obligation) => boolean,
    expected: readonly Obligation[],
  ): Promise<void> =>
    vi.waitFor(async () => expect((await ports().obligations.due(now, 1000)).filter(mine)).toEqual(expected), {
      timeout: 60_000,
      interval: 50,
    });

  return { ports, fresh, missionWithUpdates, store, subscribe, notificationOf, numberEntry, expectDue };
};

export type Contract = ReturnType<typeof contractOn>;
