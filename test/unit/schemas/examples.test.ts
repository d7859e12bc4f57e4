import { readdirSync } from 'node:fs';
import { evalFhirPath } from '@medplum/core';
import { describe, expect, test } from 'vitest';
import { missionOf } from '../../../core/mission/decide.ts';
import { overdueMessage, unreachableMessage } from '../../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../../core/mission/mission-log.ts';
import { deadlineOf, hub, taskOf } from '../../../core/mission/state.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { type Fault, operationOutcome, type Refusal } from '../../../schemas/faults.ts';
import { entryAddress } from '../../../schemas/identifiers.ts';
import { isObject } from '../../../schemas/json/json.ts';
import { readMessage } from '../../../schemas/messages/read-message.ts';
import type { Message } from '../../../schemas/messages/message.ts';
import { maxBodyBytes, maxDepth } from '../../../schemas/json/strict-json.ts';
import { systems } from '../../../schemas/names.ts';
import {
  decideExample,
  everyStep,
  exampleLog,
  exampleSteps,
  exampleText,
  logOf,
  organisationOf,
  partyOfClient,
  readinessSteps,
  sampleClients,
  sampleDirectory,
  sampleDirectoryText,
  sampleParties,
  secondSteps,
  type Step,
} from '../../support/examples.ts';
import { problemsOf } from '../../support/fhir-validator.ts';

const stepOf = (file: string): Step => {
  const step = everyStep.find((one) => one.file === file);
  if (step === undefined) throw new Error(`not in partner/examples/README.md: ${file}`);
  return step;
};

const mission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';
const secondMission = 'fe7579e8-7085-83ba-a17d-d157e91a27e4';

