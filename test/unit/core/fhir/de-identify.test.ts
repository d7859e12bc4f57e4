import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { MissionLog, StoredEntry } from '../../../../core/mission/mission-log.ts';
import { loadSources } from '../../../../core/mission/sources.ts';
import type { Notification } from '../../../../core/delivery/notifications.ts';
import type { Caller } from '../../../../core/audit/access-log.ts';
import { readMission } from '../../../../core/queries/mission.ts';
import { searchReceipts } from '../../../../core/queries/receipts.ts';
import { readSent } from '../../../../core/queries/sent-resources.ts';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { readTask, searchTasks } from '../../../../core/queries/tasks.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionDecision,
  missionOpenedBy,
  missionRequest,
  parties,
  sentBy,
  taskOpenedBy,
} from '../../../support/messages.ts';
import { readProvenance, readHistory } from '../../../../core/queries/history/read-history.ts';
import { sentEntries } from '../../../../core/mission/sent-message.ts';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { deIdentify } from '../../../../core/fhir/de-identify.ts';
import { taskResource } from '../../../../core/fhir/task.ts';
import { firstGuidelines } from '../../../../schemas/guideline.ts';
import { entryAddress, resourceAddress } from '../../../../schemas/identifiers.ts';
import { isObject, parseLossless } from '../../../../schemas/json/json.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { municipalityExtension, systems } from '../../../../schemas/names.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import {
  everyStep,
  exampleSteps,
  exampleText,
  logOf,
  partyOfClient,
  sampleDirectory,
  secondSteps,
} from '../../../support/examples.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { memoryNotifications } from '../../../memory/notifications.ts';
import { searchFor } from '../../../support/reading.ts';

const view = { base: 'https://hub.example/fhir', directory: sampleDirectory };

/** The start of every planted text. No such text may be shown. */
const mark = 'Plantet';

/** Elements that FHIR has for codes, addresses and ids. */
const structural: readonly string[] =
  'resourceType system code url reference fullUrl status intent priority id mode'.split(' ');

const isTime = (text: string): boolean => /^\d{4}-\d{2}/.test(text);

/** The planted texts: those in free text only, or every text. */
type Depth = 'free' | 'every';

/** A copy of a value with planted texts. */
const planted = (value: unknown, depth: Depth, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((item: unknown) => planted(item, depth, key));
  if (typeof value === 'string') {
    const stays = key === 'resourceType' || (depth === 'free' && (structural.includes(key) || isTime(value)));
    return stays ? value : `${mark} Person i ${key}`;
  }
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, planted(member, depth, name)]);
  const meta = { versionId: mark, lastUpdated: mark, source: mark, profile: [mark], tag: [{ display: mark }] };
  // Elements that the message did not have.
  return Object.fromEntries([
    ...members,
    ['id', `${mark}-id`],
    ['text', { div: `${mark} div` }],
    ['_status', mark],
    ['meta', meta],
  ]);
};

/** Members of the stored facts and state with text of the sender. */
const spoken: readonly string[] = ['text', 'words', 'name', 'role', 'identifier', 'resource', 'value'];

const saidOf = (value: unknown, key = ''): unknown => {
  if (key === 'criteria' && Array.isArray(value)) return [...value, `${mark} criterion`];
  if (Array.isArray(value)) return value.map((item: unknown) => saidOf(item, key));
  if (typeof value === 'string') return spoken.includes(key) ? `${mark} ${key}` : value;
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, saidOf(member, name)]));
};

const withPersons = (entry: StoredEntry, depth: Depth): StoredEntry => {
  const said: Pick<StoredEntry, 'facts' | 'state'> = JSON.parse(
    JSON.stringify(saidOf({ facts: entry.facts, state: entry.state })),
  );
  return { ...entry, ...said, text: JSON.stringify(planted(parseLossless(entry.text), depth)) };
};

/** Adds each example of a message of the hub as a further entry of the second mission: no table lists them. */
const spokenByTheHub = (log: readonly StoredEntry[]): readonly StoredEntry[] => {
  const last = log.at(-1);
  if (last === undefined) throw new Error('the second mission has no entry');
  const played = everyStep.map(({ file }) => file);
  return readdirSync(new URL('../../../../partner/examples', import.meta.url))
    .filter((file) => file.endsWith('.json') && !played.includes(file))
    .map((file, index) => {
      const message = readMessage(exampleText(file));
      if (message.outcome === 'refused') throw new Error(`refused: ${file}`);
      const number = last.number + 1 + index;
      const state = { ...last.state, version: number };
      return { ...last, number, event: message.type.event, sender: 'luftbro', text: message.text, state };
    });
};

