import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { overdueMessage, writeHubMessage } from '../../../../core/mission/hub-messages.ts';
import type { Caller } from '../../../../core/audit/access-log.ts';
import {
  readProvenance,
  readHistory,
  searchHistory,
  type History,
} from '../../../../core/queries/history/read-history.ts';
import { deadlineOf, type Origin, type Party, taskOf } from '../../../../core/mission/state.ts';
import { durationWords, escaped, momentWords } from '../../../../core/mission/words.ts';
import type { Refusal } from '../../../../schemas/faults.ts';
import { firstGuidelines } from '../../../../schemas/guideline.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/messages/read-message.ts';
import { exerciseCode, systems } from '../../../../schemas/names.ts';
import { attempted, becomes } from '../../../support/contact.ts';
import { sampleSubscription } from '../../../contract/contract.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { type MemoryHub, memoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  directory,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
  sentBy,
  taskOpenedBy,
} from '../../../support/messages.ts';

const { amk, la, otherLa, operator, hospital, otherHospital, observer, quality, otherAmk } = parties;
const view = { base: 'https://hub.example/fhir', directory };

/** Seconds after the step before, who sends, what. */
type Step = readonly [seconds: number, sender: Party, message: Message];

const say = async (hub: MemoryHub, [seconds, sender, message]: Step): Promise<void> => {
  hub.clock.advance(seconds * 1000);
  const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  await fanOut(hub, accepted.entry);
};

const played = async (...steps: readonly Step[]): Promise<MemoryHub> => {
  const hub = memoryHub();
  for (const party of [amk, la, otherLa, operator, hospital, observer]) {
    await hub.subscriptions.create(sampleSubscription(party.name, party.organisation), hub.clock.iso());
    await becomes(hub, party.name, 'active');
  }
  for (const step of steps) await say(hub, step);
  return hub;
};

const request = missionRequest({ id: 'request' });
const mission = missionOpenedBy(request);
const task = (entry: number): string => taskOpenedBy(mission, entry);

const rejection = missionDecision({
  task: task(1),
  answer: 'rejected',
  reason: 'no-medical-indication',
  criterion: 'rapid-transport',
  by: { name: 'Rolig Radar', number: '000000101' },
  as: 'Coordinating physician',
});

/** Asked, seen after 25 seconds, rejected after 3 minutes and 12 seconds. */
const rejected: readonly Step[] = [
  [0, amk, request],
  [25, la, acknowledgement({ task: task(1) })],
  [167, la, rejection],
];

/** … disputed, accepted by another, and flown; the hospital is warned. */
const flown: readonly Step[] = [
  ...rejected,
  [30, amk, reviewRequest({ task: task(1), words: 'The road is closed by an avalanche' })],
  [60, la, missionDecision({ task: task(4), answer: 'accepted', by: 'Vennlig Vurdering', as: 'Physician on call' })],
  [10, la, resourceRequest({ mission })],
  [20, operator, resourceResponse({ task: task(6), answer: 'accepted' })],
  [600, operator, resourceStatus({ task: task(6), phases: { departed: '2026-02-01T12:10:00+01:00' } })],
  [5, operator, prearrivalNotification({ mission, partOf: task(6) })],
];

const portsOf = (hub: MemoryHub) => ({ ...hub, guidelines: firstGuidelines });

const resourceOf = (story: History | Refusal): unknown => {
  if (story.outcome === 'refused') throw new Error(JSON.stringify(story.faults));
  return story.resource;
};

const storyFor = async (hub: MemoryHub, caller: Caller, search: Readonly<Record<string, string>> = {}) =>
  resourceOf(await readHistory(portsOf(hub), caller, mission, new Map(Object.entries(search)), view));

type Resource = Readonly<Record<string, unknown>>;

const chaptersIn = (story: unknown): readonly Resource[] => {
  const entries = isObject(story) && Array.isArray(story['entry']) ? story['entry'] : [];
  return entries.filter(isObject).flatMap(({ resource }) => (isObject(resource) ? [resource] : []));
};

