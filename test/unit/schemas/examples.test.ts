import { readdirSync } from 'node:fs';
import { evalFhirPath } from '@medplum/core';
import { describe, expect, test } from 'vitest';
import { overdueMessage, unreachableMessage } from '../../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../../core/mission/mission-log.ts';
import { deadlineOf, hub, taskOf } from '../../../core/mission/state.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { entryAddress } from '../../../schemas/identifiers.ts';
import { readMessage } from '../../../schemas/reading/read-message.ts';
import type { Message } from '../../../schemas/reading/message.ts';
import {
  decideExample,
  everyStep,
  exampleLog,
  exampleSteps,
  exampleText,
  logOf,
  organisationOf,
  readinessSteps,
  sampleClients,
  sampleDirectory,
  sampleDirectoryText,
  sampleParties,
  secondSteps,
} from '../../support/examples.ts';
import { problemsOf } from '../../support/fhir-validator.ts';

const mission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';
const secondMission = 'fe7579e8-7085-83ba-a17d-d157e91a27e4';

describe('problemsOf', () => {
  const patient = (more: object) => ({ resourceType: 'Patient', ...more });
  const bundled = (resource: object) => ({ resourceType: 'Bundle', type: 'collection', entry: [{ resource }] });

  test.each([
    ['a valid resource', patient({ gender: 'female', birthDate: '1960-08-15' }), []],
    ['an element that R4 does not have', patient({ shoeSize: 43 }), ['Patient.shoeSize']],
    ['a code outside a required binding', patient({ gender: 'F' }), ['Patient.gender']],
    ['an invalid date', patient({ birthDate: '15.08.1960' }), ['Patient.birthDate']],
    [
      'a violated invariant',
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        valueInteger: 1,
        dataAbsentReason: { text: 'x' },
      },
      ['Observation'],
    ],
    [
      'a missing element in a Bundle',
      bundled({ resourceType: 'Task', status: 'requested' }),
      ['Bundle.entry[0].resource.intent'],
    ],
    [
      'a missing element in a contained resource',
      patient({ contained: [{ resourceType: 'Task', id: 'a', status: 'requested' }] }),
      ['Patient.contained[0].intent'],
    ],
    [
      'a wrong code in Parameters',
      { resourceType: 'Parameters', parameter: [{ name: 'a', resource: patient({ gender: 'F' }) }] },
      ['Parameters.parameter[0].resource.gender'],
    ],
    [
      'a reference without a target',
      bundled(patient({ link: [{ other: { reference: 'urn:uuid:a' }, type: 'seealso' }] })),
      ['Bundle.entry[0].resource.link[0].other', 'Bundle.entry[0].resource.link[0].other.reference'],
    ],
    [
      'a reference to a resource of the wrong type',
      patient({ managingOrganization: { reference: 'https://hub.example/fhir/Task/1' } }),
      ['Patient.managingOrganization'],
    ],
    [
      'a message without its focus',
      {
        resourceType: 'Bundle',
        type: 'message',
        entry: [
          {
            resource: {
              resourceType: 'MessageHeader',
              eventUri: 'urn:x',
              source: { endpoint: 'urn:y' },
              focus: [{ reference: 'Patient/1' }],
            },
          },
        ],
      },
      ['Bundle.entry[0].resource.focus[0]'],
    ],
    ['a value that is not a resource', [], ['is not a FHIR resource']],
  ])('reports the problems of %s', (_name, resource, paths) =>
    expect(problemsOf(resource).map((problem) => problem.split(': ')[0])).toEqual(paths),
  );
});

describe('the sample directory', () => {
  test('is valid FHIR', () => expect(problemsOf(JSON.parse(sampleDirectoryText))).toEqual([]));

  test('has the tag of a sample', () =>
    expect(evalFhirPath('Bundle.meta.tag.code', JSON.parse(sampleDirectoryText))).toEqual(['sample']));

  test('has a party in every role that sends a message, and all four AMK LA', () => {
    const present = new Set([...sampleParties, hub].map(({ role }) => role));
    expect(catalogue.flatMap(({ senders }) => senders).filter((role) => !present.has(role))).toEqual([]);
    expect(sampleParties.filter(({ role }) => role === 'amk-la')).toHaveLength(4);
  });

  test('has synthetic organisation numbers that pass the modulus-11 check', () => {
    const weights = [3, 2, 7, 6, 5, 4, 3, 2, 1];
    const passes = (number: string): boolean =>
      /^31\d{7}$/.test(number) &&
      number.split('').reduce((sum, digit, at) => sum + Number(digit) * (weights[at] ?? 0), 0) % 11 === 0;
    expect([...sampleClients.values()].filter((number) => !passes(number))).toEqual([]);
  });

  test('has one client for each organisation, and one client without an organisation', () => {
    const { unregistered, ...clients } = Object.fromEntries(sampleClients);
    expect(Object.values(clients).sort()).toEqual(sampleParties.map(({ organisation }) => organisation).sort());
    expect(sampleDirectory.partyOf(unregistered ?? '')).toBeUndefined();
  });
});