describe('the outside judge', () => {
  const patient = (more: object) => ({ resourceType: 'Patient', ...more });
  const bundled = (resource: object) => ({ resourceType: 'Bundle', type: 'collection', entry: [{ resource }] });

  test.each([
    ['nothing wrong', patient({ gender: 'female', birthDate: '1960-08-15' }), []],
    ['an element that R4 does not have', patient({ shoeSize: 43 }), ['Patient.shoeSize']],
    ['a code outside a required binding', patient({ gender: 'F' }), ['Patient.gender']],
    ['a date that is none', patient({ birthDate: '15.08.1960' }), ['Patient.birthDate']],
    [
      'an invariant',
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
      'a reference to nowhere',
      bundled(patient({ link: [{ other: { reference: 'urn:uuid:a' }, type: 'seealso' }] })),
      ['Bundle.entry[0].resource.link[0].other', 'Bundle.entry[0].resource.link[0].other.reference'],
    ],
    [
      'a reference to a resource of the wrong type',
      patient({ managingOrganization: { reference: 'https://hub.example/fhir/Task/1' } }),
      ['Patient.managingOrganization'],
    ],
    [
      'a message without what it is about',
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
    ['no resource', [], ['is not a FHIR resource']],
  ])('sees %s', (_name, resource, paths) =>
    expect(problemsOf(resource).map((problem) => problem.split(': ')[0])).toEqual(paths),
  );
});

describe('the sample directory', () => {
  test('is valid FHIR', () => expect(problemsOf(JSON.parse(sampleDirectoryText))).toEqual([]));

  test('says that it is a sample', () =>
    expect(evalFhirPath('Bundle.meta.tag.code', JSON.parse(sampleDirectoryText))).toEqual(['sample']));

  test('has somebody in every role that sends a message, and all four AMK LA', () => {
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

  test('has one client for each organisation, and a stranger', () => {
    const { stranger, ...clients } = Object.fromEntries(sampleClients);
    expect(Object.values(clients).sort()).toEqual(sampleParties.map(({ organisation }) => organisation).sort());
    expect(sampleDirectory.partyOf(stranger ?? '')).toBeUndefined();
  });
});

/** What the hub would have written into the second mission, by the file that shows it. */
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
  const failed = unreachableMessage(decided, amk, { code: 'gave-up', lastAnswer: 'HTTP 503' }, sampleDirectory);
  const unreachable = unreachableMessage(asked, operator, { code: 'no-subscription' }, sampleDirectory);
  if (task === undefined || deadline === undefined || failed === undefined || unreachable === undefined)
    throw new Error('the second mission gives the hub nothing to say');
  return {
    'acknowledgement-overdue.json': [warned, overdueMessage(warned.state, task, deadline, sampleDirectory)],
    'delivery-failed.json': [decided, failed],
    'party-unreachable.json': [asked, unreachable],
  };
};

const hubFiles = ['acknowledgement-overdue.json', 'delivery-failed.json', 'party-unreachable.json'];
const everyFile = [...everyStep.map(({ file }) => file), ...hubFiles].map((file) => ({ file }));

/** Names of those who are told of each message, by client id. */
const toldBy = (log: readonly StoredEntry[]): readonly string[] => {
  const clients = new Map([...sampleClients].map(([client, organisation]) => [organisation, client]));
  return log.map(({ recipients }) => recipients.map((number) => clients.get(number)).join(', '));
};

describe('the examples', () => {
  test('have one for each message type of the catalogue', () => {
    const files = everyFile.map(({ file }) => file);
    expect(new Set(files).size).toBe(files.length);
    expect(files).toEqual(expect.arrayContaining(catalogue.map(({ example }) => example)));
  });

  test('are all in the tables of their README', () =>
    expect(readdirSync(new URL('../../../partner/examples/', import.meta.url)).sort()).toEqual(
      ['README.md', ...everyFile.map(({ file }) => file)].sort(),
    ));

  test.each(everyFile)('$file is valid FHIR', ({ file }) =>
    expect(problemsOf(JSON.parse(exampleText(file)))).toEqual([]),
  );

  test.each(catalogue)('$example is read without fault, as the type it is named for', (type) =>
    expect(readMessage(exampleText(type.example))).toMatchObject({ outcome: 'read', type: { event: type.event } }),
  );

  test('of the first mission are legal in their order and carry the ids that the hub gives', () => {
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

  test('of the second mission are legal in their order and carry the ids that the hub gives', () => {
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

  test('leave nobody waiting: no deadline passes between two messages', () => {
    const late = [exampleLog(), logOf(secondSteps)].flatMap((log) =>
      log.flatMap((entry, at) =>
        (log[at - 1]?.state.tasks ?? []).filter((task) => (deadlineOf(task) ?? '9999') < entry.receivedAt),
      ),
    );
    expect(late).toEqual([]);
  });

  test('name who decided, in which role, with an HPR number that is none', () => {
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

  test('report the readiness of a resource that every AMK LA is told of', () => {
    const [entry] = logOf(readinessSteps);
    expect(entry?.state.readiness).toMatchObject({ resource: 'HELIKOPTER 97', availability: 'technical' });
    expect(entry === undefined ? [] : toldBy([entry])).toEqual([
      'amk-la-oslo, amk-la-bergen, amk-la-trondheim, amk-la-tromso',
    ]);
  });

  test('reach every party but their sender', () => {
    expect(toldBy(exampleLog())).toEqual([
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
    expect(toldBy(logOf(secondSteps))).toEqual([
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

  test('address nobody who is not told', () =>
    expect([...exampleLog(), ...logOf(secondSteps)].flatMap(({ notParties }) => notParties)).toEqual([]));

  describe('of what the hub says', () => {
    const log = logOf(secondSteps);
    const composed = hubMessages(log);

    test.each(hubFiles)('%s is what the hub composes', async (file) => {
      const text = composed[file]?.[1].text ?? '{}';
      await expect(`${JSON.stringify(JSON.parse(text), null, 2)}\n`).toMatchFileSnapshot(
        `../../../partner/examples/${file}`,
      );
    });

    test.each(hubFiles)('%s is legal where it would have been said, and reaches who must phone', (file) => {
      const [before, message] = composed[file] ?? [];
      if (before === undefined || message === undefined) throw new Error(`not composed: ${file}`);
      const decided = decideExample(before.state, message, hub);
      expect(decided.outcome).toBe('accepted');
      expect(decided.outcome === 'accepted' ? decided.entry.recipients.length : 0).toBeGreaterThan(0);
    });
  });

  test('hold no person number that could be a real one: the month is raised by 80', () => {
    const numbers = everyFile.flatMap(({ file }) => exampleText(file).match(/"\d{11}"/g) ?? []);
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.filter((number) => !/^"\d\d(8[1-9]|9[0-2])\d{7}"$/.test(number))).toEqual([]);
  });
});

/** A copy of JSON with one element, named by its FHIRPath, replaced or (`undefined`) taken out. */
const withElement = (root: unknown, path: string, value: unknown): unknown => {
  const change = (target: unknown, [step, ...rest]: readonly string[]): unknown => {
    if (step === undefined) return value;
    if (Array.isArray(target)) {
      const at = Number(step);
      const changed = change(target[at], rest);
      return changed === undefined ? target.toSpliced(at, 1) : target.toSpliced(at, 1, changed);
    }
    return isObject(target) ? { ...target, [step]: change(target[step], rest) } : target;
  };
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  return change(root, steps.slice(1));
};

/** What the hub answers to a text at the place where the example stands in the mission. */
const answerTo = (text: string, step: Step, client = step.client): Refusal | 'accepted' => {
  const message = readMessage(text);
  if (message.outcome === 'refused') return message;
  const steps = [exampleSteps, secondSteps, readinessSteps].find((table) => table.includes(step)) ?? [];
  const before = logOf(steps, steps.indexOf(step)).at(-1)?.state;
  const known = message.type.mission !== 'opens' && missionOf(message, partyOfClient(client)) === before?.mission;
  const decided = decideExample(known ? before : undefined, message, partyOfClient(client));
  return decided.outcome === 'refused' ? decided : 'accepted';
};

/** Stands for personal data in a wrong place: no answer may repeat it. */
const secret = 'HEMMELIG 15886020128';

const header = 'Bundle.entry[0].resource';
const focus = 'Bundle.entry[1].resource';
const scene = 'Bundle.entry[6].resource';
const coded = (system: string, code: string, text?: string) => ({ coding: [{ system, code }], text });
const receiver = (client: string) => ({
  endpoint: 'https://receiver.example/fhir',
  receiver: { identifier: { system: systems.organisationNumber, value: organisationOf(client) } },
});

const weather = coded(systems.refusalReason, 'weather', 'Tåke på hentestedet');

interface Broken {
  readonly name: string;
  readonly file: string;
  /** Elements changed, by FHIRPath; `undefined` takes one out. */
  readonly change: Readonly<Record<string, unknown>>;
  /** Faults that must be found, exactly: code and FHIRPath. */
  readonly faults: readonly (readonly [Fault['code'], string])[];
  /** Who sends it, if not the one of the README. */
  readonly client?: string;
}

const decisionRejected = {
  [`${focus}.businessStatus`]: coded(systems.missionDecision, 'rejected'),
  [`${focus}.status`]: 'rejected',
  [`${focus}.statusReason`]: weather,
};

const declined = {
  [`${focus}.businessStatus`]: coded(systems.resourceAnswer, 'declined'),
  [`${focus}.status`]: 'rejected',
};

const diverted = {
  [`${focus}.businessStatus`]: coded(systems.prearrivalAnswer, 'diverted'),
  [`${focus}.status`]: 'rejected',
  [`${focus}.statusReason`]: weather,
};

const broken: readonly Broken[] = [
  {
    name: 'no urgency',
    file: 'mission-request.json',
    change: { [`${focus}.priority`]: undefined },
    faults: [['missing-field', `${focus}.priority`]],
  },
  {
    name: 'no criterion',
    file: 'mission-request.json',
    change: { [`${focus}.reasonCode`]: [{ text: secret }] },
    faults: [['missing-field', `${focus}.reasonCode`]],
  },
  {
    name: 'a criterion that is not of the list',
    file: 'mission-request.json',
    change: { [`${focus}.reasonCode`]: [coded(systems.missionCriterion, secret)] },
    faults: [['unknown-code', `${focus}.reasonCode`]],
  },
  {
    name: 'a request that is a draft',
    file: 'mission-request.json',
    change: { [`${focus}.status`]: 'draft' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'a status that FHIR does not know',
    file: 'mission-request.json',
    change: { [`${focus}.status`]: secret },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'no place',
    file: 'mission-request.json',
    change: { [`${focus}.locationReference`]: undefined },
    faults: [['missing-field', `${focus}.locationReference`]],
  },
  {
    name: 'a place without position',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: undefined, [`${focus}.locationReference[1]`]: undefined },
    faults: [['missing-field', `${focus}.locationReference`]],
  },
  {
    name: 'latitude and longitude swapped',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: { latitude: 10.7243, longitude: 60.9271 } },
    faults: [['swapped-coordinates', `${scene}.position`]],
  },
  {
    name: 'a place on the equator',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: { latitude: 0, longitude: 0 } },
    faults: [['impossible-coordinates', `${scene}.position`]],
  },
  {
    name: 'a latitude beyond the pole',
    file: 'mission-request.json',
    change: { [`${scene}.position`]: { latitude: 160.9, longitude: 10.7 } },
    faults: [['impossible-coordinates', `${scene}.position`]],
  },
  {
    name: 'coordinates as text',
    file: 'mission-request.json',
    change: { [`${scene}.position.latitude`]: '60.9271' },
    faults: [['wrong-field', `${scene}.position.latitude`]],
  },
  {
    name: 'a swapped position of the aircraft',
    file: 'resource-status.json',
    change: { 'Bundle.entry[2].resource.position': { latitude: 11.031, longitude: 60.074 } },
    faults: [['swapped-coordinates', 'Bundle.entry[2].resource.position']],
  },
  {
    name: 'an event that the hub does not know',
    file: 'mission-request.json',
    change: { [`${header}.eventCoding.code`]: secret },
    faults: [['unknown-event', `${header}.eventCoding`]],
  },
  {
    name: 'an event of another code system',
    file: 'mission-request.json',
    change: { [`${header}.eventCoding.system`]: 'https://fhir.example/events' },
    faults: [['unknown-event', `${header}.eventCoding`]],
  },
  {
    name: 'an event given as uri only',
    file: 'mission-request.json',
    change: { [`${header}.eventCoding`]: undefined, [`${header}.eventUri`]: `${systems.event}#mission-request` },
    faults: [['missing-field', `${header}.eventCoding`]],
  },
  {
    name: 'no message id',
    file: 'mission-request.json',
    change: { [`${header}.id`]: undefined },
    faults: [['missing-field', `${header}.id`]],
  },
  {
    name: 'a message id that is no FHIR id',
    file: 'mission-request.json',
    change: { [`${header}.id`]: secret },
    faults: [['wrong-field', `${header}.id`]],
  },
  {
    name: 'a receiver that is not in the directory',
    file: 'mission-request.json',
    change: { [`${header}.destination[0].receiver.identifier.value`]: organisationOf('stranger') },
    faults: [['unknown-organisation', `${header}.destination[0].receiver`]],
  },
  {
    name: 'a second receiver that is not in the directory',
    file: 'mission-update.json',
    change: { [`${header}.destination[1].receiver.identifier.value`]: organisationOf('stranger') },
    faults: [['unknown-organisation', `${header}.destination[1].receiver`]],
  },
  {
    name: 'a receiver by name only',
    file: 'mission-request.json',
    change: { [`${header}.destination[0].receiver`]: { display: secret } },
    faults: [['wrong-field', `${header}.destination[0].receiver`]],
  },
  {
    name: 'no receiver and no municipality',
    file: 'mission-request.json',
    change: { [`${header}.destination`]: undefined, [`${scene}.address`]: undefined },
    faults: [['no-coordinator', `${header}.destination`]],
  },
  {
    name: 'a municipality that nobody covers',
    file: 'second-mission-request.json',
    change: { 'Bundle.entry[3].resource.address._district.extension[0].valueCoding.code': '9999' },
    faults: [['no-coordinator', `${header}.destination`]],
  },
  {
    name: 'a large event without a number',
    file: 'second-mission-request.json',
    change: { [`${focus}.requisition.value`]: undefined },
    faults: [['missing-field', `${focus}.requisition`]],
  },
  {
    name: 'two receivers where one is asked',
    file: 'resource-request.json',
    change: { [`${header}.destination`]: [receiver('operator-lorenskog'), receiver('operator-dombas')] },
    faults: [['wrong-field', `${header}.destination`]],
  },
  {
    name: 'a receiver of the wrong role',
    file: 'resource-request.json',
    change: { [`${header}.destination`]: [receiver('hospital-ulleval')] },
    faults: [['wrong-field', `${header}.destination[0].receiver`]],
  },
  {
    name: 'no focus',
    file: 'mission-request.json',
    change: { [`${header}.focus`]: undefined },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'a focus that is not in the Bundle',
    file: 'resource-response.json',
    change: { [`${header}.focus[1].reference`]: 'urn:uuid:00000000-0000-4000-8000-000000000000' },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'a focus on a resource of another type',
    file: 'mission-decision.json',
    change: { [`${focus}.resourceType`]: 'Communication' },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'no mission',
    file: 'resource-request.json',
    change: { [`${header}.focus[0]`]: undefined },
    faults: [['missing-field', `${header}.focus`]],
  },
  {
    name: 'two missions',
    file: 'mission-update.json',
    change: {
      [`${header}.focus[1]`]: {
        identifier: { system: systems.mission, value: '00000000-0000-8000-8000-000000000000' },
      },
    },
    faults: [['wrong-field', `${header}.focus[1]`]],
  },
  {
    name: 'a mission that does not exist',
    file: 'mission-update.json',
    change: { [`${header}.focus[0].identifier.value`]: '00000000-0000-8000-8000-000000000000' },
    faults: [['not-found', `${header}.focus`]],
  },
  {
    name: 'a rejection without a decider',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'a decider who is not in the Bundle and has no name',
    file: 'mission-decision.json',
    change: { [`${header}.author`]: { reference: 'Practitioner/unknown' } },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'a rejection without a reason',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${focus}.statusReason`]: undefined },
    faults: [
      ['missing-field', `${focus}.statusReason`],
      ['missing-field', `${focus}.statusReason.text`],
    ],
  },
  {
    name: 'a rejection whose reason has no words',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${focus}.statusReason`]: coded(systems.refusalReason, 'weather', ' ') },
    faults: [['missing-field', `${focus}.statusReason.text`]],
  },
  {
    name: 'a rejection with an unknown reason',
    file: 'mission-decision.json',
    change: { ...decisionRejected, [`${focus}.statusReason`]: coded(systems.refusalReason, secret, secret) },
    faults: [['unknown-code', `${focus}.statusReason`]],
  },
  {
    name: 'an acceptance without a decider',
    file: 'mission-decision.json',
    change: { [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'a decider without a role',
    file: 'mission-decision.json',
    change: { 'Bundle.entry[2].resource.code': undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'the person who rejected before',
    file: 'second-mission-review-decision.json',
    change: { 'Bundle.entry[3].resource.identifier[0].value': '000000204' },
    faults: [['same-decider', `${header}.author`]],
  },
  {
    name: 'a criterion of no guideline',
    file: 'second-mission-rejection.json',
    change: { [`${focus}.reasonCode`]: coded(systems.missionCriterion, secret) },
    faults: [['unknown-code', `${focus}.reasonCode`]],
  },
  {
    name: 'an assessment without a finding',
    file: 'medical-assessment.json',
    change: { [`${focus}.finding`]: undefined },
    faults: [['missing-field', `${focus}.finding`]],
  },
  {
    name: 'an assessment that finds no ground and does not say why',
    file: 'medical-assessment.json',
    change: { [`${focus}.summary`]: undefined },
    faults: [['missing-field', `${focus}.summary`]],
  },
  {
    name: 'an assessment by nobody',
    file: 'medical-assessment.json',
    change: { [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'an assessment that is not finished',
    file: 'medical-assessment.json',
    change: { [`${focus}.status`]: 'in-progress' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'no words against the rejection',
    file: 'review-request.json',
    change: { [`${focus}.description`]: undefined },
    faults: [['missing-field', `${focus}.description`]],
  },
  {
    name: 'a forwarding without a reason',
    file: 'mission-forward.json',
    change: { [`${focus}.statusReason`]: undefined },
    faults: [['missing-field', `${focus}.statusReason`]],
  },
  {
    name: 'a forwarding to nobody',
    file: 'mission-forward.json',
    change: { [`${header}.destination`]: undefined },
    faults: [['missing-field', `${header}.destination`]],
  },
  {
    name: 'a forwarding to who coordinates already',
    file: 'mission-forward.json',
    change: { [`${header}.destination`]: [receiver('amk-la-oslo')] },
    faults: [['wrong-field', `${header}.destination[0].receiver`]],
  },
  {
    name: 'a call sign of no system',
    file: 'second-mission-resource-request.json',
    change: { [`${focus}.input[0].valueReference.identifier.system`]: undefined },
    faults: [['missing-field', `${focus}.input[0].valueReference.identifier`]],
  },
  {
    name: 'a report of a flight that goes on',
    file: 'mission-report.json',
    change: { [`${focus}.status`]: 'in-progress' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'a report by an operator that did not fly',
    file: 'mission-report.json',
    change: { [`${header}.sender`]: undefined, [`${header}.responsible`]: undefined },
    client: 'operator-rescue-orland',
    faults: [['forbidden-relation', `${header}.eventCoding`]],
  },
  {
    name: 'a report in the name of the operator that flew, by another',
    file: 'mission-report.json',
    change: {},
    client: 'operator-rescue-orland',
    faults: [['wrong-sender', `${header}.sender`]],
  },
  {
    name: 'feedback without an assessment',
    file: 'outcome-feedback.json',
    change: { [`${focus}.businessStatus`]: undefined },
    faults: [['missing-field', `${focus}.businessStatus`]],
  },
  {
    name: 'readiness of a helicopter without a call sign',
    file: 'resource-availability.json',
    change: { [`${focus}.identifier`]: undefined },
    faults: [['missing-field', `${focus}.identifier`]],
  },
  {
    name: 'readiness in an unknown code',
    file: 'resource-availability.json',
    change: { [`${focus}.operationalStatus.code`]: secret },
    faults: [['wrong-field', `${focus}.operationalStatus`]],
  },
  {
    name: 'what only the hub says',
    file: 'second-mission-acknowledgement.json',
    change: { [`${header}.eventCoding.code`]: 'acknowledgement-overdue' },
    faults: [['forbidden-role', `${header}.eventCoding`]],
  },
  {
    name: 'a deferral without an end',
    file: 'mission-decision.json',
    change: {
      [`${focus}.businessStatus`]: coded(systems.missionDecision, 'deferred'),
      [`${focus}.status`]: 'on-hold',
      [`${focus}.statusReason`]: weather,
    },
    faults: [['missing-field', `${focus}.restriction.period.end`]],
  },
  {
    name: 'an unknown decision',
    file: 'mission-decision.json',
    change: { [`${focus}.businessStatus`]: coded(systems.missionDecision, secret) },
    faults: [['wrong-field', `${focus}.businessStatus`]],
  },
  {
    name: 'no decision',
    file: 'mission-decision.json',
    change: { [`${focus}.businessStatus`]: undefined },
    faults: [['missing-field', `${focus}.businessStatus`]],
  },
  {
    name: 'a status that contradicts the decision',
    file: 'mission-decision.json',
    change: { [`${focus}.status`]: 'rejected' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'an acknowledgement that says accepted',
    file: 'acknowledgement.json',
    change: { [`${focus}.status`]: 'accepted' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'no Task id',
    file: 'acknowledgement.json',
    change: { [`${focus}.id`]: undefined },
    faults: [['missing-field', `${focus}.id`]],
  },
  {
    name: 'a Task that the mission does not have',
    file: 'acknowledgement.json',
    change: { [`${focus}.id`]: entryAddress(mission, 99) },
    faults: [['unknown-task', `${focus}.id`]],
  },
  {
    name: 'an answer to a Task of another kind',
    file: 'resource-response.json',
    change: {
      [`${focus}.id`]: entryAddress(mission, 1),
      [`${focus}.businessStatus`]: coded(systems.resourceAnswer, 'accepted'),
    },
    faults: [['forbidden-relation', `${header}.eventCoding`]],
  },
  {
    name: 'an unknown kind of resource',
    file: 'resource-request.json',
    change: { [`${focus}.code`]: coded(systems.resourceKind, 'submarine') },
    faults: [['wrong-field', `${focus}.code`]],
  },
  {
    name: 'an acceptance without ETA',
    file: 'resource-response.json',
    change: { [`${focus}.output`]: undefined },
    faults: [['missing-field', `${focus}.output`]],
  },
  {
    name: 'a declined flight without a reason',
    file: 'resource-response.json',
    change: declined,
    faults: [
      ['missing-field', `${focus}.statusReason`],
      ['missing-field', `${focus}.statusReason.text`],
    ],
  },
  {
    name: 'a declined flight without a decider',
    file: 'resource-response.json',
    change: { ...declined, [`${focus}.statusReason`]: weather, [`${header}.author`]: undefined },
    faults: [['missing-field', `${header}.author`]],
  },
  {
    name: 'an unknown flight phase',
    file: 'resource-status.json',
    change: { [`${focus}.output[1].type`]: coded(systems.flightPhase, secret) },
    faults: [['wrong-field', `${focus}.output[1].type`]],
  },
  {
    name: 'a report that reports nothing',
    file: 'resource-status.json',
    change: { [`${focus}.output`]: undefined, [`${focus}.location`]: undefined },
    faults: [['missing-field', `${focus}.output`]],
  },
  {
    name: 'no ETA at the hospital',
    file: 'prearrival-notification.json',
    change: { [`${focus}.input[0]`]: undefined },
    faults: [['missing-field', `${focus}.input`]],
  },
  {
    name: 'a diversion that does not say where to',
    file: 'prearrival-response.json',
    change: diverted,
    faults: [['missing-field', `${focus}.output`]],
  },
  {
    name: 'an unknown urgency in an update',
    file: 'mission-update.json',
    change: { [`${focus}.priority`]: secret },
    faults: [['wrong-field', `${focus}.priority`]],
  },
  {
    name: 'a cancellation without a reason',
    file: 'mission-cancel.json',
    change: { [`${focus}.reasonCode`]: undefined },
    faults: [['missing-field', `${focus}.reasonCode`]],
  },
  {
    name: 'another reason for a cancellation, not in words',
    file: 'mission-cancel.json',
    change: { [`${focus}.reasonCode`]: [coded(systems.cancelReason, 'other')] },
    faults: [['missing-field', `${focus}.reasonCode[0].text`]],
  },
  {
    name: 'a cancellation that says active',
    file: 'mission-cancel.json',
    change: { [`${focus}.status`]: 'active' },
    faults: [['wrong-field', `${focus}.status`]],
  },
  {
    name: 'an exercise inside a real mission',
    file: 'mission-update.json',
    change: { 'Bundle.meta': { security: [{ system: systems.actReason, code: 'HTEST' }] } },
    faults: [['exercise-mismatch', 'Bundle.meta.security']],
  },
  {
    name: 'a Bundle timestamp that is a date',
    file: 'mission-request.json',
    change: { 'Bundle.timestamp': '2026-01-08' },
    faults: [['wrong-field', 'Bundle.timestamp']],
  },
  {
    name: 'a Bundle id that is no FHIR id',
    file: 'mission-request.json',
    change: { 'Bundle.id': 'mission/request' },
    faults: [['wrong-field', 'Bundle.id']],
  },
  {
    name: 'an entry without a resource',
    file: 'mission-request.json',
    change: { 'Bundle.entry[2].resource': undefined },
    faults: [['missing-field', 'Bundle.entry[2].resource']],
  },
  {
    name: 'an entry of a transaction',
    file: 'mission-request.json',
    change: { 'Bundle.entry[2].request': { method: 'POST', url: 'Patient' } },
    faults: [['wrong-field', 'Bundle.entry[2].request']],
  },
  {
    name: 'several faults at once',
    file: 'mission-request.json',
    change: {
      [`${focus}.priority`]: undefined,
      [`${focus}.reasonCode`]: undefined,
      [`${scene}.position`]: { latitude: 10.7243, longitude: 60.9271 },
      [`${header}.destination[0].receiver`]: { display: secret },
    },
    faults: [
      ['missing-field', `${focus}.priority`],
      ['missing-field', `${focus}.reasonCode`],
      ['swapped-coordinates', `${scene}.position`],
      ['wrong-field', `${header}.destination[0].receiver`],
    ],
  },
  {
    name: 'a sender of the wrong role',
    file: 'mission-request.json',
    change: {},
    client: 'hospital-ulleval',
    faults: [['forbidden-role', `${header}.eventCoding`]],
  },
  {
    name: 'a sender that is no party of the mission',
    file: 'mission-update.json',
    change: {},
    client: 'amk-nordland',
    faults: [['not-found', `${header}.focus`]],
  },
  {
    name: 'a party that was not asked',
    file: 'resource-request.json',
    change: {},
    client: 'amk-la-tromso',
    faults: [['not-found', `${header}.focus`]],
  },
  {
    name: 'an urgency that R4 knows and the service does not',
    file: 'mission-request.json',
    change: { [`${focus}.priority`]: 'asap' },
    faults: [['wrong-field', `${focus}.priority`]],
  },
  {
    name: 'an ETA without a zone',
    file: 'resource-response.json',
    change: { [`${focus}.output[0].valueDateTime`]: '2026-01-08T09:01:00' },
    faults: [['wrong-field', `${focus}.output[0].valueDateTime`]],
  },
  {
    name: 'a flight phase without its time',
    file: 'resource-status.json',
    change: { [`${focus}.output[2].valueDateTime`]: undefined },
    faults: [['missing-field', `${focus}.output[2].valueDateTime`]],
  },
  {
    name: 'a flight phase at a time that is none',
    file: 'resource-status.json',
    change: { [`${focus}.output[2].valueDateTime`]: '2026-02-30T08:35:00+01:00' },
    faults: [['wrong-field', `${focus}.output[2].valueDateTime`]],
  },
];

const faultsIn = (answer: Refusal | 'accepted') =>
  answer === 'accepted' ? answer : answer.faults.map(({ code, at }) => [code, at]);

describe('a broken example is refused where it is broken', () => {
  const changedExample = ({ file, change }: Broken): unknown =>
    Object.entries(change).reduce<unknown>(
      (bundle, [path, value]) => withElement(bundle, path, value),
      JSON.parse(exampleText(file)),
    );

  test.each(broken)('$file with $name', (one) => {
    const { file, faults, client } = one;
    const changed = changedExample(one);
    const answer = answerTo(JSON.stringify(changed), stepOf(file), client);
    expect(faultsIn(answer)).toEqual(faults);
    if (answer === 'accepted') return;
    const outcome = operationOutcome(answer.faults);
    expect(problemsOf(outcome)).toEqual([]);
    expect(JSON.stringify(outcome)).not.toContain(secret);
    for (const path of outcome.issue.flatMap(({ expression }) => expression ?? []))
      expect(() => evalFhirPath(path, changed)).not.toThrow();
  });

  /** What may be said again when the mission is over: it opens another, or reports what is asked for afterwards too. */
  const mayComeAgain = [
    'mission-request',
    'mission-update',
    'resource-status',
    'prearrival-notification',
    'mission-report',
    'outcome-feedback',
  ];

  test.each([...exampleSteps, ...secondSteps])(
    '$file as a second message, when the mission is over, is judged anew',
    ({ file, client }) => {
      const steps = exampleSteps.some((step) => step.file === file) ? exampleSteps : secondSteps;
      const after = logOf(steps).at(-1)?.state;
      const message = readMessage(exampleText(file));
      if (message.outcome === 'refused' || after === undefined) throw new Error('the example is refused');
      const { type } = message;
      const opens = type.mission === 'opens';
      const decided = decideExample(opens ? undefined : after, message, partyOfClient(client));
      if ((opens || type.legalIn.includes(after.status)) && mayComeAgain.includes(type.event))
        expect(decided.outcome).toBe('accepted');
      // Who has forwarded a mission or flown it has no part in it any more.
      else
        expect(decided).toMatchObject({
          outcome: 'refused',
          faults: [{ code: expect.stringMatching(/^(illegal-transition|forbidden-relation)$/) }],
        });
    },
  );
});

const request = exampleText('mission-request.json');
const changedRequest = (path: string, value: unknown): string =>
  JSON.stringify(withElement(JSON.parse(request), path, value));
const nested = (levels: number): string =>
  request.replace('"type": "message"', `"type": "message", "x": ${'['.repeat(levels)}${']'.repeat(levels)}`);
const padded = (bytes: number): string => request + ' '.repeat(bytes - Buffer.byteLength(request));

const texts: readonly (readonly [name: string, text: string, code: Fault['code'], at: string | undefined])[] = [
  ['no text', '', 'not-json', undefined],
  ['XML', '<Bundle xmlns="http://hl7.org/fhir"/>', 'not-json', undefined],
  ['JSON cut off', request.slice(0, -10), 'not-json', undefined],
  ['a number', '1.50', 'not-a-message', 'Bundle'],
  ['null', 'null', 'not-a-message', 'Bundle'],
  ['a list', '[]', 'not-a-message', 'Bundle'],
  ['another resource', '{"resourceType":"Patient"}', 'not-a-message', 'Bundle'],
  ['a Bundle of another type', changedRequest('Bundle.type', 'transaction'), 'not-a-message', 'Bundle'],
  ['a Bundle without entries', changedRequest('Bundle.entry', []), 'wrong-field', 'Bundle.entry'],
  ['a Bundle without a list of entries', changedRequest('Bundle.entry', undefined), 'missing-field', 'Bundle.entry'],
  ['a Bundle that begins without header', changedRequest('Bundle.entry[0]', undefined), 'not-a-message', header],
  ['brackets too deep', nested(maxDepth), 'too-deep', undefined],
  ['an attack of brackets', '['.repeat(100_000), 'too-deep', undefined],
  ['one byte too much', padded(maxBodyBytes + 1), 'too-large', undefined],
  ['letters that are more bytes than characters', `"${'å'.repeat(maxBodyBytes / 2)}"`, 'too-large', undefined],
];

describe('what is no message is refused', () => {
  test.each(texts)('%s', (_name, text, code, at) => {
    const answer = readMessage(text);
    expect(answer.outcome === 'refused' ? answer.faults.map((fault) => [fault.code, fault.at]) : 'read').toEqual([
      [code, at],
    ]);
    if (answer.outcome === 'refused') expect(problemsOf(operationOutcome(answer.faults))).toEqual([]);
  });

  test.each([
    ['as deep as allowed', nested(maxDepth - 1)],
    ['as large as allowed', padded(maxBodyBytes)],
  ])('%s is read', (_name, text) => expect(readMessage(text).outcome).toBe('read'));
});
