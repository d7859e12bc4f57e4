import { describe, expect, test } from 'vitest';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { Subscription } from '../../../../core/delivery/subscription.ts';
import type { Notification } from '../../../../core/delivery/notifications.ts';
import { descriptionEntries } from '../../../../core/mission/description.ts';
import { seesNoPerson } from '../../../../core/mission/access-rules.ts';
import { missingReceipt, receipt } from '../../../../core/fhir/communication.ts';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import type { Notice } from '../../../../core/delivery/notice.ts';
import { organizationResource } from '../../../../core/fhir/organization.ts';
import { responseMessage } from '../../../../core/fhir/response-message.ts';
import { searchset } from '../../../../core/fhir/searchset.ts';
import { missionResource } from '../../../../core/fhir/service-request.ts';
import { subscriptionResource } from '../../../../core/fhir/subscription.ts';
import { taskResource } from '../../../../core/fhir/task.ts';
import { parseAddress, resourceAddress } from '../../../../schemas/identifiers.ts';
import { canonicalText, isObject, parseLossless } from '../../../../schemas/json/json.ts';
import { missionTopic, municipalityExtension, systems } from '../../../../schemas/names.ts';
import {
  exampleLog,
  nextEntry,
  organisationOf,
  partyOfClient,
  sampleDirectory,
  sampleParties,
} from '../../../support/examples.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { asMissionUpdate, foreignFiles, foreignText } from '../../../support/foreign.ts';
import { missionRequest, missionUpdate, read, somewhere } from '../../../support/messages.ts';

const view = { base: 'https://hub.example/fhir', directory: sampleDirectory };
const now = '2026-01-08T08:00:00.000Z';

interface Case {
  readonly name: string;
  readonly entry: StoredEntry;
  readonly log: readonly StoredEntry[];
}

const cases = (name: string, log: readonly StoredEntry[]): readonly Case[] =>
  log.map((entry) => ({ name: `${name}, entry ${entry.number} ${entry.event}`, entry, log }));

/** The example mission, with messages of another country as updates while the helicopter is airborne. */
const foreignLog = foreignFiles.reduce<readonly StoredEntry[]>((log, file) => {
  const last = log.at(-1);
  return [...log, nextEntry(last, asMissionUpdate(foreignText(file), last?.mission ?? ''), 'amk-innlandet')];
}, exampleLog(8));

const exampleCases = cases('example mission', exampleLog());
const foreignCases = cases('foreign content', foreignLog).slice(8);
const everyCase = [...exampleCases, ...foreignCases];

/** The entries that describe the mission at the given entry. */
const describing = ({ entry, log }: Case): readonly StoredEntry[] =>
  log.filter(({ number }) => descriptionEntries(entry.state).includes(number));

const subscriptionOf = (organisation: string, payload: Subscription['payload']): Subscription => ({
  id: 'b7d6e4b0-0000-8000-8000-000000000001',
  organisation,
  status: 'active',
  endpoint: 'https://partner.example/notify',
  payload,
  headers: ['Authorization: Bearer secret'],
  filter: { events: ['mission-update'] },
  filterText: ['mission-event?event=mission-update'],
  timeout: 20,
  reason: 'Messages of the missions that concern us',
  secret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0',
  createdAt: now,
  revision: 1,
  failures: 0,
});

const notificationOf = (entry: StoredEntry, organisation: string, number: number): Notification => ({
  subscription: subscriptionOf(organisation, 'full-resource').id,
  number,
  organisation,
  mission: entry.mission,
  entry: entry.number,
  writtenAt: entry.receivedAt,
  status: 'pending',
  attempts: 0,
});

const roleOf = (organisation: string) => sampleDirectory.partyOf(organisation)?.role ?? 'observer';

/** The recipients that get the message as sent. The other recipients get it without persons and free text. */
const seersOf = ({ entry }: Case): readonly string[] =>
  entry.recipients.filter((organisation) => !seesNoPerson(roleOf(organisation)));

