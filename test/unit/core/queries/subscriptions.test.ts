import { describe, expect, test } from 'vitest';
import { eventsBundle, type FoundEvents, readEvents } from '../../../../core/queries/subscription-events.ts';
import type { Notice } from '../../../../core/delivery/notice.ts';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { subscriptionResource } from '../../../../core/fhir/subscription.ts';
import { isRefusal } from '../../../../schemas/faults.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { Role } from '../../../../schemas/codes.ts';
import { missionTopic, systems } from '../../../../schemas/names.ts';
import { secretExtension } from '../../../../schemas/subscription.ts';
import { readSubscription, readSubscriptionChange } from '../../../../schemas/read-subscription.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import { directory, missionOpenedBy, missionRequest, missionUpdate, parties } from '../../../support/messages.ts';
import { hubAfter, nextOf } from '../../../support/reading.ts';

const { amk, la } = parties;
const view = { base: 'https://hub.example/fhir', directory };
const now = '2026-02-01T12:00:00.000Z';
const backport = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';

const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);

/** A hub that has notified the AMK LA of so many events of one mission. */
const hubWithEvents = (events: number): Promise<MemoryHub> =>
  hubAfter(
    [amk, request],
    ...Array.from(
      { length: events - 1 },
      (_, index) => [amk, missionUpdate({ mission, id: `update-${index}` })] as const,
    ),
  );

const found = async (hub: MemoryHub, search: ReadonlyMap<string, string>): Promise<FoundEvents> => {
  const subscription = await hub.subscriptions.read(la.organisation);
  if (subscription === undefined) throw new Error('there is no subscription');
  const events = await readEvents(hub, la, subscription, search);
  if (isRefusal(events)) throw new Error(JSON.stringify(events.faults));
  return events;
};

const numbersIn = (text: string): readonly number[] =>
  [...text.matchAll(/"event-number","valueString":"(\d+)"/g)].map(([, number]) => Number(number));

/** All that `$events` answers, page after page, and how many events each page has. */
const followed = async (hub: MemoryHub, first: ReadonlyMap<string, string>, most?: number) => {
  const numbers: number[] = [];
  const pages: number[] = [];
  for (let search: ReadonlyMap<string, string> | undefined = first; search !== undefined; ) {
    const text = eventsBundle(await found(hub, search), view, now, most);
    const bundle: unknown = JSON.parse(text);
    expect(problemsOf(bundle)).toEqual([]);
    const page = numbersIn(text);
    numbers.push(...page);
    pages.push(page.length);
    const next = nextOf(bundle);
    expect(next ?? view.base).toContain(view.base);
    search = next === undefined ? undefined : new Map(new URL(next).searchParams);
  }
  return { numbers, pages };
};

const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, index) => index + 1);

describe('answer of $events', () => {
  test('links to the next answer after 50 events, until each event was returned once', async () => {
    const hub = await hubWithEvents(53);
    const all = await followed(hub, new Map([['content', 'id-only']]));
    expect(all).toEqual({ numbers: upTo(53), pages: [50, 3] });
    const some = new Map([
      ['eventsUntilNumber', '52'],
      ['content', 'empty'],
    ]);
    expect(await followed(hub, some)).toEqual({ numbers: upTo(52), pages: [50, 2] });
  });

  test('ends before the size limit of a function, and has at least one event', async () => {
    const hub = await hubWithEvents(5);
    const ids = new Map([['content', 'id-only']]);
    const whole = eventsBundle(await found(hub, ids), view, now);
    expect(nextOf(JSON.parse(whole))).toBeUndefined();
    expect((await followed(hub, ids, 1)).pages).toEqual([1, 1, 1, 1, 1]);
    const half = Math.ceil(Buffer.byteLength(whole) * 0.9);
    const halves = await followed(hub, ids, half);
    expect(halves.numbers).toEqual(upTo(5));
    expect(halves.pages.length).toBeGreaterThan(1);
    expect(halves.pages.length).toBeLessThan(5);
  });

  test('has no link if nothing follows, and is empty after the last event', async () => {
    const hub = await hubWithEvents(3);
    const since = new Map([
      ['eventsSinceNumber', '2'],
      ['content', 'id-only'],
    ]);
    expect(await followed(hub, since)).toEqual({ numbers: [2, 3], pages: [2] });
    expect(await followed(hub, new Map([['eventsSinceNumber', '4']]))).toEqual({ numbers: [], pages: [0] });
    expect(await followed(hub, new Map([['eventsUntilNumber', '0']]))).toEqual({ numbers: [], pages: [0] });
  });
});