/** The messages that the hub would have written into the second mission, by example file. */
const hubMessages = (log: readonly StoredEntry[]): Readonly<Record<string, readonly [StoredEntry, Message]>> => {
  const entryOf = (number: number): StoredEntry => {
    const entry = log[number - 1];
    if (entry === undefined) throw new Error(`the second mission has no entry ${number}`);
    return entry;
  };
  const warned = entryOf(16);
  const task = taskOf(warned.state, entryAddress(secondMission, 16));
  const deadline = task === undefined ? undefined : deadlineOf(task);
  const decided = entryOf(7);
  const asked = entryOf(13);
  const amk = organisationOf('amk-innlandet');
  const operator = organisationOf('operator-rescue-nordvik');
  const failed = unreachableMessage(
    decided,
    amk,
    { code: 'gave-up', lastCall: { result: 'HTTP 503', at: '2026-02-01T11:00:00.000Z' } },
    sampleDirectory,
  );
  const unreachable = unreachableMessage(asked, operator, { code: 'no-subscription' }, sampleDirectory);
  if (task === undefined || deadline === undefined || failed === undefined || unreachable === undefined)
    throw new Error('the second mission gives no message of the hub');
  return {
    'acknowledgement-overdue.json': [warned, overdueMessage(warned.state, task, deadline, sampleDirectory)],
    'delivery-failed.json': [decided, failed],
    'party-unreachable.json': [asked, unreachable],
  };
};

const hubFiles = ['acknowledgement-overdue.json', 'delivery-failed.json', 'party-unreachable.json'];
const everyFile = [...everyStep.map(({ file }) => file), ...hubFiles].map((file) => ({ file }));

/** The recipients of each entry, as client ids. */
const recipientsOf = (log: readonly StoredEntry[]): readonly string[] => {
  const clients = new Map([...sampleClients].map(([client, organisation]) => [organisation, client]));
  return log.map(({ recipients }) => recipients.map((number) => clients.get(number)).join(', '));
};

