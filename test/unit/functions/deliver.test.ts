import type { SQSRecord } from 'aws-lambda';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler, type DeliverDeps } from '../../../functions/deliver/handler.ts';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { acceptMessage } from '../../../core/mission/accept-message.ts';
import { fanOut } from '../../../core/delivery/fan-out.ts';
import type { DeliveryJob } from '../../../core/delivery/delivery-queue.ts';
import { sampleSubscription } from '../../contract/scenario.ts';
import { handlerPorts, type HandlerPorts, partyDirectory } from '../../memory/handler-ports.ts';
import { memoryHub } from '../../memory/hub.ts';
import { captureLog } from '../../support/captured-log.ts';
import { becomes } from '../../support/endpoint-status.ts';
import { missionOpenedBy, missionRequest, missionUpdate, parties, sentBy } from '../../support/messages.ts';

const { amk, la } = parties;
const person = { resourceType: 'Patient', name: [{ text: 'Kari Testperson' }] };
const request = missionRequest({ municipality: '3401', more: [person] });
const mission = missionOpenedBy(request);

/** Ports of a hub with so many entries of a mission, each with a notification for the AMK LA in the queue. */
const withEntries = async (entries: number): Promise<HandlerPorts> => {
  const hub = memoryHub();
  await hub.subscriptions.create(sampleSubscription('la', la.organisation), hub.clock.iso());
  await becomes(hub, 'la', 'active');
  for (let number = 1; number <= entries; number += 1) {
    const message = number === 1 ? request : missionUpdate({ mission, id: `update-${number}` });
    const accepted = await acceptMessage(hub.missions, message, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    await fanOut(hub, accepted.entry);
  }
  return handlerPorts(hub);
};

const recordOf = (job: DeliveryJob | string, index: number, group = 'la.mission'): SQSRecord => ({
  messageId: `record-${index}`,
  receiptHandle: `receipt-${index}`,
  body: typeof job === 'string' ? job : JSON.stringify(job),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: '0',
    SenderId: 'hub',
    ApproximateFirstReceiveTimestamp: '0',
    MessageGroupId: group,
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn',
  awsRegion: 'eu-north-1',
});

/** Delivers records; answers the ids of those that stay in the queue. */
const delivered = async (
  ports: HandlerPorts,
  records: readonly SQSRecord[],
  changed: Partial<DeliverDeps> = {},
): Promise<readonly string[]> => {
  const { batchItemFailures } = await createHandler({ ...ports, ...changed })({ Records: [...records] });
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
};

const records = (ports: HandlerPorts): readonly SQSRecord[] =>
  ports.lanes.quick.notifications().map((job, index) => recordOf(job, index));

const statuses = async (ports: HandlerPorts): Promise<readonly string[]> =>
  (await ports.notifications.range('la', 1, 100)).map(({ status }) => status);

afterEach(() => {
  vi.restoreAllMocks();
});

describe('deliver', () => {
  test('posts the notification as FHIR, and reports no failure', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    expect(await delivered(ports, records(ports))).toEqual([]);
    expect(await statuses(ports)).toEqual(['delivered']);
    expect(JSON.parse(ports.channel.posts[0]?.body ?? '')).toMatchObject({
      resourceType: 'Bundle',
      type: 'history',
      timestamp: '2026-02-01T11:00:00.000Z',
    });
    expect(log.line('LB-401')).toMatchObject({ subscription: 'la', number: 1, mission, entry: 1, answer: 'HTTP 200' });
  });

  test('posts within the directory that it has read', async () => {
    captureLog();
    const ports = await withEntries(1);
    const channelWithin = vi.fn<DeliverDeps['channelWithin']>(() => ports.channel);
    await delivered(ports, records(ports), { channelWithin });
    expect(channelWithin.mock.calls).toEqual([[partyDirectory]]);
  });

  test('logs nothing of what it delivers, and no header of the subscriber', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    await delivered(ports, records(ports));
    expect(ports.channel.posts[0]?.body).toContain('Testperson');
    expect(log.text()).not.toMatch(/Testperson|of-the-subscriber|whsec_/);
  });

  test('gives the record back with the wait of the retry policy if the endpoint does not answer', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    ports.channel.answer(() => ({ status: 503, retryAfter: 8 }));
    expect(await delivered(ports, records(ports))).toEqual(['record-0']);
    expect(ports.returned).toEqual([{ receiptHandle: 'receipt-0', seconds: expect.any(Number) }]);
    expect(ports.returned[0]?.seconds).toBeGreaterThanOrEqual(8);
    expect(log.line('LB-402')).toMatchObject({ number: 1, outcome: 'retry', answer: 'HTTP 503' });
  });

  test('keeps the rest of a group after a record that is not done, with the same wait for all', async () => {
    captureLog();
    const ports = await withEntries(3);
    ports.channel.answer(({ webhookId }) => ({ status: webhookId === ports.channel.ids()[1] ? 503 : 200 }));
    expect(await delivered(ports, records(ports))).toEqual(['record-1', 'record-2']);
    expect(await statuses(ports)).toEqual(['delivered', 'pending', 'pending']);
    expect(ports.returned.map(({ receiptHandle }) => receiptHandle)).toEqual(['receipt-1', 'receipt-2']);
    expect(new Set(ports.returned.map(({ seconds }) => seconds)).size).toBe(1);
  });

  test('calls an endpoint while the one of another group does not answer', async () => {
    const ports = await withEntries(1);
    const held = Promise.withResolvers<undefined>();
    const heartbeat: DeliveryJob = { kind: 'heartbeat', subscription: 'silent', due: ports.clock.iso() };
    const read: DeliverDeps['subscriptions']['read'] = async (id) =>
      id === 'silent' ? held.promise : ports.subscriptions.read(id);
    const working = delivered(ports, [recordOf(heartbeat, 9, 'silent.contact'), ...records(ports)], {
      subscriptions: { ...ports.subscriptions, read },
    });
    await vi.waitFor(async () => expect(await statuses(ports)).toEqual(['delivered']));
    held.resolve(undefined);
    expect(await working).toEqual([]);
  });

  test('lets no group wait for another one', async () => {
    captureLog();
    const ports = await withEntries(1);
    const heartbeat: DeliveryJob = { kind: 'heartbeat', subscription: 'broken', due: ports.clock.iso() };
    const read: DeliverDeps['subscriptions']['read'] = async (id) =>
      id === 'broken' ? Promise.reject(new Unavailable('throttled')) : ports.subscriptions.read(id);
    const failures = await delivered(ports, [recordOf(heartbeat, 9, 'broken.contact'), ...records(ports)], {
      subscriptions: { ...ports.subscriptions, read },
    });
    expect(failures).toEqual(['record-9']);
    expect(await statuses(ports)).toEqual(['delivered']);
  });

  test('gives a record back for five seconds after an error inside the hub, and logs the kind of it', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    const load = async () => Promise.reject(new TypeError('Kari Testperson'));
    expect(await delivered(ports, records(ports), { contexts: { load } })).toEqual(['record-0']);
    expect(ports.returned).toEqual([{ receiptHandle: 'receipt-0', seconds: 5 }]);
    expect(log.line('LB-403')).toMatchObject({ subscription: 'la', number: 1, mission, entry: 1, error: 'TypeError' });
    expect(log.text()).not.toContain('Testperson');
  });

  test('gives records back for a minute while the hub is closed', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    const directory = async () => Promise.reject(new HubClosed(undefined));
    expect(await delivered(ports, records(ports), { directory })).toEqual(['record-0']);
    expect(ports.returned).toEqual([{ receiptHandle: 'receipt-0', seconds: 60 }]);
    expect(log.codes()).toEqual(['LB-903']);
    expect(ports.channel.posts).toEqual([]);
  });

  test('removes a record that is no job, and logs its id only', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    const failures = await delivered(ports, [recordOf('Kari Testperson', 7), ...records(ports)]);
    expect(failures).toEqual([]);
    expect(log.line('LB-404')).toMatchObject({ record: 'record-7', error: 'SyntaxError' });
    expect(log.text()).not.toContain('Testperson');
    expect(await statuses(ports)).toEqual(['delivered']);
  });

  test('reports the failure also if the record cannot be given back', async () => {
    const log = captureLog();
    const ports = await withEntries(1);
    ports.channel.answer(() => ({ failure: 'timeout' }));
    const returnAfter = async () => Promise.reject(new Error('throttled'));
    expect(await delivered(ports, records(ports), { returnAfter })).toEqual(['record-0']);
    expect(log.line('LB-405')).toMatchObject({ record: 'record-0' });
  });

  test('sends a handshake, and logs that the contact was made', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const waiting = { ...sampleSubscription('new', la.organisation), status: 'requested' } as const;
    await ports.subscriptions.create(waiting, ports.clock.iso());
    const handshake: DeliveryJob = { kind: 'handshake', subscription: 'new', due: ports.clock.iso() };
    expect(await delivered(ports, [recordOf(handshake, 0)])).toEqual([]);
    expect((await ports.subscriptions.read('new'))?.status).toBe('active');
    expect(log.line('LB-406')).toMatchObject({ subscription: 'new', contact: 'handshake' });
  });
});
