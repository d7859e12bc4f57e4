import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { overdueMessage, writeHubMessage } from '../../../../core/mission/hub-messages.ts';
import type { Caller } from '../../../../core/audit/access-log.ts';
import { readHistory } from '../../../../core/queries/history/read-history.ts';
import { deadlineOf, type Origin, type Party, taskOf } from '../../../../core/mission/state.ts';
import { firstGuidelines } from '../../../../schemas/guideline.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { systems } from '../../../../schemas/names.ts';
import { attempted, becomes } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  directory,
  missionDecision,
  missionForward,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalWithdrawal,
  resourceRequest,
  resourceResponse,
  resourceWithdrawal,
  sentBy,
} from '../../../support/messages.ts';
import {
  entriesIn,
  entryFor,
  flown,
  historyFor,
  mission,
  numbersIn,
  played,
  portsOf,
  rejected,
  request,
  resourceOf,
  say,
  type Step,
  task,
  textOf,
  view,
} from '../../../support/history.ts';
import { searchFor } from '../../../support/reading.ts';

const { amk, la, operator, hospital, quality } = parties;

describe('history entry', () => {
  test('names decider, role, criterion, guideline version, reason and time of a rejection', async () => {
    const hub = await played(...rejected);
    const entry = await entryFor(hub, la, 3);
    expect(textOf(entry)).toContain('AMK LA Oslo decided: Rejected.');
    expect(textOf(entry)).toContain('Decided by: Rolig Radar, Coordinating physician, HPR 000000101.');
    expect(textOf(entry)).toContain('Criteria of the guideline, version 2026.1: Rapid transport.');
    expect(textOf(entry)).toContain(
      'Reason: No medical indication (medical reason), from the guideline, version 2026.1. In the sender&#39;s words: “Fog at the scene”',
    );
    expect(textOf(entry)).toContain(
      'The answer took 3 min 12 s from the request at 1 February 2026, 12:00:00 (UTC+01:00).',
    );
    expect(textOf(entry)).toContain('Task 1 (Decide on a mission request, AMK LA Oslo): received → rejected.');
    expect(entry).toMatchObject({
      resourceType: 'Provenance',
      occurredPeriod: { start: '2026-02-01T11:00:00.000Z', end: '2026-02-01T11:03:12.000Z' },
      recorded: '2026-02-01T11:03:12.000Z',
      target: [{ reference: `ServiceRequest/${mission}`, display: 'version 3' }, { reference: `Task/${task(1)}` }],
      activity: { coding: [{ system: systems.event, code: 'mission-decision' }] },
      reason: [
        { coding: [{ system: systems.missionCriterion, version: '2026.1', code: 'rapid-transport' }] },
        {
          coding: [
            { system: systems.refusalReason, version: '2026.1', code: 'no-medical-indication' },
            { system: systems.refusalClass, code: 'medical' },
          ],
          text: 'Fog at the scene',
        },
      ],
      agent: [
        { who: { reference: `Organization/${la.organisation}` } },
        {
          role: [{ text: 'Coordinating physician' }],
          who: { display: 'Rolig Radar', identifier: { system: systems.healthPersonnel, value: '000000101' } },
        },
      ],
      entity: [{ role: 'source', what: { reference: `Bundle/${mission}.3` } }],
    });
  });

  test('is one valid Provenance for each message, in the order of the log', async () => {
    const history = await historyFor(await played(...flown), la);
    expect(numbersIn(history)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(problemsOf(JSON.parse(JSON.stringify(history)))).toEqual([]);
  });

  test('names the sending system and its supplier to the sender, the leading parties and quality staff', async () => {
    const hub = memoryHub();
    const from = async (sender: Party, message: Message, origin: Origin): Promise<void> => {
      const accepted = await acceptMessage(hub.missions, message, { ...sentBy(sender), origin }, hub.now);
      expect(accepted.outcome).toBe('accepted');
    };
    await from(amk, request, { correlationId: 'c', client: 'dispatch-system', supplier: '999999990' });
    await from(la, resourceRequest({ mission }), { correlationId: 'd', client: 'coordination-system' });
    const systemsFor = async (caller: Caller): Promise<readonly unknown[]> =>
      entriesIn(await historyFor(hub, caller)).map((entry) => {
        expect(problemsOf(JSON.parse(JSON.stringify(entry)))).toEqual([]);
        const agents: readonly unknown[] = Array.isArray(entry['agent']) ? entry['agent'] : [];
        return agents.filter((agent) => JSON.stringify(agent).includes('"Device"'));
      });
    const sent = [
      [
        expect.objectContaining({
          who: expect.objectContaining({ display: 'dispatch-system' }),
          onBehalfOf: { type: 'Organization', identifier: { system: systems.organisationNumber, value: '999999990' } },
        }),
      ],
      [
        expect.objectContaining({
          who: expect.objectContaining({ display: 'coordination-system' }),
          onBehalfOf: expect.objectContaining({ reference: `Organization/${la.organisation}` }),
        }),
      ],
    ];
    expect(await systemsFor(la)).toEqual(sent);
    expect(await systemsFor(quality)).toEqual(sent);
    // The operator reads the request, but not the sending systems.
    expect(await systemsFor(operator)).toEqual([[], []]);
  });

  test('gives the time and the deadline of the first acknowledgement', async () => {
    const hub = await played([0, amk, request], [75, la, acknowledgement({ task: task(1) })]);
    expect(textOf(await entryFor(hub, amk, 2))).toContain(
      'A person at AMK LA Oslo acknowledged Task 1 after 1 min 15 s; the deadline was 1 February 2026, 12:01:00 (UTC+01:00) and was missed by 15 s.',
    );
    const inTime = await played(...rejected);
    expect(textOf(await entryFor(inTime, amk, 2))).toContain('and was met.');
  });

  test('gives the time of observation and the time of receipt of a flight phase', async () => {
    expect(textOf(await entryFor(await played(...flown), amk, 8))).toContain(
      'Departed: seen at 1 February 2026, 12:10:00 (UTC+01:00); the hub received it 5 min 12 s later.',
    );
  });

  test('lists recipients that are not notified, with the number to phone', async () => {
    const hub = await played(...rejected);
    const notified = (await hub.missions.entry(mission, 3))?.notified.find(
      (one) => one.organisation === amk.organisation,
    );
    if (notified === undefined) throw new Error('the local AMK was not notified');
    const line = async (): Promise<string> => textOf(await entryFor(hub, la, 3));
    expect(await line()).toContain('AMK Innlandet: not delivered yet (0 attempts, last answer: none).');
    const attempt = attempted({ at: '2026-02-01T11:03:14.000Z', answer: 'HTTP 410', status: 'failed' });
    await hub.notifications.record(notified.subscription, notified.number, attempt);
    expect(await line()).toContain(
      'AMK Innlandet: not delivered: the hub gave up at 1 February 2026, 12:03:14 (UTC+01:00) after 1 attempt, last answer: HTTP 410; notify by phone: AMK Innlandet: +47 00 00 00 01.',
    );
    expect(await line()).toContain('Luftambulansetjenesten: not notified, it has no subscription for this event');
  });

  test('gives the time of a delivery', async () => {
    const hub = await played([0, amk, request]);
    await hub.notifications.record(
      la.name,
      1,
      attempted({
        at: '2026-02-01T11:00:02.000Z',
        answer: 'HTTP 200',
        status: 'delivered',
      }),
    );
    expect(textOf(await entryFor(hub, amk, 1))).toContain(
      'AMK LA Oslo: delivered at 1 February 2026, 12:00:02 (UTC+01:00), 2 s after the hub received it (1 attempt).',
    );
  });

  test('names the subscription if a party has several systems', async () => {
    const hub = await played();
    await hub.subscriptions.create(sampleSubscription('second-system', la.organisation), hub.clock.iso());
    await becomes(hub, 'second-system', 'active');
    await say(hub, [0, amk, request]);
    const late = attempted({ at: '2026-02-01T11:00:27.000Z', answer: 'HTTP 200', status: 'delivered' });
    await hub.notifications.record('second-system', 1, late);
    const entry = await entryFor(hub, quality, 1);
    expect(textOf(entry)).toContain('AMK LA Oslo (subscription second-system): delivered at');
    expect(textOf(entry)).toContain(`AMK LA Oslo (subscription ${la.name}): not delivered yet`);
    expect(JSON.stringify(entry)).not.toContain(sampleSubscription('second-system', la.organisation).endpoint);
  });

  test('reports a missed deadline and the number to phone', async () => {
    const hub = await played([0, amk, request]);
    const state = (await hub.missions.last(mission))?.state;
    const asked = state === undefined ? undefined : taskOf(state, task(1));
    const deadline = asked === undefined ? undefined : deadlineOf(asked);
    if (state === undefined || asked === undefined || deadline === undefined) throw new Error('nothing is asked');
    hub.clock.advance(61_000);
    expect(await writeHubMessage(hub, overdueMessage(state, asked, deadline, directory))).toMatchObject({
      outcome: 'accepted',
    });
    const entry = await entryFor(hub, amk, 2);
    expect(textOf(entry)).toContain(
      'A deadline was missed: nobody at AMK LA Oslo has acknowledged Task 1 (Decide on a mission request, AMK LA Oslo) by 1 February 2026, 12:01:00 (UTC+01:00).',
    );
    expect(textOf(entry)).toContain('Phone number in the directory today: AMK LA Oslo: +47 00 00 00 11.');
    expect(problemsOf(entry)).toEqual([]);
  });

  test('names the new coordinator of a forwarded mission', async () => {
    const hub = await played([0, amk, request], [10, la, missionForward({ task: task(1), reason: 'capacity' })]);
    const words = textOf(await entryFor(hub, la, 2));
    expect(words).toContain('AMK LA Oslo moved the coordination of the mission to AMK LA Bergen.');
    expect(words).toContain('Reason: No capacity to coordinate.');
    expect(words).toContain('Coordinator from now on: AMK LA Bergen, instead of AMK LA Oslo.');
  });

  test('names the AMK LA that a mission was taken back from', async () => {
    const hub = await played(
      [0, amk, request],
      [10, la, missionForward({ task: task(1), reason: 'capacity' })],
      [10, la, missionForward({ task: task(2), to: [la.organisation] })],
    );
    const words = textOf(await entryFor(hub, amk, 3));
    expect(words).toContain('AMK LA Oslo took the coordination of the mission back from AMK LA Bergen.');
    expect(words).toContain('Coordinator from now on: AMK LA Oslo, instead of AMK LA Bergen.');
    expect(words).not.toContain('moved the coordination');
  });

  test('names the AMK LA that a mission was moved from by its former coordinator', async () => {
    const hub = await played([0, amk, request], [10, la, missionForward({ task: task(1) })]);
    const thirdLa: Party = { organisation: '100000013', name: 'AMK LA Trondheim', role: 'amk-la' };
    const known = (number: string) => (number === thirdLa.organisation ? thirdLa : directory.partyOf(number));
    const onward = missionForward({ task: task(2), to: [thirdLa.organisation] });
    const rules = { ...sentBy(la), directory: { ...directory, partyOf: known } };
    expect(await acceptMessage(hub.missions, onward, rules, hub.now)).toMatchObject({ outcome: 'accepted' });
    expect(textOf(await entryFor(hub, amk, 3))).toContain(
      'AMK LA Oslo moved the coordination of the mission from AMK LA Bergen to 100000013.',
    );
  });

  const place = [60.9, 10.7] as const;
  const { urgencies, criteria } = firstGuidelines[0];
  const judged = `criteria from ${criteria['time-to-definitive-care']?.display} to ${criteria['rapid-transport']?.display}`;
  const newDescription = { place, municipality: '3403', criterion: 'rapid-transport', incident: 'A-1' } as const;

  test.each([
    {
      what: 'the urgency',
      update: { urgency: 'urgent' },
      changed: `urgency from ${urgencies.stat} to ${urgencies.urgent}`,
    },
    {
      what: 'everything',
      update: { urgency: 'routine', ...newDescription },
      changed: `urgency from ${urgencies.stat} to ${urgencies.routine}; ${judged}; municipality, now 3403; position from 62.0729, 9.1236 to 60.9, 10.7; large event, now A-1`,
    },
  ] as const)('lists what a new description changed: $what', async ({ update, changed }) => {
    const hub = await played([0, amk, request], [10, amk, missionUpdate({ mission, ...update })]);
    const words = textOf(await entryFor(hub, la, 2));
    expect(words).toContain(`AMK Innlandet described the mission again. Changed: ${changed}.`);
    for (const again of ['Criteria of', 'Municipality:', 'Large event:']) expect(words).not.toContain(again);
  });

  test('compares a new description with the description before it', async () => {
    const hub = await played(
      [0, amk, request],
      [10, amk, missionUpdate({ mission, ...newDescription })],
      [10, amk, missionUpdate({ mission, ...newDescription, id: 'the-same-again' })],
      [10, amk, missionUpdate({ mission, place, municipality: '3411', incident: 'A-2' })],
    );
    expect(textOf(await entryFor(hub, la, 3))).toContain(
      'AMK Innlandet described the mission again. No element that the hub reads changed.',
    );
    expect(textOf(await entryFor(hub, la, 4))).toContain(
      'Changed: municipality from 3403 to 3411; large event from A-1 to A-2.',
    );
  });

  test('withholds position and event number from readers who may not see persons', async () => {
    const hub = await played(
      [0, amk, request],
      [10, amk, missionUpdate({ mission, ...newDescription, urgency: 'urgent' })],
    );
    expect(textOf(await entryFor(hub, quality, 2))).toContain(
      `Changed: urgency from ${urgencies.stat} to ${urgencies.urgent}; ${judged}; municipality, now 3403; position; large event.`,
    );
  });

  test('gives arrival time and flight of an announced patient, and the earlier time of a changed one', async () => {
    const later = prearrivalNotification({ mission, task: task(9), eta: '2026-02-01T13:20:00+01:00' });
    const same = prearrivalNotification({ mission, task: task(9), eta: '2026-02-01T12:20:00Z' });
    const hub = await played(...flown, [60, operator, later], [60, operator, same]);
    const flight = 'The patient comes with Task 6 (Fly or drive a mission, Helicopter Dombås).';
    const words = textOf(await entryFor(hub, hospital, 9));
    expect(words).toContain(
      `Helicopter Dombås announced a patient to Ullevål emergency department. Estimated time of arrival: 1 February 2026, 13:00:00 (UTC+01:00). ${flight}`,
    );
    expect(textOf(await entryFor(hub, hospital, 10))).toContain(
      `Estimated time of arrival: 1 February 2026, 13:20:00 (UTC+01:00); before: 1 February 2026, 13:00:00 (UTC+01:00). ${flight}`,
    );
    expect(textOf(await entryFor(hub, hospital, 11))).toContain(
      `Estimated time of arrival: 1 February 2026, 13:20:00 (UTC+01:00). ${flight}`,
    );
  });

  test('withholds the call sign from readers who may not see persons', async () => {
    const steps: readonly Step[] = [
      [0, amk, request],
      [10, la, missionDecision({ task: task(1), answer: 'accepted' })],
      [10, la, resourceRequest({ mission })],
      [20, operator, resourceResponse({ task: task(3), answer: 'accepted', resource: 'LA-01' })],
      [5, operator, prearrivalNotification({ mission, partOf: task(3) })],
      [5, operator, prearrivalWithdrawal({ mission, task: task(5) })],
      [5, la, prearrivalNotification({ mission })],
    ];
    const hub = await played(...steps);
    expect(textOf(await entryFor(hub, la, 5))).toContain('Helicopter Dombås), LA-01.');
    expect(textOf(await entryFor(hub, quality, 5))).toContain('Helicopter Dombås).');
    expect(textOf(await entryFor(hub, quality, 5))).not.toContain('LA-01');
    for (const number of [6, 7])
      expect(textOf(await entryFor(hub, la, number))).not.toContain('The patient comes with');
  });

  test('names the Task of a resource that is stood down', async () => {
    const hub = await played(
      [0, amk, request],
      [10, la, resourceRequest({ mission })],
      [10, la, resourceWithdrawal({ mission, task: task(2) })],
    );
    expect(textOf(await entryFor(hub, la, 2))).toContain(
      'AMK LA Oslo requested a resource from Helicopter Dombås: Ambulance helicopter.',
    );
    expect(textOf(await entryFor(hub, la, 3))).toContain(
      'AMK LA Oslo cancelled the request for a resource: Task 2 (Fly or drive a mission, Helicopter Dombås).',
    );
  });

  test('gives no guideline version if the mission has none', async () => {
    const hub = await played(...rejected);
    const entries = await hub.missions.entries(mission, 1, 3);
    const older = entries.map(({ state: { guideline: _none, ...state }, ...entry }) => ({ ...entry, state }));
    const missions = { ...hub.missions, last: async () => older.at(-1), entries: async () => older };
    const history = resourceOf(
      await readHistory({ ...portsOf(hub), missions }, la, mission, searchFor('Provenance'), view),
    );
    expect(JSON.stringify(entriesIn(history))).not.toContain('2026.1');
    expect(textOf(entriesIn(history)[0])).toContain('The version of the guideline that was in force is not known.');
  });
});
