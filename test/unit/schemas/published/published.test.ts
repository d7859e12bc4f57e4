import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeSystem, StructureDefinition, ValueSet } from 'fhir/r4.d.ts';
import { describe, expect, test } from 'vitest';
import type { Notification } from '../../../../core/delivery/notifications.ts';
import { receipt } from '../../../../core/fhir/communication.ts';
import { capabilityStatement } from '../../../../schemas/published/capability-statement.ts';
import { published } from '../../../../schemas/published/index.ts';
import { answersOf, namesMission, rulesOf } from '../../../../schemas/published/rules.ts';
import { firstGuidelines, type Guideline, type Guidelines } from '../../../../schemas/guideline.ts';
import { parseAddress } from '../../../../schemas/identifiers.ts';
import { isObject } from '../../../../schemas/json/json.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { taskStatuses } from '../../../../schemas/codes.ts';
import { catalogue } from '../../../../schemas/messages/catalogue.ts';
import type { MessageType } from '../../../../schemas/messages/message-type.ts';
import { canonicalBase, missionTopic, systems } from '../../../../schemas/names.ts';
import {
  decideExample,
  everyStep,
  exampleLog,
  exampleSteps,
  exampleText,
  logOf,
  partyOfClient,
  sampleDirectory,
  sampleDirectoryText,
  secondSteps,
} from '../../../support/examples.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { breaches, warnings, withSnapshot } from '../../../support/profiles.ts';

const edition = { version: '0.1.0', date: '2026-01-01' };
const now = '2026-07-01T00:00:00Z';
const [first] = firstGuidelines;
const version = (name: string, validFrom: string): Guideline => ({ ...first, version: name, validFrom });
const guidelines: Guidelines = [
  first,
  {
    ...version('2026.2', '2026-06-01T00:00:00+02:00'),
    criteria: { ...first.criteria, 'new-one': { display: 'New' } },
    acknowledgementSeconds: { ...first.acknowledgementSeconds, resource: { stat: 45, urgent: 90, routine: 300 } },
  },
  version('2027.1', '2027-01-01T00:00:00+01:00'),
];

const library = published(edition, guidelines, now);
const statement = capabilityStatement('https://hub.example/fhir', edition);
const everything = [statement, ...library.all];

const isOf =
  <Typed extends { resourceType: string }>(type: Typed['resourceType']) =>
  (one: { resourceType: string }): one is Typed =>
    one.resourceType === type;
const codeSystems = library.all.filter(isOf<CodeSystem>('CodeSystem'));
const valueSets = library.all.filter(isOf<ValueSet>('ValueSet'));
const structures = library.all.filter(isOf<StructureDefinition>('StructureDefinition'));
const profiles = structures.filter(({ type }) => type !== 'Extension');
const terms = { codeSystems, valueSets };

/** Every member of a JSON value, with its path. */
const members = (value: unknown, path: string): readonly (readonly [string, unknown])[] => [
  [path, value],
  ...(Array.isArray(value)
    ? value.flatMap((item: unknown, index) => members(item, `${path}[${index}]`))
    : isObject(value)
      ? Object.entries(value).flatMap(([key, member]) => members(member, `${path}.${key}`))
      : []),
];