describe('heartbeat', () => {
  test.each(['empty', 'id-only', 'full-resource'] as const)(
    'is a valid notification without an event, and is not counted: %s',
    (payload) => {
      const subscription = { ...sampleSubscription('la', la.organisation), payload, heartbeat: 60 };
      const notice: Notice = { kind: 'heartbeat', subscription, newest: 7 };
      const bundle: unknown = JSON.parse(notificationBundle(notice, view, now));
      expect(problemsOf(bundle)).toEqual([]);
      expect(bundle).toMatchObject({
        type: 'history',
        entry: [
          {
            request: { method: 'GET', url: 'Subscription/la/$status' },
            response: { status: '200' },
            resource: {
              parameter: expect.arrayContaining([
                { name: 'status', valueCode: 'active' },
                { name: 'type', valueCode: 'heartbeat' },
                { name: 'events-since-subscription-start', valueString: '7' },
              ]),
            },
          },
        ],
      });
      expect(JSON.stringify(bundle)).not.toContain('notification-event');
      expect(JSON.stringify(bundle).includes(missionTopic)).toBe(payload !== 'empty');
    },
  );
});

describe('notification', () => {
  test('counts at least its own events, also if the newest was read before they were numbered', async () => {
    const events = await found(await hubWithEvents(2), new Map());
    const early = { ...events, newest: 0 };
    expect(notificationBundle(early, view, now)).toContain('"events-since-subscription-start","valueString":"2"');
  });
});

const posted = (change: Record<string, unknown> = {}, channel: Record<string, unknown> = {}): unknown => ({
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'test',
  criteria: missionTopic,
  ...change,
  channel: { type: 'rest-hook', endpoint: 'https://partner.example/notify', ...channel },
});

const filtered = (...texts: readonly string[]): unknown =>
  posted({
    _criteria: {
      extension: texts.map((valueString) => ({ url: `${backport}/backport-filter-criteria`, valueString })),
    },
  });
const otherMission = '0a0b0c0d-0000-8000-8000-00000000000f';

/** Reads it as a subscriber of the role posts it. */
const readPosted = (value: unknown, role: Role = 'amk-la') => readSubscription(value, role);

const faultsOf = (read: ReturnType<typeof readSubscription>): readonly (string | undefined)[] =>
  isRefusal(read) ? read.faults.map(({ at }) => at) : [];