const eventNotice = (
  about: readonly Case[],
  organisation: string,
  payload: Subscription['payload'],
  kind: 'event-notification' | 'query-event' = 'event-notification',
): Notice => ({
  kind,
  subscription: subscriptionOf(organisation, payload),
  role: roleOf(organisation),
  events: about.map((one, at) => ({
    notification: notificationOf(one.entry, organisation, 7 + at),
    entry: one.entry,
    sources: describing(one),
  })),
});

const entriesIn = (bundle: unknown): readonly Readonly<Record<string, unknown>>[] => {
  const list = isObject(bundle) ? bundle['entry'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

const typesIn = (bundle: unknown): readonly unknown[] =>
  entriesIn(bundle).map(({ resource }) => (isObject(resource) ? resource['resourceType'] : undefined));

/** Every `reference` in a resource. */
const referencesIn = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'reference' && typeof member === 'string' ? [member] : referencesIn(member),
  );
};

/** The reference to the last known place, if the latest description of the mission has none. */
const knownPlace = '#last-known-place';

/** A message with further elements in its ServiceRequest. */
const withRequest = (text: string, more: Readonly<Record<string, unknown>>): string => {
  const bundle: unknown = JSON.parse(text);
  const entry = entriesIn(bundle).map((one) =>
    isObject(one['resource']) && one['resource']['resourceType'] === 'ServiceRequest'
      ? { ...one, resource: { ...one['resource'], ...more } }
      : one,
  );
  return read(JSON.stringify(isObject(bundle) ? { ...bundle, entry } : bundle)).text;
};

describe('responseMessage', () => {
  test.each(everyCase)('is a valid FHIR message that refers to the answered message: $name', ({ entry }) => {
    const answer = responseMessage(entry, view);
    expect(problemsOf(answer)).toEqual([]);
    expect(answer.entry?.[0]?.resource).toMatchObject({
      resourceType: 'MessageHeader',
      eventCoding: { system: systems.event, code: entry.event },
      response: { identifier: entry.messageId, code: 'ok' },
    });
  });
});

describe('missionResource', () => {
  test.each(everyCase)('is a valid ServiceRequest with the id and version of the hub: $name', (one) => {
    const { entry } = one;
    const resource = missionResource(entry.state, describing(one));
    expect(problemsOf(resource)).toEqual([]);
    expect(resource).toMatchObject({
      resourceType: 'ServiceRequest',
      id: entry.mission,
      meta: { versionId: String(entry.number) },
      identifier: [{ system: systems.mission, value: entry.mission }, {}],
      priority: entry.state.urgency,
    });
  });

  test.each(everyCase)('refers to resources in the log, of the type it states: $name', (one) => {
    const resource = missionResource(one.entry.state, describing(one));
    const inside = resource['contained'] === undefined ? [] : [knownPlace];
    const references = referencesIn(resource).filter((reference) => !inside.includes(reference));
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const [type, id] = reference.split('/');
      const address = parseAddress(id ?? '');
      const entry = one.log[(address?.entry ?? 0) - 1];
      expect(entry?.mission).toBe(address?.mission);
      expect(typesIn(parseLossless(entry?.text ?? 'null'))[address?.index ?? -1]).toBe(type);
    }
  });
});