const secondLog = logOf(secondSteps);
const logs = [
  { name: 'the first example mission', log: logOf(exampleSteps) },
  { name: 'the second example mission', log: [...secondLog, ...spokenByTheHub(secondLog)] },
];

const cases = logs.flatMap(({ name, log }) =>
  (['free', 'every'] as const).map((depth) => ({
    name,
    depth,
    log: log.map((entry) => withPersons(entry, depth)),
  })),
);

const missionsOf = (log: readonly StoredEntry[]): MissionLog => ({
  window: 1,
  keepFingerprint: async () => {},
  entriesKept: async () => [],
  last: async () => log.at(-1),
  entry: async (_mission, number) => log[number - 1],
  entries: async (_mission, from, to) => log.slice(from - 1, to),
  append: async () => 'taken',
  completeFanOut: async () => {},
});

const quality: Caller = { organisation: partyOfClient('quality-register').organisation, role: 'quality' };
const observer: Caller = { organisation: partyOfClient('observer-hrs').organisation, role: 'observer' };
const coordinator: Caller = { organisation: partyOfClient('amk-la-oslo').organisation, role: 'amk-la' };

/** A log in which the observer is a party and is notified of every entry. */
const observed = (log: readonly StoredEntry[]): readonly StoredEntry[] =>
  log.map((entry) => ({
    ...entry,
    recipients: [...entry.recipients, observer.organisation],
    state: { ...entry.state, observers: [observer.organisation] },
  }));

const notificationOf = (entry: StoredEntry, { organisation }: Caller): Notification => ({
  subscription: 'subscription',
  number: entry.number,
  organisation,
  mission: entry.mission,
  entry: entry.number,
  writtenAt: entry.receivedAt,
  status: 'pending',
  attempts: 0,
});

const shownIn = (result: { readonly outcome: string; readonly resource?: unknown }): readonly unknown[] =>
  result.resource === undefined ? [] : [result.resource];

/** Everything that a caller can read of a mission. */
const everythingFor = async (caller: Caller, given: readonly StoredEntry[]): Promise<readonly unknown[]> => {
  const log = observed(given);
  const missions = missionsOf(log);
  const [first] = log;
  if (first === undefined) throw new Error('an empty log');
  const { mission } = first;
  const ports = { missions, notifications: memoryNotifications(), guidelines: firstGuidelines };
  const shown: unknown[] = [
    ...shownIn(await readMission(missions, caller, mission)),
    ...shownIn(
      await searchReceipts(ports, caller, searchFor('Communication', { 'part-of': `ServiceRequest/${mission}` }), view),
    ),
    ...shownIn(await readHistory(ports, caller, mission, searchFor('Provenance', { _count: '100' }), view)),
    ...shownIn(await readHistory(ports, caller, mission, searchFor('Provenance'), view, 'text/html')),
  ];
  for (const entry of log) {
    const sources = await loadSources(missions, entry, caller.organisation);
    const notice = {
      kind: 'event-notification' as const,
      subscription: { ...sampleSubscription('subscription', caller.organisation), payload: 'full-resource' as const },
      role: caller.role,
      events: [{ notification: notificationOf(entry, caller), entry, sources }],
    };
    shown.push(JSON.parse(notificationBundle(notice, view, entry.receivedAt)));
    const address = entryAddress(mission, entry.number);
    shown.push(...shownIn(await readProvenance(ports, caller, address, view)));
    shown.push(...shownIn(await readSent(missions, caller, 'Bundle', address, view)));
    for (const { index, resourceType } of sentEntries(entry)) {
      const id = resourceAddress(mission, entry.number, index);
      shown.push(...shownIn(await readSent(missions, caller, resourceType, id, view)));
    }
  }
  return shown;
};

/** Lines with a planted text. */
const personsIn = (shown: readonly unknown[]): readonly string[] =>
  shown.flatMap((one) =>
    JSON.stringify(one, undefined, 1)
      .split('\n')
      .filter((line) => line.toLowerCase().includes(mark.toLowerCase())),
  );