describe('published resources', () => {
  test.each(everything.map((one) => [`${one.resourceType}/${one.id}`, one] as const))(
    'are valid FHIR: %s',
    (_id, one) => expect(problemsOf(one)).toEqual([]),
  );

  test('have one id and one URL with version each', () => {
    const ids = everything.map(({ resourceType, id }) => `${resourceType}/${id}`);
    expect(new Set(ids).size).toBe(ids.length);
    const urls = everything.map(({ url, version: of }) => `${url}|${of}`);
    expect(new Set(urls).size).toBe(urls.length);
  });

  test('refer to existing resources of the hub only', () => {
    const urls = new Set<unknown>([...everything.map(({ url }) => url), missionTopic]);
    const dangling = everything.flatMap((one) =>
      members(one, `${one.resourceType}/${one.id}`).filter(
        ([, value]) =>
          typeof value === 'string' && /^https:\/\/luftbro\.example\/fhir\/\S+$/.test(value) && !urls.has(value),
      ),
    );
    expect(dangling).toEqual([]);
  });

  test('have every code system that the hub names', () => {
    const minted = Object.values(systems).filter((url) => url.startsWith(`${canonicalBase}/CodeSystem/`));
    expect(minted.filter((url) => !codeSystems.some((one) => one.url === url))).toEqual([]);
  });

  test('have every extension that the hub has a URL for', () => {
    const minted = ['core', 'schemas', 'adapters', 'functions']
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [
        ...readFileSync(file, 'utf8').matchAll(/canonicalBase\}\/StructureDefinition\/(?<name>[a-z-]+)/g),
      ])
      .map(({ groups }) => groups?.['name']);
    expect(minted).not.toEqual([]);
    expect(minted.filter((name) => !structures.some(({ id, type }) => id === name && type === 'Extension'))).toEqual(
      [],
    );
  });

  test('have every code of the hub, its examples and its sample directory, with the same display', () => {
    const texts = [sampleDirectoryText, ...catalogue.map(({ example }) => exampleText(example))];
    const strange = texts
      .flatMap((text) => members(JSON.parse(text), ''))
      .flatMap(([path, value]) => {
        if (!isObject(value)) return [];
        const { system, code, display } = value;
        const found = codeSystems.find((one) => one.url === system);
        if (found?.content !== 'complete') return [];
        const concept = found.concept?.find((one) => one.code === code);
        return concept === undefined || (display !== undefined && display !== concept.display)
          ? [[path, code, display]]
          : [];
      });
    expect(strange).toEqual([]);
  });
});

describe('published version of the guideline', () => {
  test.each(['mission-criterion', 'refusal-reason', 'urgency'])('is a version of %s', (name) => {
    const url = `${canonicalBase}/CodeSystem/${name}`;
    expect(
      library
        .ofType('CodeSystem')
        .filter((one) => one.url === url)
        .map(({ id, version: of, status, extension }) => [id, of, status, extension?.[0]?.valuePeriod]),
    ).toEqual([
      [name, '2026.2', 'active', { start: '2026-06-01T00:00:00+02:00', end: '2027-01-01T00:00:00+01:00' }],
      [`${name}-2026.1`, '2026.1', 'retired', { start: first.validFrom, end: '2026-06-01T00:00:00+02:00' }],
      [`${name}-2027.1`, '2027.1', 'draft', { start: '2027-01-01T00:00:00+01:00' }],
    ]);
  });

  const codesOfSystem = (id: string) => {
    const found = library.read('CodeSystem', id);
    return found?.resourceType === 'CodeSystem' ? found.concept : undefined;
  };

  test('is read by the plain id while it is in force, and always by its own id', () => {
    expect(codesOfSystem('mission-criterion')).toContainEqual({ code: 'new-one', display: 'New' });
    expect(codesOfSystem('mission-criterion-2026.2')).toEqual(codesOfSystem('mission-criterion'));
    expect(library.read('CodeSystem', 'mission-criterion-2026.2')?.id).toBe('mission-criterion-2026.2');
    expect(codesOfSystem('mission-criterion-2026.1')).toHaveLength(Object.keys(first.criteria).length);
    expect(codesOfSystem('mission-criterion-2025.1')).toBeUndefined();
  });

  test('gives the class of each refusal reason', () =>
    expect(codesOfSystem('refusal-reason')).toContainEqual({
      code: 'weather',
      display: 'Weather',
      property: [{ code: 'class', valueCoding: { system: systems.refusalClass, code: 'operational' } }],
    }));

  test('gives the local names of the urgencies and their deadlines', () =>
    expect(codesOfSystem('urgency')).toContainEqual({
      code: 'stat',
      designation: [{ value: 'Akutt (red)' }],
      property: [
        { code: 'acknowledge-coordination', valueInteger: 60 },
        { code: 'acknowledge-resource', valueInteger: 45 },
        { code: 'acknowledge-prearrival', valueInteger: 120 },
      ],
    }));
});