describe('missionResource after updates', () => {
  const asked = missionRequest({
    to: [organisationOf('amk-la-oslo')],
    criterion: 'rapid-transport',
    municipality: '3411',
    incident: 'A-1',
  });
  const requestEntry = nextEntry(undefined, asked.text, 'amk-innlandet');
  const { mission } = requestEntry;
  const shownAfter = (...updates: readonly string[]) => {
    const log = updates.reduce<readonly StoredEntry[]>(
      (before, text) => [...before, nextEntry(before.at(-1), text, 'amk-innlandet')],
      [requestEntry],
    );
    const entry = log.at(-1) ?? requestEntry;
    const resource = missionResource(entry.state, describing({ name: 'described again', entry, log }));
    expect(problemsOf(JSON.parse(JSON.stringify(resource)))).toEqual([]);
    return resource;
  };
  const [latitude, longitude] = somewhere;
  const place = {
    resourceType: 'Location',
    id: knownPlace.slice(1),
    address: {
      _district: {
        extension: [{ url: municipalityExtension, valueCoding: { system: systems.municipality, code: '3411' } }],
      },
    },
    position: { latitude, longitude },
  };
  const kept = {
    reasonCode: [{ coding: [{ system: systems.missionCriterion, code: 'rapid-transport' }] }],
    requisition: { system: 'https://amk.example/incident', value: 'A-1' },
    locationReference: [{ reference: `Location/${resourceAddress(mission, 1, 2)}` }],
  };

  test('shows only the elements of the sender if none is missing', () => {
    const resource = shownAfter();
    expect(resource).not.toHaveProperty('contained');
    expect(resource['reasonCode']).toHaveLength(1);
    expect(resource['locationReference']).toEqual([{ reference: expect.stringMatching(/^Location\//) }]);
  });

  test('keeps criteria, incident and place after an update of the urgency', () => {
    const resource = shownAfter(missionUpdate({ mission, urgency: 'routine' }).text);
    expect(resource).toMatchObject({ ...kept, priority: 'routine' });
    for (const name of ['reasonCode', 'locationReference'] as const) expect(resource[name]).toHaveLength(1);
    expect(resource).not.toHaveProperty('contained');
  });

  test('keeps the criteria after an update of the place, and shows the new place', () => {
    const resource = shownAfter(missionUpdate({ mission, place: [60.9, 10.7] }).text);
    expect(resource).toMatchObject({ reasonCode: kept.reasonCode, requisition: kept.requisition });
    expect(resource).not.toHaveProperty('contained');
    expect(resource['locationReference']).toEqual([{ reference: expect.stringMatching(/^Location\//) }]);
  });

  test('keeps the newest place after an update of the criteria', () => {
    const moved = missionUpdate({ mission, place: [60.9, 10.7], municipality: '3403' });
    const judged = missionUpdate({ mission, criterion: 'time-to-definitive-care' });
    expect(shownAfter(moved.text, judged.text)).toMatchObject({
      reasonCode: [{ coding: [{ code: 'time-to-definitive-care' }] }],
      locationReference: [{ reference: `Location/${resourceAddress(mission, 2, 2)}` }],
    });
  });

  test('shows a new place without a position alone: the earlier position is not that of the new place', () => {
    const named = withRequest(missionUpdate({ mission }).text, { locationReference: [{ display: 'The upper hut' }] });
    const later = missionUpdate({ mission, urgency: 'routine', id: 'later' }).text;
    for (const resource of [shownAfter(named), shownAfter(named, later)]) {
      expect(resource['locationReference']).toEqual([{ display: 'The upper hut' }]);
      expect(resource).not.toHaveProperty('contained');
    }
  });

  test("shows the hub's place beside a new one if the sender states both", () => {
    const both = withRequest(missionUpdate({ mission }).text, {
      contained: [place],
      locationReference: [{ display: 'The upper hut' }, { reference: knownPlace }],
    });
    expect(shownAfter(both)).toMatchObject({
      contained: [place],
      locationReference: [{ display: 'The upper hut' }, { reference: knownPlace }],
    });
  });

  test('keeps codes of other systems and contained resources beside the added ones', () => {
    const other = { coding: [{ system: systems.medicalIndex, code: 'A.06.02' }] };
    const inside = { resourceType: 'Practitioner', id: 'clinician' };
    const said = withRequest(missionUpdate({ mission }).text, {
      contained: [inside],
      requester: { reference: '#clinician' },
      reasonCode: [other],
    });
    expect(shownAfter(said)).toMatchObject({
      reasonCode: [other, ...kept.reasonCode],
      contained: [inside],
      locationReference: kept.locationReference,
      requester: { reference: '#clinician' },
    });
  });

  test('has its place once after an update with the content read from the hub', () => {
    const seen = shownAfter(missionUpdate({ mission, urgency: 'urgent' }).text);
    const { id: _id, meta: _meta, ...whole } = seen;
    const back = withRequest(missionUpdate({ mission, urgency: 'urgent', id: 'back' }).text, {
      ...whole,
      priority: 'stat',
    });
    expect(shownAfter(missionUpdate({ mission, urgency: 'urgent' }).text, back)).toMatchObject({
      ...kept,
      priority: 'stat',
    });
  });
});

describe('taskResource', () => {
  test.each(everyCase)('is valid FHIR: $name', ({ entry }) => {
    for (const task of entry.state.tasks) {
      const resource = taskResource(task, entry.state, view);
      expect(problemsOf(resource)).toEqual([]);
      expect(resource).toMatchObject({ id: task.id, status: task.status, basedOn: [{}], owner: {}, requester: {} });
    }
  });
});

describe('notificationBundle', () => {
  const payloads = ['empty', 'id-only', 'full-resource'] as const;

  test.each(everyCase.flatMap((one) => payloads.map((payload) => ({ ...one, payload }))))(
    'is valid FHIR for every recipient ($payload): $name',
    (one) => {
      expect(one.entry.recipients.length).toBeGreaterThan(0);
      for (const organisation of one.entry.recipients) {
        const bundle: unknown = JSON.parse(
          notificationBundle(eventNotice([one], organisation, one.payload), view, now),
        );
        expect(problemsOf(bundle)).toEqual([]);
        expect(bundle).toMatchObject({ type: 'history' });
        expect(typesIn(bundle)[0]).toBe('Parameters');
      }
    },
  );

  test.each(
    payloads.flatMap((payload) => ['handshake', 'heartbeat', 'query-status'].map((kind) => ({ payload, kind }))),
  )('is valid FHIR without an event: $kind, $payload', ({ payload, kind }) => {
    const subscription = { ...subscriptionOf(organisationOf('amk-la-oslo'), payload), error: 'timeout' };
    if (kind !== 'handshake' && kind !== 'heartbeat' && kind !== 'query-status') throw new Error('not a kind');
    const bundle: unknown = JSON.parse(notificationBundle({ kind, subscription, newest: 42 }, view, now));
    expect(problemsOf(bundle)).toEqual([]);
    expect(typesIn(bundle)).toEqual(['Parameters']);
  });

  test.each(payloads)('is valid FHIR with many events (%s)', (payload) => {
    for (const client of ['amk-la-oslo', 'amk-innlandet', 'operator-lorenskog', 'hospital-ulleval']) {
      const notice = eventNotice(exampleCases, organisationOf(client), payload, 'query-event');
      expect(problemsOf(JSON.parse(notificationBundle(notice, view, now)))).toEqual([]);
    }
  });

  test.each(everyCase)('carries every resource of the message unchanged: $name', (one) => {
    const sent = entriesIn(parseLossless(one.entry.text)).map(({ fullUrl, resource }) =>
      canonicalText({ fullUrl, resource }),
    );
    expect(sent.length).toBeGreaterThan(1);
    for (const organisation of seersOf(one)) {
      const text = notificationBundle(eventNotice([one], organisation, 'full-resource'), view, now);
      const received = entriesIn(parseLossless(text)).map(({ fullUrl, resource }) =>
        canonicalText({ fullUrl, resource }),
      );
      expect(received.slice(-sent.length)).toEqual(sent);
    }
  });

  test('keeps the zeros at the end of decimals', () => {
    const written = exampleCases.flatMap((one) => one.entry.text.match(/: -?\d+\.\d*0(?=[,\s])/g) ?? []);
    expect(written).toContain(': 1.50');
    for (const one of exampleCases) {
      const zeros = one.entry.text.match(/: -?\d+\.\d*0(?=[,\s])/g) ?? [];
      for (const organisation of seersOf(one)) {
        const text = notificationBundle(eventNotice([one], organisation, 'full-resource'), view, now);
        for (const decimal of zeros) expect(text).toContain(decimal.replace(' ', ''));
      }
    }
  });

  test('has no content of the message for the payload empty, and no resource for id-only', () => {
    for (const one of everyCase) {
      for (const organisation of one.entry.recipients) {
        const text = notificationBundle(eventNotice([one], organisation, 'empty'), view, now);
        expect(text).not.toContain(one.entry.mission);
        const idOnly: unknown = JSON.parse(notificationBundle(eventNotice([one], organisation, 'id-only'), view, now));
        expect(
          typesIn(idOnly)
            .slice(1)
            .filter((type) => type !== undefined),
        ).toEqual([]);
      }
    }
  });

  test('shows a party only its own content: an operator sees neither the decision nor Tasks of others', () => {
    const operator = organisationOf('operator-lorenskog');
    const decision = exampleCases.find(({ entry }) => entry.event === 'mission-decision');
    const arrival = exampleCases.find(({ entry }) => entry.event === 'prearrival-response');
    if (decision === undefined || arrival === undefined) throw new Error('the examples lack a message');
    const seen = (one: Case): readonly unknown[] =>
      typesIn(JSON.parse(notificationBundle(eventNotice([one], operator, 'full-resource'), view, now)));
    // The mission did not concern it then.
    expect(seen(decision)).toEqual(['Parameters']);
    // The operator is the asker of that Task.
    expect(seen(arrival).slice(0, 4)).toEqual(['Parameters', 'ServiceRequest', 'Task', 'MessageHeader']);
  });
});

describe('other resources', () => {
  const receiptCases: readonly Partial<Notification>[] = [
    {},
    { status: 'delivered', attempts: 1, lastAttemptAt: now, lastAnswer: '200', completedAt: now },
    { status: 'failed', attempts: 15, lastAttemptAt: now, lastAnswer: 'timeout', completedAt: now },
  ];

  test.each(receiptCases)('are valid FHIR: receipt with %o', (outcome) => {
    const organisation = organisationOf('amk-la-oslo');
    for (const { entry } of everyCase) {
      const notification = { ...notificationOf(entry, organisation, 3), ...outcome };
      expect(problemsOf(receipt(entry, notification, view))).toEqual([]);
      expect(problemsOf(missingReceipt(entry, organisation, 'no-subscription', view))).toEqual([]);
    }
  });

  test('are valid FHIR: lists, also empty ones', () => {
    const listed = exampleCases.map((one) => ({
      resource: missionResource(one.entry.state, describing(one)),
      path: `ServiceRequest/${one.entry.mission}-${one.entry.number}`,
    }));
    expect(problemsOf(searchset('Task?status=requested', undefined, [], view, 0))).toEqual([]);
    expect(problemsOf(searchset('Task?status=requested', 'Task?page=2', listed, view))).toEqual([]);
  });

  test.each([true, false])('are valid FHIR: Subscription, with its secret only on request: %s', (showSecret) => {
    const subscription = subscriptionOf(organisationOf('amk-la-oslo'), 'id-only');
    const resource = subscriptionResource(subscription, { showSecret });
    expect(problemsOf(resource)).toEqual([]);
    expect(resource).toMatchObject({ criteria: missionTopic });
    expect(JSON.stringify(resource).includes(subscription.secret)).toBe(showSecret);
    expect(JSON.stringify(resource)).not.toContain('Bearer');
  });

  test('are valid FHIR: organisations of the directory', () => {
    for (const party of sampleParties) expect(problemsOf(organizationResource(party))).toEqual([]);
    expect(organizationResource(partyOfClient('amk-innlandet')).telecom).toHaveLength(1);
  });
});