/** The words of a chapter, as a person reads them. */
const wordsOf = (chapter: Resource | undefined): string => {
  const text = chapter?.['text'];
  return isObject(text) ? String(text['div']).replaceAll(/<[^>]+>/g, '\n') : '';
};

const numbersIn = (story: unknown): readonly string[] =>
  chaptersIn(story).map(({ id }) => String(id).split('.').at(-1) ?? '');

const chapterFor = async (hub: MemoryHub, caller: Caller, number: number): Promise<Resource> => {
  const found = chaptersIn(await storyFor(hub, caller)).find(({ id }) => id === `${mission}.${number}`);
  if (found === undefined) throw new Error(`the story has no chapter ${number}`);
  return found;
};

describe('The story of a mission', () => {
  test('A rejection says who decided in which role, on which criterion of which version, why, and how long it took', async () => {
    const hub = await played(...rejected);
    const chapter = await chapterFor(hub, la, 3);
    expect(wordsOf(chapter)).toContain('AMK LA Oslo decided: Rejected.');
    expect(wordsOf(chapter)).toContain('Decided by: Rolig Radar, Coordinating physician, HPR 000000101.');
    expect(wordsOf(chapter)).toContain('On these criteria of the guideline, version 2026.1: Rapid transport.');
    expect(wordsOf(chapter)).toContain(
      'Reason: No medical indication (medical reason), by the guideline, version 2026.1. In the sender&#39;s words: “Fog at the scene”',
    );
    expect(wordsOf(chapter)).toContain(
      'The answer took 3 min 12 s from when it was asked, 1 February 2026, 12:00:00 (UTC+01:00).',
    );
    expect(wordsOf(chapter)).toContain('Task 1 (Decide on a mission request, AMK LA Oslo): received → rejected.');
    expect(chapter).toMatchObject({
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

  test('It is told in the order of the log, one chapter for each message, all of it valid FHIR', async () => {
    const story = await storyFor(await played(...flown), la);
    expect(numbersIn(story)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(problemsOf(JSON.parse(JSON.stringify(story)))).toEqual([]);
  });

  test('It names the system that sent a message, and who runs it, to its sender, to who leads and to quality staff', async () => {
    const hub = memoryHub();
    const from = async (sender: Party, message: Message, origin: Origin): Promise<void> => {
      const accepted = await acceptMessage(hub.missions, message, { ...sentBy(sender), origin }, hub.now);
      expect(accepted.outcome).toBe('accepted');
    };
    await from(amk, request, { correlationId: 'c', client: 'dispatch-system', supplier: '999999990' });
    await from(la, resourceRequest({ mission }), { correlationId: 'd', client: 'coordination-system' });
    const systemsFor = async (caller: Caller): Promise<readonly unknown[]> =>
      chaptersIn(await storyFor(hub, caller)).map((chapter) => {
        expect(problemsOf(JSON.parse(JSON.stringify(chapter)))).toEqual([]);
        const agents: readonly unknown[] = Array.isArray(chapter['agent']) ? chapter['agent'] : [];
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
    // Who was asked to fly reads what was asked, and not by which systems it came.
    expect(await systemsFor(operator)).toEqual([[], []]);
  });

  test('It says when a person first saw an ask, and by when that was due', async () => {
    const hub = await played([0, amk, request], [75, la, acknowledgement({ task: task(1) })]);
    expect(wordsOf(await chapterFor(hub, amk, 2))).toContain(
      'With this a person at AMK LA Oslo has acknowledged Task 1, 1 min 15 s after it was opened; the deadline was 1 February 2026, 12:01:00 (UTC+01:00) and was missed by 15 s.',
    );
    const inTime = await played(...rejected);
    expect(wordsOf(await chapterFor(inTime, amk, 2))).toContain('and was met.');
  });

  test('Times that were seen stand beside the time at which the hub received them', async () => {
    expect(wordsOf(await chapterFor(await played(...flown), amk, 8))).toContain(
      'Departed: seen at 1 February 2026, 12:10:00 (UTC+01:00); the hub received it 5 min 12 s later.',
    );
  });

  test('It says who was told when, whom nobody could tell, and whom to phone', async () => {
    const hub = await played(...rejected);
    const told = (await hub.missions.entry(mission, 3))?.notified.find((one) => one.organisation === amk.organisation);
    if (told === undefined) throw new Error('the local AMK was not told');
    const line = async (): Promise<string> => wordsOf(await chapterFor(hub, la, 3));
    expect(await line()).toContain('AMK Innlandet: not delivered yet (0 attempts, last answer: none).');
    const attempt = attempted({ at: '2026-02-01T11:03:14.000Z', answer: 'HTTP 410', status: 'failed' });
    await hub.notifications.record(told.subscription, told.number, attempt);
    expect(await line()).toContain(
      'AMK Innlandet: not delivered: the hub gave up at 1 February 2026, 12:03:14 (UTC+01:00) after 1 attempt, last answer: HTTP 410; to be told by phone: AMK Innlandet: +47 00 00 00 01.',
    );
    expect(await line()).toContain('Luftambulansetjenesten: not told by machine, for it has no subscription');
  });

  test('A delivery is told with its time', async () => {
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
    expect(wordsOf(await chapterFor(hub, amk, 1))).toContain(
      'AMK LA Oslo: delivered at 1 February 2026, 12:00:02 (UTC+01:00), 2 s after the hub received it (1 attempt).',
    );
  });

  test('Deliveries to two systems of one party are told apart by their subscriptions', async () => {
    const hub = await played();
    await hub.subscriptions.create(sampleSubscription('second-system', la.organisation), hub.clock.iso());
    await becomes(hub, 'second-system', 'active');
    await say(hub, [0, amk, request]);
    const late = attempted({ at: '2026-02-01T11:00:27.000Z', answer: 'HTTP 200', status: 'delivered' });
    await hub.notifications.record('second-system', 1, late);
    const chapter = await chapterFor(hub, quality, 1);
    expect(wordsOf(chapter)).toContain('AMK LA Oslo (subscription second-system): delivered at');
    expect(wordsOf(chapter)).toContain(`AMK LA Oslo (subscription ${la.name}): not delivered yet`);
    expect(JSON.stringify(chapter)).not.toContain(sampleSubscription('second-system', la.organisation).endpoint);
  });

  test('A missed deadline is told, and whom people had to phone', async () => {
    const hub = await played([0, amk, request]);
    const state = (await hub.missions.last(mission))?.state;
    const asked = state === undefined ? undefined : taskOf(state, task(1));
    const deadline = asked === undefined ? undefined : deadlineOf(asked);
    if (state === undefined || asked === undefined || deadline === undefined) throw new Error('nothing is asked');
    hub.clock.advance(61_000);
    expect(await writeHubMessage(hub, overdueMessage(state, asked, deadline, directory))).toMatchObject({
      outcome: 'accepted',
    });
    const chapter = await chapterFor(hub, amk, 2);
    expect(wordsOf(chapter)).toContain(
      'A deadline was missed: nobody at AMK LA Oslo has acknowledged Task 1 (Decide on a mission request, AMK LA Oslo) by 1 February 2026, 12:01:00 (UTC+01:00).',
    );
    expect(wordsOf(chapter)).toContain('Whom to phone, by the directory of today: AMK LA Oslo: +47 00 00 00 11.');
    expect(problemsOf(chapter)).toEqual([]);
  });

  test('A forwarding says who coordinates from now on', async () => {
    const hub = await played([0, amk, request], [10, la, missionForward({ task: task(1), reason: 'capacity' })]);
    const words = wordsOf(await chapterFor(hub, la, 2));
    expect(words).toContain('AMK LA Oslo moved the coordination of the mission to AMK LA Bergen.');
    expect(words).toContain('Reason: No capacity to coordinate.');
    expect(words).toContain('From now on AMK LA Bergen coordinates, and no longer AMK LA Oslo.');
  });

  test('A mission taken back is told so, with from whom', async () => {
    const hub = await played(
      [0, amk, request],
      [10, la, missionForward({ task: task(1), reason: 'capacity' })],
      [10, la, missionForward({ task: task(2), to: [la.organisation] })],
    );
    const words = wordsOf(await chapterFor(hub, amk, 3));
    expect(words).toContain('AMK LA Oslo took the coordination of the mission back from AMK LA Bergen.');
    expect(words).toContain('From now on AMK LA Oslo coordinates, and no longer AMK LA Bergen.');
    expect(words).not.toContain('moved the coordination');
  });

  test('A mission moved on by who coordinates no more is told with from whom', async () => {
    const hub = await played([0, amk, request], [10, la, missionForward({ task: task(1) })]);
    const thirdLa: Party = { organisation: '100000013', name: 'AMK LA Trondheim', role: 'amk-la' };
    const known = (number: string) => (number === thirdLa.organisation ? thirdLa : directory.partyOf(number));
    const onward = missionForward({ task: task(2), to: [thirdLa.organisation] });
    const rules = { ...sentBy(la), directory: { ...directory, partyOf: known } };
    expect(await acceptMessage(hub.missions, onward, rules, hub.now)).toMatchObject({ outcome: 'accepted' });
    expect(wordsOf(await chapterFor(hub, amk, 3))).toContain(
      'AMK LA Oslo moved the coordination of the mission from AMK LA Bergen to 100000013.',
    );
  });

  const place = [60.9, 10.7] as const;
  const { urgencies, criteria } = firstGuidelines[0];
  const judged = `criteria from ${criteria['time-to-definitive-care']?.display} to ${criteria['rapid-transport']?.display}`;
  const anew = { place, municipality: '3403', criterion: 'rapid-transport', incident: 'A-1' } as const;

  test.each([
    {
      what: 'the urgency',
      update: { urgency: 'urgent' },
      changed: `urgency from ${urgencies.stat} to ${urgencies.urgent}`,
    },
    {
      what: 'everything',
      update: { urgency: 'routine', ...anew },
      changed: `urgency from ${urgencies.stat} to ${urgencies.routine}; ${judged}; municipality, now 3403; position from 62.0729, 9.1236 to 60.9, 10.7; large event, now A-1`,
    },
  ] as const)('A new description of a mission says what it changed: $what', async ({ update, changed }) => {
    const hub = await played([0, amk, request], [10, amk, missionUpdate({ mission, ...update })]);
    const words = wordsOf(await chapterFor(hub, la, 2));
    expect(words).toContain(`AMK Innlandet described the mission anew. Changed: ${changed}.`);
    for (const again of ['The urgency changed', 'On these criteria', 'The place is in', 'It belongs to'])
      expect(words).not.toContain(again);
  });

  test('A new description of a mission is compared with what was known before it', async () => {
    const hub = await played(
      [0, amk, request],
      [10, amk, missionUpdate({ mission, ...anew })],
      [10, amk, missionUpdate({ mission, ...anew, id: 'the-same-again' })],
      [10, amk, missionUpdate({ mission, place, municipality: '3411', incident: 'A-2' })],
    );
    expect(wordsOf(await chapterFor(hub, la, 3))).toContain(
      'AMK Innlandet described the mission anew. Nothing that the hub reads of it changed.',
    );
    expect(wordsOf(await chapterFor(hub, la, 4))).toContain(
      'Changed: municipality from 3403 to 3411; large event from A-1 to A-2.',
    );
  });

  test('What changed is told without the position and the number of the event to whoever sees no person', async () => {
    const hub = await played([0, amk, request], [10, amk, missionUpdate({ mission, ...anew, urgency: 'urgent' })]);
    expect(wordsOf(await chapterFor(hub, quality, 2))).toContain(
      `Changed: urgency from ${urgencies.stat} to ${urgencies.urgent}; ${judged}; municipality, now 3403; position; large event.`,
    );
  });

  test('An announced patient comes at a time and with a flight; a new time stands beside the one before', async () => {
    const later = prearrivalNotification({ mission, task: task(9), eta: '2026-02-01T13:20:00+01:00' });
    const same = prearrivalNotification({ mission, task: task(9), eta: '2026-02-01T12:20:00Z' });
    const hub = await played(...flown, [60, operator, later], [60, operator, same]);
    const flight = 'The patient comes with Task 6 (Fly or drive a mission, Helicopter Dombås).';
    const words = wordsOf(await chapterFor(hub, hospital, 9));
    expect(words).toContain(
      `Helicopter Dombås announced a patient to Ullevål emergency department. Expected time of arrival: 1 February 2026, 13:00:00 (UTC+01:00). ${flight}`,
    );
    expect(wordsOf(await chapterFor(hub, hospital, 10))).toContain(
      `Expected time of arrival: 1 February 2026, 13:20:00 (UTC+01:00); before it was 1 February 2026, 13:00:00 (UTC+01:00). ${flight}`,
    );
    expect(wordsOf(await chapterFor(hub, hospital, 11))).toContain(
      `Expected time of arrival: 1 February 2026, 13:20:00 (UTC+01:00). ${flight}`,
    );
  });

  test('The call sign of the flight is told to whoever sees persons', async () => {
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
    expect(wordsOf(await chapterFor(hub, la, 5))).toContain('Helicopter Dombås), LA-01.');
    expect(wordsOf(await chapterFor(hub, quality, 5))).toContain('Helicopter Dombås).');
    expect(wordsOf(await chapterFor(hub, quality, 5))).not.toContain('LA-01');
    for (const number of [6, 7])
      expect(wordsOf(await chapterFor(hub, la, number))).not.toContain('The patient comes with');
  });

  test('A mission from before the guidelines had versions does not claim one', async () => {
    const hub = await played(...rejected);
    const entries = await hub.missions.entries(mission, 1, 3);
    const older = entries.map(({ state: { guideline: _none, ...state }, ...entry }) => ({ ...entry, state }));
    const missions = { ...hub.missions, last: async () => older.at(-1), entries: async () => older };
    const story = resourceOf(await readHistory({ ...portsOf(hub), missions }, la, mission, new Map(), view));
    expect(JSON.stringify(chaptersIn(story))).not.toContain('2026.1');
    expect(wordsOf(chaptersIn(story)[0])).toContain(
      'The version of the guideline that was in force is not known here.',
    );
  });
});

describe('Who reads the story', () => {
  const forwarded: readonly Step[] = [
    [0, amk, request],
    [5, la, missionUpdate({ mission, to: [observer.organisation] })],
    [10, la, missionForward({ task: task(1) })],
    [10, otherLa, acknowledgement({ task: task(3) })],
    [10, otherLa, missionDecision({ task: task(3), answer: 'accepted' })],
    [10, otherLa, resourceRequest({ mission })],
    [10, operator, resourceResponse({ task: task(6), answer: 'accepted' })],
    [10, operator, prearrivalNotification({ mission, partOf: task(6) })],
  ];
  const all = ['1', '2', '3', '4', '5', '6', '7', '8'];

  test.each([
    { who: 'The requester', caller: amk, seen: all },
    { who: 'The coordinator', caller: otherLa, seen: all },
    { who: 'Who coordinated before, until it handed on,', caller: la, seen: ['1', '2', '3', '4', '5'] },
    { who: 'The quality system', caller: quality, seen: all },
    { who: 'The crew, of what it may read,', caller: operator, seen: ['1', '2', '3', '6', '7', '8'] },
    { who: 'The hospital, of what it may read,', caller: hospital, seen: ['1', '2', '3', '8'] },
    { who: 'An observer, of what it was told,', caller: observer, seen: ['2', '3'] },
  ])('$who sees the entries $seen', async ({ caller, seen }) => {
    const hub = await played(...forwarded);
    expect(numbersIn(await storyFor(hub, caller))).toEqual(seen);
    for (const number of all) {
      const found = await readProvenance(portsOf(hub), caller, `${mission}.${number}`, view);
      expect(found.outcome).toBe(seen.includes(number) ? 'found' : 'refused');
    }
  });

  test.each([otherAmk, otherHospital])('A stranger ($name) finds nothing', async (caller) => {
    const hub = await played(...forwarded);
    for (const result of [
      await readHistory(portsOf(hub), caller, mission, new Map(), view),
      await readHistory(portsOf(hub), caller, 'no-mission', new Map(), view),
      await searchHistory(portsOf(hub), caller, new Map([['target', `ServiceRequest/${mission}`]]), view),
      await readProvenance(portsOf(hub), caller, `${mission}.1`, view),
    ])
      expect(result).toMatchObject({ outcome: 'refused', faults: [{ code: 'not-found' }] });
  });

  test('The readiness of a resource is no mission', async () => {
    const hub = memoryHub();
    const report = await acceptMessage(hub.missions, resourceAvailability(), sentBy(operator), hub.now);
    if (report.outcome === 'refused') throw new Error('refused');
    for (const caller of [operator, la, quality])
      expect(await readHistory(portsOf(hub), caller, report.entry.mission, new Map(), view)).toMatchObject({
        outcome: 'refused',
        faults: [{ code: 'not-found' }],
      });
  });

  test('The quality system is told the class of a reason and how long it took, no name and no words', async () => {
    const hub = await played(...flown);
    const story = await storyFor(hub, quality);
    expect(JSON.stringify(story)).not.toMatch(/Rolig|Radar|000000101|Coordinating physician|Fog|avalanche/);
    const words = wordsOf(chaptersIn(story)[2]);
    expect(words).toContain('Decided by a person.');
    expect(words).toContain('Reason: No medical indication (medical reason), by the guideline, version 2026.1.');
    expect(words).toContain('The answer took 3 min 12 s');
    expect(JSON.stringify(chaptersIn(story)[2])).toContain('REDACTED');
  });

  test('Who does not lead sees no Task and no receipt of others', async () => {
    const words = wordsOf(await chapterFor(await played(...flown), hospital, 8));
    expect(words).not.toContain('Task 6 (Fly or drive a mission, Helicopter Dombås): accepted → in-progress');
    expect(words).not.toContain('AMK LA Oslo: ');
  });
});

describe('The form of the story', () => {
  test('It comes in pages whose links lead on', async () => {
    const hub = await played(...flown);
    const first = await storyFor(hub, la, { _count: '4' });
    expect(numbersIn(first)).toEqual(['1', '2', '3', '4']);
    expect(first).toMatchObject({
      type: 'searchset',
      link: [
        { relation: 'self', url: `${view.base}/ServiceRequest/${mission}/$history?_count=4` },
        { relation: 'next', url: `${view.base}/ServiceRequest/${mission}/$history?_count=4&_cursor=5` },
      ],
    });
    const last = await storyFor(hub, la, { _count: '4', _cursor: '5' });
    expect(numbersIn(last)).toEqual(['5', '6', '7', '8']);
    // The Task of the page before is known: nothing looks opened that was not.
    expect(wordsOf(chaptersIn(last)[0])).toContain(
      'Task 4 (Decide on a mission request, AMK LA Oslo): requested → accepted.',
    );
  });

  test('It is found by a search for the Provenance of the mission as well', async () => {
    const hub = await played(...rejected);
    const search = new Map([['target', `ServiceRequest/${mission}`]]);
    const found = resourceOf(await searchHistory(portsOf(hub), la, search, view));
    expect(chaptersIn(found)).toEqual(chaptersIn(await storyFor(hub, la)));
    expect(found).toMatchObject({
      link: [{ url: `${view.base}/Provenance?target=ServiceRequest%2F${mission}` }],
    });
  });

  test.each([
    [{ since: '2026' }, 'http.since'],
    [{ _count: '0' }, 'http._count'],
    [{ _cursor: 'x' }, 'http._cursor'],
  ])('A search that is not understood is refused: %o', async (search, at) => {
    const hub = await played(...rejected);
    const refused = await readHistory(portsOf(hub), la, mission, new Map(Object.entries(search)), view);
    expect(refused).toMatchObject({ outcome: 'refused', faults: [{ code: 'unknown-search', at }] });
    expect(await searchHistory(portsOf(hub), la, new Map(), view)).toMatchObject({ faults: [{ at: 'http.target' }] });
  });

  test.each([
    { form: { _format: 'html' }, accept: '' },
    { form: { _format: 'text/html' }, accept: 'application/fhir+json' },
    { form: {}, accept: 'text/html,application/xhtml+xml;q=0.9' },
  ])('People get it as one page, whole and without scripts: %o', async ({ form, accept }) => {
    const hub = await played(...flown);
    const story = await readHistory(portsOf(hub), la, mission, new Map(Object.entries(form)), view, accept);
    const page = String(resourceOf(story));
    expect(story).toMatchObject({
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringContaining("default-src 'none'; style-src 'sha256-"),
      },
    });
    expect(page.match(/<section /g)).toHaveLength(9);
    expect(page).toContain(`<title>Mission ${mission}</title>`);
    expect(page).toContain('The answer took 3 min 12 s');
    expect(page).not.toMatch(/<script|<img|<link|href=|src=|\son\w+=/i);
    expect(page).not.toContain('EXERCISE');
  });

  test('Asked for FHIR, whoever accepts everything gets FHIR', async () => {
    const hub = await played(...rejected);
    const search = new Map([['_format', 'json']]);
    expect(
      chaptersIn(resourceOf(await readHistory(portsOf(hub), la, mission, search, view, 'text/html'))),
    ).toHaveLength(3);
    expect(chaptersIn(resourceOf(await readHistory(portsOf(hub), la, mission, new Map(), view, '*/*')))).toHaveLength(
      3,
    );
  });

  test('An exercise is marked on the page and in every chapter', async () => {
    const exercise = missionRequest({ id: 'exercise', exercise: true });
    const hub = await played([0, amk, exercise]);
    const number = missionOpenedBy(exercise);
    const page = resourceOf(await readHistory(portsOf(hub), la, number, new Map([['_format', 'html']]), view));
    expect(page).toContain('<p class="exercise">EXERCISE — this mission is not real</p>');
    expect(page).toContain(`<title>EXERCISE: Mission ${number}</title>`);
    const [chapter] = chaptersIn(resourceOf(await readHistory(portsOf(hub), quality, number, new Map(), view)));
    expect(wordsOf(chapter)).toContain('EXERCISE.');
    expect(chapter).toMatchObject({ meta: { security: [{ code: exerciseCode }, { code: 'REDACTED' }] } });
  });

  test('Whatever somebody writes is text and nothing else', async () => {
    const words = '</div><script>alert("1")</script> & \u202Eevil\u0007';
    const hub = await played(...rejected, [30, amk, reviewRequest({ task: task(1), words })]);
    const page = String(await storyFor(hub, la, { _format: 'html' }));
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;/div&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp;  evil ');
    expect(problemsOf(JSON.parse(JSON.stringify(await storyFor(hub, la))))).toEqual([]);
  });
});

describe('Words', () => {
  test.each([
    [0, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min 0 s'],
    [192, '3 min 12 s'],
    [3600, '1 h 0 min 0 s'],
    [90_061, '1 d 1 h 1 min 1 s'],
  ])('%d seconds are %s', (seconds, words) => {
    const start = '2026-02-01T11:00:00.000Z';
    const end = new Date(Date.parse(start) + seconds * 1000).toISOString();
    expect(durationWords(start, end)).toBe(words);
    expect(durationWords(end, start)).toBe(words);
  });

  test('A moment is told by a Norwegian clock, summer and winter', () => {
    expect(momentWords('2026-01-08T07:31:10.000Z')).toBe('8 January 2026, 08:31:10 (UTC+01:00)');
    expect(momentWords('2026-07-01T00:30:00+05:00')).toBe('30 June 2026, 21:30:00 (UTC+02:00)');
    expect(momentWords('2026-12-31T23:59:60Z')).toBe('1 January 2027, 00:59:59 (UTC+01:00)');
    expect(momentWords('sometime')).toBe('sometime');
  });

  test('A broken character does not break the text', () => expect(escaped('a\uD800b')).toBe('a\uFFFDb'));
});