describe('published resources', () => {
  test('are found by type and id', () => {
    const url = `${canonicalBase}/MessageDefinition/mission-request`;
    expect(library.ofType('MessageDefinition')).toHaveLength(catalogue.length);
    expect(library.ofType('Patient')).toEqual([]);
    expect(library.read('MessageDefinition', 'mission-request')?.url).toBe(url);
    expect(library.read('ValueSet', 'mission-request')).toBeUndefined();
  });

  test('offers operators only availabilities that the hub does not derive from missions', () => {
    const codes = valueSets.find(({ id }) => id === 'resource-availability')?.compose?.include[0]?.concept;
    expect(codes?.map(({ code }) => code)).toEqual(['free', 'off-line', 'technical', 'weather', 'crew-duty']);
  });

  test('names every message in the CapabilityStatement, with the hub as sender of its own', () => {
    const modes = Object.groupBy(statement.messaging?.[0]?.supportedMessage ?? [], ({ mode }) => mode);
    expect(modes.sender?.map(({ definition }) => definition.split('/').at(-1))).toEqual([
      'acknowledgement-overdue',
      'delivery-failed',
      'party-unreachable',
    ]);
    expect(modes.receiver).toHaveLength(catalogue.length - 3);
  });

  test('names every profile in the CapabilityStatement, with its resource type', () => {
    const named = statement.rest?.[0]?.resource?.flatMap(({ type, supportedProfile }) =>
      (supportedProfile ?? []).map((url) => `${type} ${url}`),
    );
    const own = named?.filter((one) => one.includes(canonicalBase));
    expect(own?.toSorted()).toEqual(profiles.map(({ type, url }) => `${type} ${url}`).toSorted());
    // The hub conforms to profiles of other publishers, and does not publish them again.
    expect(named?.filter((one) => !one.includes(canonicalBase))).toEqual([
      'Subscription http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription',
    ]);
  });

  test.each([
    ['mission-request', 'consequence'],
    ['acknowledgement', 'consequence'],
    ['mission-cancel', 'consequence'],
    ['mission-update', 'notification'],
    ['acknowledgement-overdue', 'notification'],
    ['resource-availability', 'currency'],
  ])('gives %s the category of FHIR messaging: %s', (id, category) =>
    expect(library.read('MessageDefinition', id)).toMatchObject({ category }),
  );
});

test('uses a published code in the receipt of a failed delivery', () => {
  const entry = exampleLog().at(0);
  if (entry === undefined) throw new Error('the example mission is empty');
  const failed: Notification = {
    subscription: 's',
    number: 1,
    organisation: entry.sender,
    mission: entry.mission,
    entry: entry.number,
    writtenAt: now,
    status: 'failed',
    attempts: 3,
  };
  const [reason] =
    receipt(entry, failed, { base: 'https://hub.example', directory: sampleDirectory }).statusReason?.coding ?? [];
  expect(codeSystems.find(({ url }) => url === reason?.system)?.concept?.map(({ code }) => code)).toContain(
    reason?.code,
  );
});

/** The answer of the hub to a changed example, at the position of the example in its mission. */
const decidedInItsPlace = (file: string, message: Message) => {
  const steps = [exampleSteps, secondSteps].find((list) => list.some((step) => step.file === file)) ?? [];
  const at = steps.findIndex((step) => step.file === file);
  return decideExample(logOf(steps, at).at(-1)?.state, message, partyOfClient(steps[at]?.client ?? ''));
};

/** The header and the focus of an example, each with its index in the Bundle. */
const partsOf = (file: string): readonly { readonly resource: Record<string, unknown>; readonly at: number }[] => {
  const bundle: unknown = JSON.parse(exampleText(file));
  const entries = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'].filter(isObject) : [];
  return entries.flatMap(({ resource }, at) => (isObject(resource) ? [{ resource, at }] : []));
};

type Resource = Record<string, unknown>;
const bundleOf = (file: string): Resource & { readonly entry: readonly { readonly resource: Resource }[] } => {
  const bundle: unknown = JSON.parse(exampleText(file));
  if (!isObject(bundle) || !Array.isArray(bundle['entry'])) throw new Error('no Bundle');
  const entry = bundle['entry'].filter(isObject).map((one) => {
    if (!isObject(one['resource'])) throw new Error('an entry has no resource');
    return { ...one, resource: one['resource'] };
  });
  return { ...bundle, entry };
};

/** The targets of the references in an example, by fullUrl. */
const entriesOf = (bundle: ReturnType<typeof bundleOf>): ReadonlyMap<string, Resource> =>
  new Map(bundle.entry.map((one) => [String(Object(one)['fullUrl']), one.resource]));

test.each(everyStep)('accepts $file by every profile, as the hub does', ({ file }) => {
  const message = readMessage(exampleText(file));
  if (message.outcome === 'refused') throw new Error('the example is refused');
  const { event, focus } = message.type;
  const parts = partsOf(file);
  const judged = ['MessageHeader', ...(focus === undefined ? [] : [focus.resource])].map((type) => {
    const profile = profiles.find(({ id }) => id === `${event}-${type.toLowerCase()}`);
    const part = parts.find(({ resource }) => resource['resourceType'] === type);
    if (profile === undefined || part === undefined) throw new Error(`no ${type}`);
    return breaches(part.resource, profile, terms, entriesOf(bundleOf(file)));
  });
  expect(judged.flat()).toEqual([]);
});

