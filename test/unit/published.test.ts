import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeSystem, StructureDefinition, ValueSet } from 'fhir/r4.d.ts';
import { describe, expect, test } from 'vitest';
import type { Notification } from '../../mission/ports.ts';
import { receipt } from '../../mission/views/communication.ts';
import { capabilityStatement } from '../../mission/views/published/capability-statement.ts';
import { published } from '../../mission/views/published/index.ts';
import { firstGuidelines, type Guideline, type Guidelines } from '../../schemas/guideline.ts';
import { isObject } from '../../schemas/json.ts';
import { type Message, readMessage } from '../../schemas/message.ts';
import { catalogue } from '../../schemas/messages/catalogue.ts';
import { canonicalBase, missionTopic, systems } from '../../schemas/names.ts';
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
} from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { breaches, withSnapshot } from '../support/profiles.ts';

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
  <Resource extends { resourceType: string }>(type: Resource['resourceType']) =>
  (one: { resourceType: string }): one is Resource =>
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

describe('what the hub publishes', () => {
  test.each(everything.map((one) => [`${one.resourceType}/${one.id}`, one] as const))('%s is valid FHIR', (_id, one) =>
    expect(problemsOf(one)).toEqual([]),
  );

  test('has one id and one URL with version each', () => {
    const ids = everything.map(({ resourceType, id }) => `${resourceType}/${id}`);
    expect(new Set(ids).size).toBe(ids.length);
    const urls = everything.map(({ url, version: of }) => `${url}|${of}`);
    expect(new Set(urls).size).toBe(urls.length);
  });

  test('refers to nothing of the hub that is not there', () => {
    const urls = new Set<unknown>([...everything.map(({ url }) => url), missionTopic]);
    const dangling = everything.flatMap((one) =>
      members(one, `${one.resourceType}/${one.id}`).filter(
        ([, value]) =>
          typeof value === 'string' && /^https:\/\/luftbro\.example\/fhir\/\S+$/.test(value) && !urls.has(value),
      ),
    );
    expect(dangling).toEqual([]);
  });

  test('has every code system that the hub has a name for', () => {
    const minted = Object.values(systems).filter((url) => url.startsWith(`${canonicalBase}/CodeSystem/`));
    expect(minted.filter((url) => !codeSystems.some((one) => one.url === url))).toEqual([]);
  });

  test('has every extension that the hub has a URL for', () => {
    const minted = ['mission', 'schemas', 'adapters', 'functions']
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

  test('has every code that the hub, its examples and its sample directory use, in the same words', () => {
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

describe('a version of the guideline', () => {
  test.each(['mission-criterion', 'refusal-reason', 'urgency'])('is a version of %s', (name) => {
    const url = `${canonicalBase}/CodeSystem/${name}`;
    expect(
      library
        .search('CodeSystem', { url })
        .map(({ id, version: of, status, extension }) => [id, of, status, extension?.[0]?.valuePeriod]),
    ).toEqual([
      [name, '2026.2', 'active', { start: '2026-06-01T00:00:00+02:00', end: '2027-01-01T00:00:00+01:00' }],
      [`${name}-2026.1`, '2026.1', 'retired', { start: first.validFrom, end: '2026-06-01T00:00:00+02:00' }],
      [`${name}-2027.1`, '2027.1', 'draft', { start: '2027-01-01T00:00:00+01:00' }],
    ]);
    expect(library.search('CodeSystem', { url, version: '2026.1' })).toHaveLength(1);
    expect(library.search('CodeSystem', { url, version: '2025.1' })).toEqual([]);
  });

  const codesOfSystem = (id: string) => {
    const found = library.read('CodeSystem', id);
    return found?.resourceType === 'CodeSystem' ? found.concept : undefined;
  };

  test('is read by the plain id while it is in force, and always by its own', () => {
    expect(codesOfSystem('mission-criterion')).toContainEqual({ code: 'new-one', display: 'New' });
    expect(codesOfSystem('mission-criterion-2026.2')).toEqual(codesOfSystem('mission-criterion'));
    expect(library.read('CodeSystem', 'mission-criterion-2026.2')?.id).toBe('mission-criterion-2026.2');
    expect(codesOfSystem('mission-criterion-2026.1')).toHaveLength(Object.keys(first.criteria).length);
    expect(codesOfSystem('mission-criterion-2025.1')).toBeUndefined();
  });

  test('says the class of each refusal reason', () =>
    expect(codesOfSystem('refusal-reason')).toContainEqual({
      code: 'weather',
      display: 'Weather',
      property: [{ code: 'class', valueCoding: { system: systems.refusalClass, code: 'operational' } }],
    }));

  test('says what people call the urgencies, and how long they have', () =>
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

describe('what is published', () => {
  test('is found by type, URL and version', () => {
    const url = `${canonicalBase}/MessageDefinition/mission-request`;
    expect(library.search('MessageDefinition', {})).toHaveLength(catalogue.length);
    expect(library.search('MessageDefinition', { url }).map(({ id }) => id)).toEqual(['mission-request']);
    expect(library.search('MessageDefinition', { url, version: '9' })).toEqual([]);
    expect(library.search('CodeSystem', { url })).toEqual([]);
    expect(library.search('Patient', {})).toEqual([]);
    expect(library.read('MessageDefinition', 'mission-request')?.url).toBe(url);
    expect(library.read('ValueSet', 'mission-request')).toBeUndefined();
  });

  test('lets an operator report only what is not worked out from the missions', () => {
    const codes = valueSets.find(({ id }) => id === 'resource-availability')?.compose?.include[0]?.concept;
    expect(codes?.map(({ code }) => code)).toEqual(['free', 'off-line', 'technical', 'weather', 'crew-duty']);
  });

  test('names every message in the CapabilityStatement, the hub as sender of its own', () => {
    const modes = Object.groupBy(statement.messaging?.[0]?.supportedMessage ?? [], ({ mode }) => mode);
    expect(modes.sender?.map(({ definition }) => definition.split('/').at(-1))).toEqual([
      'acknowledgement-overdue',
      'delivery-failed',
      'party-unreachable',
    ]);
    expect(modes.receiver).toHaveLength(catalogue.length - 3);
  });

  test('names every profile in the CapabilityStatement, with its resource', () => {
    const named = statement.rest?.[0]?.resource?.flatMap(({ type, supportedProfile }) =>
      (supportedProfile ?? []).map((url) => `${type} ${url}`),
    );
    expect(named?.toSorted()).toEqual(profiles.map(({ type, url }) => `${type} ${url}`).toSorted());
  });

  test.each([
    ['mission-request', 'consequence'],
    ['acknowledgement', 'consequence'],
    ['mission-cancel', 'consequence'],
    ['mission-update', 'notification'],
    ['acknowledgement-overdue', 'notification'],
    ['resource-availability', 'currency'],
  ])('says what %s is in FHIR messaging: %s', (id, category) =>
    expect(library.read('MessageDefinition', id)).toMatchObject({ category }),
  );
});

test('The receipt of what failed has a code that is published', () => {
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

/** The hub's answer to an example that was changed, in the place where it is played. */
const decidedInItsPlace = (file: string, message: Message) => {
  const steps = [exampleSteps, secondSteps].find((list) => list.some((step) => step.file === file)) ?? [];
  const at = steps.findIndex((step) => step.file === file);
  return decideExample(logOf(steps, at).at(-1)?.state, message, partyOfClient(steps[at]?.client ?? ''));
};

/** The header of an example and the resource it is about, each with the place it has in the Bundle. */
const partsOf = (file: string): readonly { readonly resource: Record<string, unknown>; readonly at: number }[] => {
  const bundle: unknown = JSON.parse(exampleText(file));
  const entries = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'].filter(isObject) : [];
  return entries.flatMap(({ resource }, at) => (isObject(resource) ? [{ resource, at }] : []));
};

test.each(everyStep)('The profiles refuse nothing of $file, which the hub takes', ({ file }) => {
  const message = readMessage(exampleText(file));
  if (message.outcome === 'refused') throw new Error('the example is refused');
  const { event, focus } = message.type;
  const parts = partsOf(file);
  const judged = ['MessageHeader', ...(focus === undefined ? [] : [focus.resource])].map((type) => {
    const profile = profiles.find(({ id }) => id === `${event}-${type.toLowerCase()}`);
    const part = parts.find(({ resource }) => resource['resourceType'] === type);
    if (profile === undefined || part === undefined) throw new Error(`no ${type}`);
    return breaches(part.resource, profile, terms);
  });
  expect(judged.flat()).toEqual([]);
});

describe.each(catalogue)('the profiles of $event', (type) => {
  const parts = partsOf(type.example);
  const partOf = (resourceType: string) => {
    const found = parts.find(({ resource }) => resource['resourceType'] === resourceType);
    if (found === undefined) throw new Error(`${type.example} has no ${resourceType}`);
    return found;
  };
  const mine = profiles.filter(({ id }) => id === `${type.event}-${id?.split('-').at(-1)}`);

  test('are profiles of R4', () => {
    expect(mine.length).toBe(type.focus === undefined ? 1 : 2);
    for (const profile of mine) expect(problemsOf(withSnapshot(profile))).toEqual([]);
  });

  test('hold for the example', () => {
    for (const profile of mine) expect(breaches(partOf(profile.type).resource, profile, terms)).toEqual([]);
  });

  const always = type.elements.filter(({ required }) => required === 'always');
  test.each(always)('and the reader refuse the example without $path', ({ path }) => {
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
    // Whether somebody must be named is known only together with the mission.
    const answer = read.outcome === 'refused' ? read : decidedInItsPlace(type.example, read);
    expect(answer.outcome === 'refused' ? answer.faults.map((fault) => fault.at) : answer.outcome).toContainEqual(
      expect.stringMatching(new RegExp(`^Bundle\\.entry\\[${at}\\]\\.resource\\.${element}`)),
    );
  });
});