describe('de-identified reads and notifications', () => {
  test.each(cases)('show no planted person to the quality system: $name, $depth text', async ({ log }) => {
    const shown = await everythingFor(quality, log);
    expect(shown.length).toBeGreaterThan(3 * log.length);
    expect(personsIn(shown)).toEqual([]);
  });

  test.each(cases)('show no planted person to an observer: $name, $depth text', async ({ log }) => {
    const shown = await everythingFor(observer, log);
    expect(shown.length).toBeGreaterThan(3 * log.length);
    expect(personsIn(shown)).toEqual([]);
  });

  test.each(cases)('show the planted persons to the coordinator: $name, $depth text', async ({ log }) => {
    expect(personsIn(await everythingFor(coordinator, log)).length).toBeGreaterThan(100);
  });

  test.each(logs.flatMap((one) => [quality, observer].map((caller) => ({ ...one, caller, role: caller.role }))))(
    'are valid FHIR with the label REDACTED for the role $role: $name',
    async ({ log, caller }) => {
      const shown = await everythingFor(caller, log);
      const resources = shown.filter((one) => typeof one !== 'string');
      for (const resource of resources) {
        const plain: unknown = JSON.parse(JSON.stringify(resource));
        expect(problemsOf(plain)).toEqual([]);
      }
      expect(JSON.stringify(resources)).toContain('REDACTED');
    },
  );
});

describe('de-identified resources', () => {
  const [entry] = logs[0]?.log ?? [];
  if (entry === undefined) throw new Error('an empty log');
  const toQuality = { role: 'quality' as const, entry };
  const toObserver = { role: 'observer' as const, entry };

  const place = {
    resourceType: 'Location',
    status: 'active',
    name: 'Hjemme hos Ola',
    address: {
      line: ['Storgata 1'],
      district: 'Ringsaker',
      _district: {
        extension: [
          { url: 'https://partner.example/who', valueString: 'Ola' },
          { url: municipalityExtension, valueCoding: { system: systems.municipality, code: '3411', display: 'Ola' } },
        ],
      },
    },
    position: { longitude: 10.7, latitude: 60.9 },
  };

  test('keep the position for observers, and the municipality only for the quality system', () => {
    const municipality = {
      _district: {
        extension: [{ url: municipalityExtension, valueCoding: { system: systems.municipality, code: '3411' } }],
      },
    };
    const left = { resourceType: 'Location', status: 'active', address: municipality };
    const seen = deIdentify(place, toObserver);
    expect(seen).toMatchObject({ ...left, position: { longitude: 10.7, latitude: 60.9 } });
    expect(deIdentify(place, toQuality)).toMatchObject(left);
    expect(deIdentify(place, toQuality)).not.toHaveProperty('position');
    expect(JSON.stringify(seen)).not.toMatch(/Ola|Storgata|Ringsaker/);
  });

  test('keep codes, values and times, and mark a hidden value as masked', () => {
    const observation = {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Puls' }], text: 'Puls hos Ola' },
      subject: { reference: 'Patient/ola' },
      effectiveDateTime: '2026-02-01T12:00:00+01:00',
      valueQuantity: { value: 88, unit: 'slag', system: 'http://unitsofmeasure.org', code: '/min' },
      note: [{ text: 'Ola' }],
    };
    expect(deIdentify(observation, toQuality)).toMatchObject({
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
      effectiveDateTime: '2026-02-01T12:00:00+01:00',
      valueQuantity: { value: 88, system: 'http://unitsofmeasure.org', code: '/min' },
    });
    const said = deIdentify({ ...observation, valueQuantity: undefined, valueString: 'Ola' }, toQuality);
    expect(said).toMatchObject({ dataAbsentReason: { coding: [{ code: 'masked' }] } });
  });

  test.each([
    ['a person number as a code', { system: 'http://snomed.info/sct', code: '01017012345' }],
    ['a name as a code', { system: 'http://loinc.org', code: 'Ola Nordmann' }],
    ['a system of the sender', { system: 'https://partner.example/journal', code: '8867-4' }],
    ['a name in a table of the hub', { system: systems.refusalClass, code: 'ola' }],
  ])('hide %s', (_what, coding) => {
    const shown = deIdentify({ resourceType: 'Condition', code: { coding: [coding] } }, toQuality);
    expect(shown).not.toHaveProperty('code');
  });

  test('hide a number as long as a phone number', () => {
    const shown = deIdentify({ resourceType: 'Observation', status: 'final', valueInteger: 22_550_012 }, toQuality);
    expect(shown).not.toHaveProperty('valueInteger');
  });

  test.each(['Patient', 'RelatedPerson', 'Practitioner', 'PractitionerRole', 'Communication', 'constructor', 'Media'])(
    'hide %s as a whole',
    (resourceType) => expect(deIdentify({ resourceType, status: 'active' }, toQuality)).toBeUndefined(),
  );

  test.each([
    ['a request not to act', { resourceType: 'ServiceRequest', status: 'active', intent: 'order', doNotPerform: true }],
    ['unknown rules', { resourceType: 'Observation', status: 'final', implicitRules: 'https://a.example/rules' }],
    [
      'an unknown modifier in a part',
      {
        resourceType: 'Observation',
        status: 'final',
        component: [{ modifierExtension: [{ url: 'https://a.example' }] }],
      },
    ],
  ])('hide a resource with %s, of which the rest would say another thing', (_what, resource) =>
    expect(deIdentify(resource, toQuality)).toBeUndefined(),
  );

  test('keep code, reason, class, criteria and times of a decision', () => {
    const rejected = secondLog.find(({ facts }) => facts.answer === 'rejected');
    const task = rejected?.state.tasks.find(({ id }) => id === rejected.facts.task);
    if (rejected === undefined || task === undefined) throw new Error('the second mission has no rejection');
    const whole = taskResource(task, rejected.state, view);
    const shown = deIdentify(whole, { role: 'quality', entry: rejected });
    expect(shown).toMatchObject({
      id: task.id,
      status: 'rejected',
      businessStatus: { coding: [{ system: systems.missionDecision, code: 'rejected' }] },
      statusReason: {
        coding: [
          { system: systems.refusalReason, code: task.reason?.code },
          { system: systems.refusalClass, code: task.reason?.class },
        ],
      },
      executionPeriod: { start: task.openedAt, end: task.decidedAt },
      owner: { identifier: { value: task.owner } },
      requester: { identifier: { value: task.asker } },
    });
    expect(shown).not.toHaveProperty('note');
  });
});