describe.each(catalogue)('profiles of $event', (type) => {
  const parts = partsOf(type.example);
  const partOf = (resourceType: string) => {
    const found = parts.find(({ resource }) => resource['resourceType'] === resourceType);
    if (found === undefined) throw new Error(`${type.example} has no ${resourceType}`);
    return found;
  };
  const mine = profiles.filter(({ id }) => id === `${type.event}-${id?.split('-').at(-1)}`);

  test('are valid profiles of R4', () => {
    expect(mine.length).toBe(type.focus === undefined ? 1 : 2);
    for (const profile of mine) expect(problemsOf(withSnapshot(profile))).toEqual([]);
  });

  test('accept the example', () => {
    for (const profile of mine)
      expect(breaches(partOf(profile.type).resource, profile, terms, entriesOf(bundleOf(type.example)))).toEqual([]);
  });

  const always = rulesOf(type).filter(({ required }) => required === 'always');
  test.each(always)('refuse the example without $path, as the reader does', ({ path }) => {
    const [resourceType = '', element = ''] = path.split('.');
    const { resource, at } = partOf(resourceType);
    const { [element]: gone, ...rest } = resource;
    expect(gone).toBeDefined();
    const profile = mine.find((one) => one.type === resourceType);
    if (profile === undefined) throw new Error(`no profile of ${resourceType}`);
    expect(breaches(rest, profile, terms).join('\n')).toContain(element);
    if (type.focus?.schema === undefined) return;
    const bundle: unknown = JSON.parse(exampleText(type.example));
    if (!isObject(bundle) || !Array.isArray(bundle['entry'])) throw new Error('no Bundle');
    const entry = bundle['entry'].with(at, { ...bundle['entry'][at], resource: rest });
    const read = readMessage(JSON.stringify({ ...bundle, entry }));
    // Some rules about named persons depend on the state of the mission.
    const answer = read.outcome === 'refused' ? read : decidedInItsPlace(type.example, read);
    expect(answer.outcome === 'refused' ? answer.faults.map((fault) => fault.at) : answer.outcome).toContainEqual(
      expect.stringMatching(new RegExp(`^Bundle\\.entry\\[${at}\\]\\.resource\\.${element}`)),
    );
  });
});

/** The example of a type with one of its resources changed. */
const changedExample = (file: string, change: (resource: Resource) => Resource) => {
  const bundle = bundleOf(file);
  const changed = { ...bundle, entry: bundle.entry.map((one) => ({ ...one, resource: change(one.resource) })) };
  return { bundle: changed, text: JSON.stringify(changed) };
};

type Changed = ReturnType<typeof changedExample>;

/** The breaches of the profiles of a type in a message: in its header and its focus. */
const judgedByProfiles = (type: MessageType, { bundle }: Changed): readonly string[] =>
  ['MessageHeader', ...(type.focus === undefined ? [] : [type.focus.resource])].flatMap((name) => {
    const profile = profiles.find(({ id }) => id === `${type.event}-${name.toLowerCase()}`);
    const found = bundle.entry.find(({ resource }) => resource['resourceType'] === name);
    if (profile === undefined || found === undefined) throw new Error(`no ${name}`);
    return breaches(found.resource, profile, terms, entriesOf(bundle));
  });

/** The places of the faults that the reader reports, below `resource`. */
const judgedByReader = ({ text }: Changed): readonly string[] => {
  const read = readMessage(text);
  return read.outcome === 'refused'
    ? read.faults.map(({ at = '' }) => at.replace(/^Bundle\.entry\[\d+\]\.resource\./, ''))
    : [];
};

const hubTask = '615a28d9-e671-85b0-8bf8-11b64eeb6c62.1';
const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const detail = (code: string, value: Resource) => [{ type: concept(systems.taskDetail, code), ...value }];
const eta = detail('eta', { valueDateTime: '2026-01-08T09:00:00+01:00' });