describe('the examples', () => {
  test('have one for each message type of the catalogue', () => {
    const files = everyFile.map(({ file }) => file);
    expect(new Set(files).size).toBe(files.length);
    expect(files).toEqual(expect.arrayContaining(catalogue.map(({ example }) => example)));
  });

  test('are all in the tables of the README', () =>
    expect(readdirSync(new URL('../../../partner/examples/', import.meta.url)).sort()).toEqual(
      ['README.md', ...everyFile.map(({ file }) => file)].sort(),
    ));

  test.each(everyFile)('$file is valid FHIR', ({ file }) =>
    expect(problemsOf(JSON.parse(exampleText(file)))).toEqual([]),
  );

  test.each(catalogue)('reads $example without fault, as the type it is named for', (type) =>
    expect(readMessage(exampleText(type.example))).toMatchObject({ outcome: 'read', type: { event: type.event } }),
  );

  test('of the first mission are legal in their order and have the ids that the hub assigns', () => {
    const log = exampleLog();
    expect(log.map(({ number, event }) => `${number} ${event}`)).toEqual(
      exampleSteps.map(({ file }, at) => `${at + 1} ${file.replace('.json', '')}`),
    );
    expect(new Set(log.map((entry) => entry.mission))).toEqual(new Set([mission]));
    const last = log.at(-1)?.state;
    expect(last?.tasks.map(({ id, kind, status }) => [id, kind, status])).toEqual([
      [entryAddress(mission, 1), 'coordination', 'cancelled'],
      [entryAddress(mission, 4), 'resource', 'in-progress'],
      [entryAddress(mission, 7), 'prearrival', 'accepted'],
    ]);
    expect(last).toMatchObject({ status: 'revoked', urgency: 'urgent', cancelReason: { code: 'other-transport' } });
  });

  test('of the second mission are legal in their order and have the ids that the hub assigns', () => {
    const log = logOf(secondSteps);
    expect(log.map(({ number, event }) => `${number} ${event}`)).toEqual([
      '1 mission-request',
      '2 acknowledgement',
      '3 medical-assessment',
      '4 mission-decision',
      '5 review-request',
      '6 acknowledgement',
      '7 mission-decision',
      '8 mission-forward',
      '9 acknowledgement',
      '10 resource-request',
      '11 resource-response',
      '12 resource-response',
      '13 resource-request',
      '14 resource-response',
      '15 resource-status',
      '16 prearrival-notification',
      '17 prearrival-response',
      '18 resource-status',
      '19 mission-report',
      '20 outcome-feedback',
    ]);
    expect(new Set(log.map((entry) => entry.mission))).toEqual(new Set([secondMission]));
    const last = log.at(-1)?.state;
    expect(last?.tasks.map(({ id, kind, status }) => [id, kind, status])).toEqual([
      [entryAddress(secondMission, 1), 'coordination', 'rejected'],
      [entryAddress(secondMission, 5), 'coordination', 'cancelled'],
      [entryAddress(secondMission, 8), 'coordination', 'completed'],
      [entryAddress(secondMission, 10), 'resource', 'failed'],
      [entryAddress(secondMission, 13), 'resource', 'completed'],
      [entryAddress(secondMission, 16), 'prearrival', 'completed'],
    ]);
    expect(last).toMatchObject({
      status: 'completed',
      coordinator: organisationOf('amk-la-trondheim'),
      municipality: '3431',
      incident: { value: '2026-0214-BUSS-DOVREFJELL' },
    });
    expect(last?.tasks.flatMap(({ resource }) => resource ?? [])).toEqual(['REDNING 21', 'REDNING 33']);
    expect(log.map(({ facts }) => facts.reason?.class).filter((one) => one !== undefined)).toEqual([
      'medical',
      'capacity',
    ]);
  });

  test('pass no deadline between two messages', () => {
    const late = [exampleLog(), logOf(secondSteps)].flatMap((log) =>
      log.flatMap((entry, at) =>
        (log[at - 1]?.state.tasks ?? []).filter((task) => (deadlineOf(task) ?? '9999') < entry.receivedAt),
      ),
    );
    expect(late).toEqual([]);
  });

  test('name the decider, the role and a synthetic HPR number', () => {
    const deciders = everyStep.flatMap(({ file }) => {
      const message = readMessage(exampleText(file));
      const decides =
        message.outcome === 'read' && ['mission-decision', 'medical-assessment'].includes(message.type.event);
      return decides ? [message.facts.decider] : [];
    });
    expect(deciders).toHaveLength(4);
    for (const decider of deciders)
      expect(decider).toEqual({
        name: expect.any(String),
        role: expect.any(String),
        identifier: expect.stringMatching(/^0000\d{5}$/),
      });
  });

  test('notify every AMK LA of the readiness of a resource', () => {
    const [entry] = logOf(readinessSteps);
    expect(entry?.state.readiness).toMatchObject({ resource: 'HELIKOPTER 97', availability: 'technical' });
    expect(entry === undefined ? [] : recipientsOf([entry])).toEqual([
      'amk-la-oslo, amk-la-bergen, amk-la-trondheim, amk-la-tromso',
    ]);
  });

  test('notify exactly the listed parties', () => {
    expect(recipientsOf(exampleLog())).toEqual([
      'amk-la-oslo',
      'amk-innlandet',
      'amk-innlandet, quality-register',
      'operator-lorenskog',
      'amk-la-oslo, amk-innlandet, quality-register',
      'amk-innlandet, amk-la-oslo',
      'hospital-ulleval, amk-la-oslo',
      'operator-lorenskog, amk-la-oslo',
      'amk-la-oslo, operator-lorenskog, hospital-ulleval',
      'amk-la-oslo, operator-lorenskog, hospital-ulleval, quality-register',
    ]);
    expect(recipientsOf(logOf(secondSteps))).toEqual([
      'amk-la-oslo',
      'amk-innlandet',
      'amk-innlandet',
      'amk-innlandet, quality-register',
      'amk-la-oslo, quality-register',
      'amk-innlandet',
      'amk-innlandet, quality-register',
      'amk-innlandet, amk-la-trondheim, quality-register',
      'amk-la-oslo, amk-innlandet',
      'operator-rescue-orland',
      'amk-la-trondheim, amk-innlandet, quality-register',
      'amk-la-trondheim, amk-innlandet, quality-register',
      'operator-rescue-nordvik',
      'amk-la-trondheim, amk-innlandet, quality-register',
      'amk-innlandet, amk-la-trondheim',
      'hospital-st-olav, amk-la-trondheim',
      'operator-rescue-nordvik, amk-la-trondheim',
      'amk-innlandet, amk-la-trondheim, hospital-st-olav',
      'amk-la-trondheim, quality-register',
      'amk-la-trondheim, quality-register',
    ]);
  });

  test('name no receiver that is not a party', () =>
    expect([...exampleLog(), ...logOf(secondSteps)].flatMap(({ notParties }) => notParties)).toEqual([]));

  describe('written by the hub', () => {
    const log = logOf(secondSteps);
    const composed = hubMessages(log);

    test.each(hubFiles)('equals the message that the hub composes: %s', async (file) => {
      const text = composed[file]?.[1].text ?? '{}';
      await expect(`${JSON.stringify(JSON.parse(text), null, 2)}\n`).toMatchFileSnapshot(
        `../../../partner/examples/${file}`,
      );
    });

    test.each(hubFiles)('is legal at its position and notifies the party that must phone: %s', (file) => {
      const [before, message] = composed[file] ?? [];
      if (before === undefined || message === undefined) throw new Error(`not composed: ${file}`);
      const decided = decideExample(before.state, message, hub);
      expect(decided.outcome).toBe('accepted');
      expect(decided.outcome === 'accepted' ? decided.entry.recipients.length : 0).toBeGreaterThan(0);
    });
  });

  test('have only synthetic national identity numbers: the month is raised by 80', () => {
    const numbers = everyFile.flatMap(({ file }) => exampleText(file).match(/"\d{11}"/g) ?? []);
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.filter((number) => !/^"\d\d(8[1-9]|9[0-2])\d{7}"$/.test(number))).toEqual([]);
  });
});
