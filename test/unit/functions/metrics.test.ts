import { afterEach, describe, expect, test, vi } from 'vitest';
import { instrumented, instrumentedDelivery } from '../../../functions/shared/telemetry/instrumented-ports.ts';
import { countAccepted } from '../../../functions/shared/telemetry/metrics.ts';
import { acceptMessage } from '../../../core/mission/accept-message.ts';
import { overdueMessage, writeHubMessage } from '../../../core/mission/hub-messages.ts';
import type { Attempt } from '../../../core/delivery/notifications.ts';
import { type Party, taskOf } from '../../../core/mission/state.ts';
import type { Message } from '../../../schemas/messages/message.ts';
import { metrics } from '../../../schemas/telemetry/metrics.ts';
import { sampleSubscription } from '../../contract/contract.ts';
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

/** What is counted meanwhile: the metric, its dimensions and its value. */
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
      const { _aws, ...said }: Readonly<Record<string, unknown>> = JSON.parse(line);
      expect(isLine(_aws) && JSON.stringify(_aws['CloudWatchMetrics'])).toContain('"Namespace":"luftbro"');
      return Object.values(said)
        .map(String)
        .join(' ')
        .replace(/^/, `${Object.keys(said).find((name) => Object.hasOwn(metrics, name)) ?? '?'}: `);
    });
};

const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);
const task = (entry: number): string => taskOpenedBy(mission, entry);

/** Accepts a message so many seconds after the one before, and counts it as the function does. */
const say = (hub: MemoryHub, seconds: number, sender: Party, message: Message): Promise<readonly string[]> =>
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

describe('A request', () => {
  test('is counted by urgency, once, however often it comes', async () => {
    const hub = memoryHub();
    expect(await say(hub, 0, amk, request)).toEqual(['MissionsRequested: real stat 1']);
    expect(await say(hub, 5, amk, request)).toEqual([]);
  });

  test('of an exercise is counted apart', async () => {
    const exercise = missionRequest({ id: 'exercise', exercise: true });
    expect(await say(memoryHub(), 0, amk, exercise)).toEqual(['MissionsRequested: exercise stat 1']);
  });
});

describe('A decision', () => {
  test('is counted, and measured from the request', async () => {
    const hub = memoryHub();
    await say(hub, 0, amk, request);
    expect(await say(hub, 90, la, decision(1, 'accepted'))).toEqual([
      'MissionsDecided: real accepted 1',
      'TimeToDecision: real stat 90',
    ]);
  });

  test('is measured when it is made, not when it is deferred', async () => {
    const hub = memoryHub();
    await say(hub, 0, amk, request);
    const until = new Date(hub.now() + 1_800_000).toISOString();
    expect(await say(hub, 60, la, decision(1, 'deferred', { until }))).toEqual(['MissionsDecided: real deferred 1']);
    expect(await say(hub, 240, la, decision(1, 'rejected'))).toEqual([
      'MissionsDecided: real rejected 1',
      'TimeToDecision: real stat 300',
    ]);
  });

  test('on a review is measured from the request for the review', async () => {
    const hub = memoryHub();
    await say(hub, 0, amk, request);
    await say(hub, 60, la, decision(1, 'rejected', { by: { name: 'Rolig Radar', number: '000000101' } }));
    await say(hub, 600, amk, reviewRequest({ task: task(1), id: 'review' }));
    expect(await say(hub, 30, la, decision(3, 'accepted', { by: 'Vennlig Vurdering' }))).toEqual([
      'MissionsDecided: real accepted 1',
      'TimeToDecision: real stat 30',
    ]);
  });

  test('on a forwarded request is measured from the first AMK LA that was asked', async () => {
    const hub = memoryHub();
    await say(hub, 0, amk, request);
    await say(hub, 120, la, missionForward({ task: task(1), id: 'forward' }));
    expect(await say(hub, 60, otherLa, decision(2, 'accepted'))).toEqual([
      'MissionsDecided: real accepted 1',
      'TimeToDecision: real stat 180',
    ]);
  });

  test('that overturns another is counted and not measured', async () => {
    const hub = memoryHub();
    await say(hub, 0, amk, request);
    await say(hub, 90, la, decision(1, 'accepted'));
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

describe('What the hub says', () => {
  test('of a deadline is counted by what was asked, once, whoever says it again', async () => {
    const hub = memoryHub();
    await say(hub, 0, amk, request);
    const state = (await hub.missions.last(mission))?.state;
    const asked = state === undefined ? undefined : taskOf(state, task(1));
    if (state === undefined || asked === undefined) throw new Error('nothing is asked');
    hub.clock.advance(3600_000);
    const ports = { missions: instrumented(hub.missions), directory, now: hub.now };
    const overdue = overdueMessage(state, asked, asked.acknowledgeBy, directory);
    expect(await counted(() => writeHubMessage(ports, overdue))).toEqual([
      'AcknowledgementsOverdue: real coordination 1',
    ]);
    expect(await counted(() => writeHubMessage(ports, overdue))).toEqual([]);
  });

  test('of a party that no machine reaches is counted when it is told', async () => {
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

describe('A call of an endpoint', () => {
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
    await contexts.load({ kind: 'notification', subscription: 's', number: 1, mission, entry: 1, request: 1 });
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

  test('that takes a notification is counted, and measured from the entry in the log', async () =>
    expect(await recorded({})).toEqual(['Deliveries: real delivered 1', 'TimeToDelivery: real stat 7']));

  test('that does not is counted as one to be made again', async () =>
    expect(await recorded({ status: 'pending', answer: 'HTTP 503' })).toEqual(['Deliveries: real retry 1']));

  test('that is not made, because the endpoint does not answer, is not counted', async () =>
    expect(await recorded({ status: 'pending', called: false, answer: 'not called' })).toEqual([]));

  test('that is the last is counted as given up', async () =>
    expect(await recorded({ status: 'failed', answer: 'HTTP 400' })).toEqual(['Deliveries: real given-up 1']));

  test('that people had made again is not measured: its time is theirs', async () =>
    expect(await recorded({}, true)).toEqual(['Deliveries: real delivered 1']));
});