/** Every element that an answer may need. */
const filledInFor = (answer: string): Readonly<Record<string, unknown>> => ({
  statusReason: { ...concept(systems.refusalReason, 'weather'), text: 'Tett tåke.' },
  restriction: { period: { end: '2026-01-08T09:00:00+01:00' } },
  output: [
    ...eta,
    // A hospital that does not divert names no other hospital.
    ...(answer === 'diverted'
      ? detail('diverted-to', {
          valueReference: { identifier: { system: systems.organisationNumber, value: '314000005' } },
        })
      : []),
  ],
  input: eta,
  code: concept(systems.resourceKind, 'helicopter'),
});

/** The example with this answer and every element that an answer needs, without the named one. */
const answering = (type: MessageType, answer: string, without?: string): Changed =>
  changedExample(type.example, (resource) => {
    if (resource['resourceType'] !== type.focus?.resource) return resource;
    const lacking = (whole: Resource) => Object.fromEntries(Object.entries(whole).filter(([key]) => key !== without));
    if (resource['resourceType'] === 'ClinicalImpression')
      return {
        // The author is replaced, and would contradict the assessor.
        ...lacking({ ...resource, assessor: undefined, summary: 'Ingen vital indikasjon.' }),
        finding: [{ itemCodeableConcept: concept(systems.medicalGround, answer) }],
      };
    const id = parseAddress(String(resource['id'])) === undefined ? hubTask : resource['id'];
    const about = lacking({ ...resource, id, ...filledInFor(answer) });
    if (type.answers === undefined) return { ...about, status: answer };
    const status = type.answers.statuses?.[answer] ?? resource['status'];
    return { ...about, status, businessStatus: concept(type.answers.system, answer) };
  });

/** Adds an author with HPR number, role and name, without the given one of them. */
const decidedBy = (changed: Changed, without?: 'role' | 'name' | 'number'): Changed => {
  const entry = changed.bundle.entry.map((one) => {
    const { resource } = one;
    if (resource['resourceType'] === 'MessageHeader')
      return {
        ...one,
        resource: { ...resource, author: { reference: 'urn:uuid:11111111-1111-4111-8111-111111111111' } },
      };
    return one;
  });
  const person = {
    ...(without === 'name' ? {} : { display: 'Kari Eksempel' }),
    ...(without === 'number' ? {} : { identifier: { system: systems.healthPersonnel, value: '9144900' } }),
  };
  const role = {
    resourceType: 'PractitionerRole',
    practitioner: Object.keys(person).length === 0 ? { type: 'Practitioner' } : person,
    ...(without === 'role' ? {} : { code: [{ text: 'AMK-lege' }] }),
  };
  const bundle = {
    ...changed.bundle,
    entry: [...entry, { fullUrl: 'urn:uuid:11111111-1111-4111-8111-111111111111', resource: role }],
  };
  return { bundle, text: JSON.stringify(bundle) };
};

const everyAnswer = catalogue.flatMap((type) =>
  answersOf(type).map((needs) => ({ type, event: type.event, ...needs })),
);

describe.each(everyAnswer)('$event with $answer', ({ type, event, answer, status, elements, author, number }) => {
  test('is accepted with every required element', () => {
    const whole = decidedBy(answering(type, answer));
    expect(judgedByProfiles(type, whole)).toEqual([]);
    expect(judgedByReader(whole)).toEqual([]);
  });

  const others = status === undefined ? [] : taskStatuses.filter((one) => one !== status);
  test.each(others)('is refused with the status %s by profile and reader', (other) => {
    const odd = changedExample(type.example, (resource) =>
      resource['resourceType'] === 'Task'
        ? {
            ...resource,
            ...filledInFor(answer),
            status: other,
            businessStatus: concept(type.answers?.system ?? '', answer),
          }
        : resource,
    );
    expect(judgedByProfiles(type, odd).join('\n')).toContain(`${event}-status-${answer}`);
    expect(judgedByReader(decidedBy(odd))).toEqual(['status']);
  });

  test.each(elements)('is refused without $path by profile and reader', ({ path }) => {
    const [, element = ''] = path.split('.');
    const lacking = decidedBy(answering(type, answer, element));
    expect(judgedByProfiles(type, lacking).join('\n')).toContain(
      `${event}-${path.split('.').slice(1).join('-')}-needed`,
    );
    expect(judgedByReader(lacking)).toContainEqual(
      // Without its id the Task is a new one, which has another status.
      expect.stringMatching(new RegExp(`^${element === 'id' ? 'status' : element}`)),
    );
  });

  test.each(elements.filter(({ words }) => words === 'always'))('is refused without a text in $path', ({ path }) => {
    const [, element = ''] = path.split('.');
    const { bundle } = decidedBy(answering(type, answer));
    const entry = bundle.entry.map((one) =>
      one.resource['resourceType'] === 'Task'
        ? { ...one, resource: { ...one.resource, [element]: concept(systems.refusalReason, 'weather') } }
        : one,
    );
    const wordless = { bundle: { ...bundle, entry }, text: JSON.stringify({ ...bundle, entry }) };
    expect(judgedByProfiles(type, wordless).join('\n')).toContain(`${event}-${element}-needed`);
    expect(judgedByReader(wordless)).toEqual([`${element}.text`]);
  });

  const lacks = [...(author ? (['role', 'name'] as const) : []), ...(number ? (['number'] as const) : [])];
  test.each(lacks)('is refused without the %s of the decider', (without) => {
    const lacking = decidedBy(answering(type, answer), without);
    expect(judgedByProfiles(type, lacking).join('\n')).toContain(`${event}-author-${without}`);
    expect(judgedByReader(lacking)).toEqual(['author']);
  });
});