describe('de-identified Tasks', () => {
  const { amk, la, quality: registry, observer: nonParty } = parties;
  const rejection = missionDecision({
    task: taskOpenedBy(missionOpenedBy(missionRequest()), 1),
    answer: 'rejected',
    by: { name: 'Kari Koordinator', number: '9999901' },
  });

  const rejected = async () => {
    const hub = memoryHub();
    const request = missionRequest();
    for (const [sender, message] of [
      [amk, request],
      [la, rejection],
    ] as const) {
      const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
      if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    }
    return { hub, mission: missionOpenedBy(request), task: taskOpenedBy(missionOpenedBy(request), 1) };
  };

  const viewpoint = { base: 'https://hub.example/fhir', directory };

  test('show codes and times to the quality system, without decider and free text', async () => {
    const { hub, mission, task } = await rejected();
    const one = await readTask(hub.missions, registry, task, viewpoint);
    const all = await searchTasks(
      hub,
      registry,
      searchFor('Task', { 'based-on': `ServiceRequest/${mission}` }),
      viewpoint,
    );
    for (const found of [one, all]) {
      const text = JSON.stringify(found);
      for (const shown of ['"found"', '"weather"', 'executionPeriod']) expect(text).toContain(shown);
      for (const hidden of ['Kari', '9999901', 'Fog at the scene']) expect(text).not.toContain(hidden);
    }
    expect(JSON.stringify(await readTask(hub.missions, amk, task, viewpoint))).toContain('Kari Koordinator');
  });

  test('are refused to an observer that is not a party', async () => {
    const { hub, mission, task } = await rejected();
    expect(await readTask(hub.missions, nonParty, task, viewpoint)).toMatchObject({ outcome: 'refused' });
    const search = searchFor('Task', { 'based-on': `ServiceRequest/${mission}` });
    expect(await searchTasks(hub, nonParty, search, viewpoint)).toMatchObject({ outcome: 'refused' });
  });
});