describe('read Subscription', () => {
  test('reads filters of either resource or none, also several in one text', () => {
    const read = readPosted(
      filtered(
        `ServiceRequest?priority=stat,urgent&identifier=${systems.mission}|${mission},${otherMission}`,
        'MessageHeader?event=mission-decision',
        'role=coordinator,performer',
      ),
    );
    expect(read).toMatchObject({
      outcome: 'read',
      settings: {
        filter: {
          events: ['mission-decision'],
          urgencies: ['stat', 'urgent'],
          missions: [mission, otherMission],
          roles: ['coordinator', 'performer'],
        },
      },
    });
  });

  test('refuses with all faults, each with its place', () => {
    expect(
      faultsOf(
        readPosted(
          posted(
            {
              criteria: 'other',
              extension: [{ url: 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.content' }],
            },
            { type: 'websocket', payload: 'text/plain', extension: [{ url: `${backport}/backport-max-count` }] },
          ),
        ),
      ),
    ).toEqual([
      'Subscription.criteria',
      'Subscription.extension[0]',
      'Subscription.channel.type',
      'Subscription.channel.payload',
      'Subscription.channel.extension',
    ]);
    expect(faultsOf(readPosted(posted({ modifierExtension: [{ url: 'https://x.example' }] })))).toEqual([
      'Subscription.modifierExtension',
    ]);
    for (const nothing of ['', 'ServiceRequest?', 'role='])
      expect(faultsOf(readPosted(filtered(nothing)))).toEqual(['Subscription.criteria.extension[0]']);
    expect(faultsOf(readPosted(filtered('identifier=urn:other|m1')))).toEqual(['Subscription.criteria.extension[0]']);
    expect(faultsOf(readPosted(filtered(`identifier=${Array(30).fill(mission).join(',')}`)))).toEqual([
      'Subscription.criteria.extension',
    ]);
  });

  test.each<[string, Role, string, string]>([
    ['a mission number with urn:uuid:', 'amk-la', `identifier=urn:uuid:${mission}`, 'identifier: a mission number is'],
    [
      'a mission number in capitals',
      'amk-la',
      `identifier=${mission.toUpperCase()}`,
      'identifier: a mission number is',
    ],
    ['a mission number with a blank', 'amk-la', `identifier=${mission}%20`, 'identifier: a mission number is'],
    ['an address in place of a mission number', 'amk-la', `identifier=${mission}.1`, 'identifier: a mission number is'],
    ['one of two mission numbers', 'amk-la', `identifier=${mission},x`, 'identifier: a mission number is'],
    ['no system before the mission number', 'amk-la', `identifier=|${mission}`, 'identifier: the system'],
    ['an event that only the AMK LA gets', 'hospital', 'event=mission-request', 'hospital is never notified'],
    [
      'an event that the hub does not send to the quality system',
      'quality',
      'event=mission-update',
      'quality is never',
    ],
    [
      'an event for the AMK LA beside one for all',
      'operator',
      'event=mission-cancel,resource-availability',
      'operator is',
    ],
    ['a role that an AMK LA never has', 'amk-la', 'role=coordinator,requester', 'amk-la is never requester'],
    ['a role that a hospital never has', 'hospital', 'role=coordinator', 'hospital is never coordinator'],
    ['a role in the mission for the quality system', 'quality', 'role=observer', 'quality is never observer'],
    [
      'one filter twice in one text',
      'amk-la',
      'event=mission-request&event=mission-cancel',
      'each filter is given once',
    ],
  ])('refuses a filter that can never match: %s', (_what, role, filter, detail) => {
    const read = readPosted(filtered(filter), role);
    expect(isRefusal(read) && read.faults.map((fault) => fault.detail)).toEqual([expect.stringContaining(detail)]);
  });

  test.each<[Role, readonly string[]]>([
    ['local-amk', ['event=mission-decision,acknowledgement,party-unreachable', 'role=requester']],
    ['amk-la', ['event=mission-request,resource-availability', 'role=coordinator,performer']],
    ['operator', ['event=resource-request,prearrival-response', 'role=performer']],
    ['hospital', ['event=prearrival-notification,mission-cancel,resource-status', 'role=performer']],
    ['observer', ['event=mission-update,mission-cancel', 'role=observer']],
    ['quality', ['event=mission-decision,mission-report', 'priority=stat']],
  ])('accepts the filters that match for %s', (role, filters) =>
    expect(readPosted(filtered(...filters), role).outcome).toBe('read'),
  );

  test.each([
    [59, false],
    [60, true],
    [86_400, true],
    [86_401, false],
  ])('may ask for a heartbeat every %i seconds: %s', (valueUnsignedInt, isTaken) => {
    const read = readPosted(
      posted({}, { extension: [{ url: `${backport}/backport-heartbeat-period`, valueUnsignedInt }] }),
    );
    expect(isRefusal(read)).toBe(!isTaken);
    if (isTaken) expect(read).toMatchObject({ settings: { heartbeat: valueUnsignedInt } });
  });

  test('accepts the channel in an extension too, if both agree', () => {
    const typed = (code: string) =>
      posted({}, { _type: { extension: [{ url: `${backport}/backport-channel-type`, valueCoding: { code } }] } });
    expect(readPosted(typed('rest-hook')).outcome).toBe('read');
    expect(faultsOf(readPosted(typed('websocket')))).toEqual(['Subscription.channel.type']);
  });

  test('accepts an identifier of a later FHIR version, which the hub does not store', () => {
    const url = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.identifier';
    expect(readPosted(posted({ extension: [{ url }] })).outcome).toBe('read');
  });

  test('accepts a Subscription as it was shown, with its secret, which a subscriber cannot set', () => {
    const subscription = { ...sampleSubscription('one', la.organisation), heartbeat: 120, timeout: 5 };
    const shown = subscriptionResource(subscription, { showSecret: true });
    expect(problemsOf(shown)).toEqual([]);
    const read = readSubscriptionChange(shown, { id: 'one', role: 'amk-la' });
    expect(read).toMatchObject({
      outcome: 'read',
      settings: { endpoint: subscription.endpoint, payload: 'full-resource', heartbeat: 120, timeout: 5 },
    });
    expect(JSON.stringify(read)).not.toContain('whsec_');
    expect(
      faultsOf(readPosted(posted({}, { extension: [{ url: secretExtension, valueString: 'whsec_mine' }] }))),
    ).toEqual(['Subscription.channel.extension[0]']);
    expect(
      isObject(shown) && readSubscriptionChange({ ...shown, status: 'off' }, { id: 'one', role: 'amk-la' }),
    ).toEqual({ outcome: 'off' });
    expect(
      isObject(shown) && readSubscriptionChange({ ...shown, status: 'error' }, { id: 'one', role: 'amk-la' }).outcome,
    ).toBe('read');
  });
});