test('refuses a reason that is not in the guideline, by profile and hub', () => {
  const file = 'second-mission-rejection.json';
  const step = (code: string) =>
    changedExample(file, (resource) =>
      resource['resourceType'] === 'Task'
        ? { ...resource, statusReason: { ...concept(systems.refusalReason, code), text: 'Derfor.' } }
        : resource,
    );
  const decision = catalogue.find(({ event }) => event === 'mission-decision');
  if (decision === undefined) throw new Error('no decision');
  expect(judgedByProfiles(decision, step('weather'))).toEqual([]);
  const odd = step('no-such-reason');
  expect(judgedByProfiles(decision, odd).join('\n')).toContain('mission-decision-statusReason-needed');
  const message = readMessage(odd.text);
  if (message.outcome === 'refused') throw new Error('is judged with the mission');
  const answer = decidedInItsPlace(file, message);
  expect(answer.outcome === 'refused' && answer.faults.map(({ at }) => at)).toEqual([
    expect.stringContaining('.statusReason'),
  ]);
});

describe.each(catalogue.filter((type) => rulesOf(type).some(({ words }) => words === 'with-other')))(
  'the reason `other` of $event',
  (type) => {
    const [rule] = rulesOf(type).filter(({ words }) => words === 'with-other');
    const element = rule?.path.split('.')[1] ?? '';
    const withReason = (text: Resource) =>
      changedExample(type.example, (resource) => {
        if (resource['resourceType'] !== type.focus?.resource) return resource;
        const one = { ...concept(`${canonicalBase}/CodeSystem/${rule?.codes}`, 'other'), ...text };
        return { ...resource, [element]: element === 'reasonCode' ? [one] : one };
      });

    test('requires a text, by profile and reader', () => {
      const said = withReason({ text: 'Fordi.' });
      expect([judgedByProfiles(type, said), judgedByReader(said)]).toEqual([[], []]);
      const unsaid = withReason({});
      expect(judgedByProfiles(type, unsaid)).toEqual([expect.stringContaining(`${type.event}-${element}-other`)]);
      expect(judgedByReader(unsaid)).toEqual([expect.stringMatching(/\.text$/)]);
    });
  },
);

