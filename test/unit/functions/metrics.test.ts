import { afterEach, describe, expect, test, vi } from 'vitest';
import { instrumented, instrumentedDelivery } from '../../../functions/shared/telemetry/instrumented-ports.ts';
import { countAccepted } from '../../../functions/shared/telemetry/metrics.ts';
import { acceptMessage } from '../../../core/mission/accept-message.ts';
import { overdueMessage, writeHubMessage } from '../../../core/mission/hub-messages.ts';
import type { Attempt } from '../../../core/delivery/notifications.ts';
import { type Party, taskOf } from '../../../core/mission/state.ts';
import type { Message } from '../../../schemas/reading/message.ts';
import { metrics } from '../../../schemas/telemetry/metrics.ts';
import { sampleSubscription } from '../../contract/scenario.ts';
import { fanOut } from '../../../core/delivery/fan-out.ts';
import { type MemoryHub, memoryHub } from '../../memory/hub.ts';
import {
  directory,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionRequest,
  parties,
  reviewRequest,
  sentBy,
  taskOpenedBy,
} from '../../support/messages.ts';

const { amk, la, otherLa } = parties;

const isLine = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The lines that are counted during the work: the metric, its dimensions and its value. */
const counted = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
  const lines: string[] = [];
  const printed = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    await work();
  } finally {
    printed.mockRestore();
  }
  return lines
    .filter((line) => line.startsWith('{"_aws"'))
    .map((line) => {
      const { _aws, ...fields }: Readonly<Record<string, unknown>> = JSON.parse(line);
      expect(isLine(_aws) && JSON.stringify(_aws['CloudWatchMetrics'])).toContain('"Namespace":"luftbro"');
      return Object.values(fields)
        .map(String)
        .join(' ')
        .replace(/^/, `${Object.keys(fields).find((name) => Object.hasOwn(metrics, name)) ?? '?'}: `);
    });
};

const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);
const task = (entry: number): string => taskOpenedBy(mission, entry);

/** Accepts a message so many seconds after the previous one, and counts it as the function does. */
const send = (hub: MemoryHub, seconds: number, sender: Party, message: Message): Promise<readonly string[]> =>
  counted(async () => {
    hub.clock.advance(seconds * 1000);
    const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    if (!accepted.repeated) countAccepted(accepted);
  });

const decision = (entry: number, answer: 'accepted' | 'rejected' | 'deferred', more: object = {}): Message =>
  missionDecision({ task: task(entry), answer, id: `decision-${entry}-${answer}`, ...more });

afterEach(() => {
  vi.restoreAllMocks();
});

describe('countAccepted of a request', () => {
  test('counts it by urgency, and not again if it is repeated', async () => {
    const hub = memoryHub();
    expect(await send(hub, 0, amk, request)).toEqual(['MissionsRequested: real stat 1']);
    expect(await send(hub, 5, amk, request)).toEqual([]);
  });

  test('counts an exercise apart', async () => {
    const exercise = missionRequest({ id: 'exercise', exercise: true });
    expect(await send(memoryHub(), 0, amk, exercise)).toEqual(['MissionsRequested: exercise stat 1']);
  });
});

describe('countAccepted of a decision', () => {
  test('counts it, and measures from the request', async () => {
    const hub = memoryHub();
    await send(hub, 0, amk, request);
    expect(await send(hub, 90, la, decision(1, 'accepted'))).toEqual([
      'MissionsDecided: real accepted 1',
      'TimeToDecision: real stat 90',
    ]);
  });

  test('measures until it is made, not until it is deferred', async () => {
    const hub = memoryHub();
    await send(hub, 0, amk, request);
    const until = new Date(hub.now() + 1_800_000).toISOString();
    expect(await send(hub, 60, la, decision(1, 'deferred', { until }))).toEqual(['MissionsDecided: real deferred 1']);
    expect(await send(hub, 240, la, decision(1, 'rejected'))).toEqual([
      'MissionsDecided: real rejected 1',
      'TimeToDecision: real stat 300',
    ]);
  });

  test('measures a review from the request for the review', async () => {
    const hub = memoryHub();
    await send(hub, 0, amk, request);
    await send(hub, 60, la, decision(1, 'rejected', { by: { name: 'Rolig Radar', number: '000000101' } }));
    await send(hub, 600, amk, reviewRequest({ task: task(1), id: 'review' }));
    expect(await send(hub, 30, la, decision(3, 'accepted', { by: 'Vennlig Vurdering' }))).toEqual([
      'MissionsDecided: real accepted 1',
      'TimeToDecision: real stat 30',
    ]);
  });

  test('measures a forwarded request from the first AMK LA', async () => {
    const hub = memoryHub();
    await send(hub, 0, amk, request);
    await send(hub, 120, la, missionForward({ task: task(1), id: 'forward' }));
    expect(await send(hub, 60, otherLa, decision(2, 'accepted'))).toEqual([
      'MissionsDecided: real accepted 1',
      'TimeToDecision: real stat 180',
    ]);
  });

  test('counts a decision that overturns another, and does not measure it', async () => {
    const hub = memoryHub();
    await send(hub, 0, amk, request);
    await send(hub, 90, la, decision(1, 'accepted'));
    const rejection = decision(1, 'rejected');
    expect(
      await counted(async () => {
        const accepted = await acceptMessage(hub.missions, rejection, { ...sentBy(la), ifMatch: 2 }, hub.now);
        if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
        countAccepted(accepted);
      }),
    ).toEqual(['MissionsDecided: real rejected 1']);
  });
});

