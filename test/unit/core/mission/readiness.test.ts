import { describe, expect, test } from 'vitest';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { MissionState, Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  codeOf,
  entryOf,
  expectNotified,
  expectRefused,
  missionUpdate,
  parties,
  resourceAvailability,
  resourceStatus,
  sentBy,
  type Step,
  task,
  when,
} from '../../../support/scenario.ts';

const { amk, la, otherLa, operator, otherOperator, hospital } = parties;

const said = (availability: string, at: string, more: Parameters<typeof resourceAvailability>[0] = {}): Message =>
  resourceAvailability({ availability, at, ...more });
const noon = '2026-01-31T12:00:00+01:00';
const later = '2026-01-31T12:30:00+01:00';

const stateAfter = (...steps: readonly Step[]): MissionState => {
  const state = steps.reduce<MissionState | undefined>((last, step) => entryOf(when(last, step)).state, undefined);
  if (state === undefined) throw new Error('no step was given');
  return state;
};

describe('resource-availability', () => {
  const first: Step = [operator, said('free', noon)];

  test('opens a log for the resource with its readiness', () => {
    const entry = entryOf(when(undefined, first));
    expect(entry).toMatchObject({ number: 1, event: 'resource-availability', sender: operator.organisation });
    expect(entry.state).toMatchObject({
      mission: entry.mission,
      version: 1,
      status: 'active',
      urgency: 'routine',
      exercise: false,
      requester: operator.organisation,
      coordinator: operator.organisation,
      openedAt: entry.receivedAt,
      tasks: [],
      request: { entry: 1, index: 1 },
      readiness: { resource: 'LA-01', kind: 'helicopter', availability: 'free', statedAt: noon },
    });
    expect(entry.state.readiness?.position).toBeUndefined();
  });

  test('stores the reported position', () => {
    const placed: Step = [operator, said('free', noon, { place: [62.1, 9.1] })];
    expect(stateAfter(placed).readiness?.position).toEqual({ latitude: 62.1, longitude: 9.1 });
  });

  test('notifies every AMK LA, and no other party', () => {
    expectNotified(when(undefined, first), la, otherLa);
  });

  test('has one log per operator and normalised call sign, and another for exercises', () => {
    const missionOf = (sender: Party, message: Message): string => entryOf(when(undefined, [sender, message])).mission;
    const known = missionOf(...first);
    expect(missionOf(operator, said('technical', later, { resource: ' la-01 ' }))).toBe(known);
    for (const [sender, message] of [
      [otherOperator, said('free', noon)],
      [operator, said('free', noon, { resource: 'LA-02' })],
      [operator, said('free', noon, { exercise: true })],
    ] as const)
      expect(missionOf(sender, message)).not.toBe(known);
    expect(stateAfter([operator, said('free', noon, { exercise: true })]).exercise).toBe(true);
  });

  test('keeps the latest readiness by the time of the report, not of its arrival', () => {
    const news: Step = [operator, said('technical', later)];
    expect(stateAfter(first, news).readiness).toMatchObject({ availability: 'technical', statedAt: later });
    const late = stateAfter(news, first);
    expect(late).toMatchObject({ version: 2, request: { entry: 1 } });
    expect(late.readiness).toMatchObject({ availability: 'technical', statedAt: later });
    expect(stateAfter(first, news).request.entry).toBe(2);
    expect(stateAfter(first, news).openedAt).toBe(stateAfter(first).openedAt);
  });

  test('compares moments, not notations', () => {
    const utc: Step = [operator, said('technical', '2026-01-31T11:30:00Z')];
    expect(stateAfter([operator, said('free', noon)], utc).readiness?.availability).toBe('technical');
    expect(stateAfter([operator, said('free', '2026-01-31T13:00:00+01:00')], utc).readiness?.availability).toBe('free');
  });

  test('has no deadline and no guideline', () => {
    const entry = entryOf(when(undefined, first));
    expect(entry.acknowledgeBy).toBeUndefined();
    expect(entry.guideline).toBeUndefined();
  });

  test('refuses an update to the log of a resource', () => {
    const state = stateAfter(first);
    expectRefused(when(state, [operator, missionUpdate({ mission: state.mission, describes: false })]), 'not-found');
  });

  test('is accepted from operators only', () => {
    for (const party of [amk, la, hospital])
      expectRefused(when(undefined, [party, said('free', noon)]), 'forbidden-role');
  });

  test('differs from resource-status, which needs a mission', () => {
    const inMission = resourceStatus({ task: task(2), phases: { departed: noon } });
    expect(inMission.type.event).toBe('resource-status');
    expect(said('free', noon).type.event).toBe('resource-availability');
    expect(codeOf(when(undefined, [operator, inMission]))).toBe('not-found');
  });

  test('is refused with an unknown receiver', () => {
    expectRefused(when(undefined, [operator, said('free', noon, { to: ['199999999'] })]), 'unknown-organisation');
  });

  test('shows the newest report in the overview, independent of the order of fan-out', async () => {
    const hub = memoryHub();
    const entries = [];
    for (const availability of ['free', 'technical']) {
      const outcome = await acceptMessage(hub.missions, said(availability, noon), sentBy(operator), hub.now);
      if (outcome.outcome === 'refused') throw new Error('refused');
      entries.push(outcome.entry);
    }
    for (const entry of entries.toReversed()) await fanOut(hub, entry);
    const overview = await hub.overview.readinessOf(operator.organisation);
    expect(overview.map(({ readiness }) => readiness?.availability)).toEqual(['technical']);
  });
});