describe.each(catalogue.filter((type) => namesMission(type) && !type.senders.includes('hub')))(
  'the mission of $event',
  (type) => {
    const mission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';
    const named = (more: readonly Resource[], taskId: string, own: Resource = {}) =>
      changedExample(type.example, (resource) => {
        // The example is based on its own mission.
        if (resource['resourceType'] === 'Task') return { ...resource, id: taskId, basedOn: [], focus: {} };
        if (resource['resourceType'] === 'ServiceRequest') {
          const { identifier: _, ...rest } = resource;
          return { ...rest, ...own };
        }
        if (resource['resourceType'] !== 'MessageHeader' || !Array.isArray(resource['focus'])) return resource;
        const focus = resource['focus'].filter((one: unknown) => isObject(one) && one['reference'] !== undefined);
        return { ...resource, focus: [...focus, ...more] };
      });
    const unnamed = named([], 'my-own');
    const identifier = { system: systems.mission, value: mission };

    test('must be named, by profile and reader', () => {
      expect(judgedByProfiles(type, unnamed)).toEqual([expect.stringContaining(`${type.event}-mission`)]);
      expect(judgedByReader(unnamed)).toEqual(['focus']);
    });

    // If only some answers must name the Task, the reader uses the Task with those only.
    const standing = type.elements.find(({ path }) => path === 'Task.id')?.neededFor?.[0];
    const byTask =
      standing === undefined
        ? named([], hubTask)
        : changedExample(type.example, (resource) => {
            const { focus } = resource;
            if (resource['resourceType'] === 'Task')
              return { ...resource, ...filledInFor('cancelled'), id: hubTask, status: standing };
            return Array.isArray(focus)
              ? { ...resource, focus: focus.filter((one: unknown) => isObject(one) && one['reference'] !== undefined) }
              : resource;
          });
    test.each(standing === undefined ? [] : [standing])('is not named by a Task unless it is %s', () => {
      const message = named([], hubTask);
      expect(judgedByProfiles(type, message)).toEqual([expect.stringContaining(`${type.event}-mission`)]);
      expect(judgedByReader(message)).toEqual(['focus']);
    });

    const ways = {
      'by identifier': named([{ identifier }], 'my-own'),
      'by reference': named([{ reference: `ServiceRequest/${mission}` }], 'my-own'),
      ...(type.focus?.resource === 'Task' ? { 'by its Task': byTask } : {}),
      ...(type.focus?.resource === 'ServiceRequest'
        ? { 'by the ServiceRequest': named([], 'my-own', { identifier: [identifier] }) }
        : {}),
    };
    test.each(Object.entries(ways))('is named %s', (_way, message) =>
      expect([judgedByProfiles(type, message), judgedByReader(message)]).toEqual([[], []]),
    );

    test('is described in the MessageDefinition', () =>
      expect(library.read('MessageDefinition', type.event)).toMatchObject({
        description: expect.stringMatching(/\n\nFocus: .*mission/),
      }));
  },
);

describe('profile decider', () => {
  const decider = profiles.find(({ id }) => id === 'decider');
  if (decider === undefined) throw new Error('no profile');
  const whole = {
    resourceType: 'PractitionerRole',
    practitioner: { display: 'Kari Eksempel', identifier: { system: systems.healthPersonnel, value: '9144900' } },
    code: [{ text: 'AMK-lege' }],
  };
  const judged = (resource: object, entries?: ReadonlyMap<string, Resource>) => [
    breaches(resource, decider, terms, entries).length > 0,
    ...warnings(resource, decider, terms, entries).map((text) => text.split(': ')[1]),
  ];

  test('is a valid profile of R4', () => expect(problemsOf(withSnapshot(decider))).toEqual([]));
  test('accepts name, role and number', () => expect(judged(whole)).toEqual([false]));
  test('accepts name and number in a Practitioner of the Bundle', () => {
    const { display: text, identifier } = whole.practitioner;
    const practitioner = { resourceType: 'Practitioner', name: [{ text }], identifier: [identifier] };
    const pointing = { ...whole, practitioner: { reference: 'urn:uuid:1' } };
    expect(judged(pointing, new Map([['urn:uuid:1', practitioner]]))).toEqual([false]);
    expect(judged(pointing)).toEqual([false, 'decider-name', 'decider-number']);
  });
  test.each([
    ['no role', { ...whole, code: undefined }, [true]],
    ['an empty role', { ...whole, code: [{ id: 'x' }] }, [true]],
    ['no practitioner', { ...whole, practitioner: undefined }, [false, 'decider-name', 'decider-number']],
    [
      'a number with letters',
      { ...whole, practitioner: { display: 'K', identifier: { system: systems.healthPersonnel, value: 'x1' } } },
      [false, 'decider-number'],
    ],
    [
      'a number of another system',
      { ...whole, practitioner: { display: 'K', identifier: { system: 'urn:x', value: '1' } } },
      [false, 'decider-number'],
    ],
  ])('reports %s', (_name, resource, expected) =>
    expect(judged(JSON.parse(JSON.stringify(resource)))).toEqual(expected),
  );

  test('is the type of the author of messages that always have one', () => {
    const always = profiles.flatMap(({ id, differential }) =>
      (differential?.element ?? [])
        .filter(({ path, type }) => path === 'MessageHeader.author' && type?.[0]?.targetProfile?.[0] === decider.url)
        .map(() => id),
    );
    expect(always).toEqual(['medical-assessment-messageheader', 'mission-decision-messageheader']);
  });
});