describe('instrumented', () => {
  test('counts a missed deadline by the kind of the Task, once, also if it is written twice', async () => {
    const hub = memoryHub();
    await send(hub, 0, amk, request);
    const state = (await hub.missions.last(mission))?.state;
    const asked = state === undefined ? undefined : taskOf(state, task(1));
    if (state === undefined || asked === undefined) throw new Error('there is no Task');
    hub.clock.advance(3600_000);
    const ports = { missions: instrumented(hub.missions), directory, now: hub.now };
    const overdue = overdueMessage(state, asked, asked.acknowledgeBy, directory);
    expect(await counted(() => writeHubMessage(ports, overdue))).toEqual([
      'AcknowledgementsOverdue: real coordination 1',
    ]);
    expect(await counted(() => writeHubMessage(ports, overdue))).toEqual([]);
  });

  test('counts a party that no machine reaches, once', async () => {
    const hub = memoryHub();
    const missions = instrumented(hub.missions);
    const accepted = await acceptMessage(missions, request, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('the request was refused');
    expect(await counted(() => fanOut({ ...hub, missions }, accepted.entry))).toEqual([
      'HubWarnings: real party-unreachable 1',
    ]);
    expect(await counted(() => fanOut({ ...hub, missions }, accepted.entry))).toEqual([]);
  });
});

describe('instrumentedDelivery', () => {
  const recorded = async (attempt: Partial<Attempt>, redriven = false): Promise<readonly string[]> => {
    const hub = memoryHub();
    await hub.subscriptions.create(sampleSubscription('s', la.organisation), hub.clock.iso());
    const accepted = await acceptMessage(hub.missions, request, sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error('the request was refused');
    await fanOut(hub, accepted.entry);
    const at = new Date(hub.now() + 7_000).toISOString();
    if (redriven) {
      await hub.notifications.record('s', 1, {
        at,
        answer: 'HTTP 400',
        status: 'failed',
        called: true,
        firstTriedAt: at,
      });
      await hub.notifications.redrive('s', 1, at, at);
    }
    const { contexts, notifications } = instrumentedDelivery(hub.contexts, hub.notifications);
    const job = { kind: 'notification', subscription: 's', organisation: la.organisation } as const;
    await contexts.load({ ...job, number: 1, mission, entry: 1, sources: [] });
    return counted(() =>
      notifications.record('s', 1, {
        at,
        answer: 'HTTP 200',
        status: 'delivered',
        called: true,
        firstTriedAt: at,
        ...attempt,
      }),
    );
  };

  test('counts a delivered notification, and measures from the entry in the log', async () =>
    expect(await recorded({})).toEqual(['Deliveries: real delivered 1', 'TimeToDelivery: real stat 7']));

  test('counts a call that will be repeated', async () =>
    expect(await recorded({ status: 'pending', answer: 'HTTP 503' })).toEqual(['Deliveries: real retry 1']));

  test('counts no attempt without a call: the circuit is open', async () =>
    expect(await recorded({ status: 'pending', called: false, answer: 'not called' })).toEqual([]));

  test('counts a notification that is given up', async () =>
    expect(await recorded({ status: 'failed', answer: 'HTTP 400' })).toEqual(['Deliveries: real given-up 1']));

  test("does not measure a notification that an operator redrove: its time is not the hub's", async () =>
    expect(await recorded({}, true)).toEqual(['Deliveries: real delivered 1']));
});
