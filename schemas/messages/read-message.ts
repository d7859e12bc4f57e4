import { type BundleIndex, type Found, indexBundle } from './bundle-index.ts';
import { defined } from '../defined.ts';
import { type Fault, type Refusal, refuse } from '../faults.ts';
import { messageBundle, type MessageBundle, messageHeader, type MessageHeader } from '../fhir/resources.ts';
import { meta as metaSchema } from '../fhir/datatypes.ts';
import { isMissionId, parseAddress } from '../identifiers.ts';
import { isObject } from '../json/json.ts';
import { catalogue, eventCodeOf, messageTypesOf } from './catalogue.ts';
import { readStatements, updatesDescription } from './description.ts';
import { authorPath, eventPath, focusPath, headerPath, receiverPath, resourcePath } from './fhir-paths.ts';
import { messageDigest } from './message-identity.ts';
import type { Decider, Facts, MessageType } from './message-type.ts';
import { exerciseCode, systems } from '../names.ts';
import { readJson } from '../json/strict-json.ts';
import { type Parsed, parseWith, refuseAll } from '../fhir/zod-faults.ts';
import type { Claim, Message } from './message.ts';
import { readPerson } from './read-person.ts';
import { readPlace, type Whereabouts } from './read-place.ts';

/** A message of a mission has a few dozen entries; every reader has to process each of them. */
export const mostEntries = 500;

const missionIn = (header: MessageHeader, index: BundleIndex, facts: Facts): Parsed<string | undefined> => {
  // The identifiers of a resource are read once, however often it is in focus.
  const seen = new Set<Found | undefined>();
  const named = (header.focus ?? []).flatMap((focus, at) => {
    const found = index.resolve(focus);
    const identifiers = [focus.identifier, ...(seen.has(found) ? [] : identifiersOf(found))];
    seen.add(found);
    const byIdentifier = identifiers
      .filter((identifier) => identifier?.system === systems.mission)
      .map((identifier) => identifier?.value);
    const byReference =
      found === undefined ? /(?:^|\/)ServiceRequest\/([0-9a-f-]{36})$/.exec(focus.reference ?? '')?.[1] : undefined;
    return [...byIdentifier, byReference].filter((value) => value !== undefined).map((value) => ({ value, at }));
  });
  const odd = named.find(({ value }) => !isMissionId(value));
  if (odd !== undefined) {
    const detail = 'is not a mission number of the hub: send it as the hub gave it, in lower case';
    return { ok: false, faults: [{ code: 'wrong-field', at: `${headerPath}.focus[${odd.at}]`, detail }] };
  }
  const second = named.find(({ value }) => value !== named[0]?.value);
  if (second !== undefined) {
    return {
      ok: false,
      faults: [
        {
          code: 'wrong-field',
          at: `${headerPath}.focus[${second.at}]`,
          detail: 'names another mission than the focus before it: one message is about one mission',
        },
      ],
    };
  }
  return {
    ok: true,
    value: named[0]?.value ?? (facts.task === undefined ? undefined : parseAddress(facts.task)?.mission),
  };
};

const identifiersOf = (found: Found | undefined): readonly { readonly system?: string; readonly value?: string }[] => {
  const list: unknown = found?.resource.resourceType === 'ServiceRequest' ? found.resource['identifier'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.filter(isObject).map(({ system, value }) => ({
    ...(typeof system === 'string' ? { system } : {}),
    ...(typeof value === 'string' ? { value } : {}),
  }));
};

const findFocus = (header: MessageHeader, index: BundleIndex, resource: string): Found | undefined =>
  (header.focus ?? []).map((focus) => index.resolve(focus)).find((found) => found?.resource.resourceType === resource);

/** Faults of the person who decided: some answers require name and role, some also the HPR number. */
const deciderFaults = (type: MessageType, { answer }: Facts, decider: Decider | undefined): readonly Fault[] => {
  if (answer === undefined || type.authorRequiredFor?.includes(answer) !== true) return [];
  const at = authorPath;
  if (decider === undefined) {
    const detail = 'must name the person who decided, in a PractitionerRole in the Bundle';
    return [{ code: 'missing-field', at, detail }];
  }
  const detail = 'must say in which role the person decided: PractitionerRole.code, as coding or text';
  const number = `must give the person's HPR number (identifier system ${systems.healthPersonnel}), digits only`;
  const needsNumber = type.identifierRequiredFor?.includes(answer) === true && decider.identifier === undefined;
  return [
    ...(decider.role === undefined ? [{ code: 'missing-field' as const, at, detail }] : []),
    ...(needsNumber ? [{ code: 'missing-field' as const, at, detail: number }] : []),
  ];
};

const readFacts = (
  type: MessageType,
  header: MessageHeader,
  index: BundleIndex,
): Parsed<{ facts: Facts; focusIndex?: number }> => {
  const spec = type.focus;
  const schema = spec?.schema;
  if (spec === undefined || schema === undefined) return { ok: true, value: { facts: {} } };
  const focus = findFocus(header, index, spec.resource);
  if (focus === undefined) {
    if (type.focusOptional === true) return { ok: true, value: { facts: {} } };
    return {
      ok: false,
      faults: [
        {
          code: 'missing-field',
          at: focusPath,
          detail: `must point to a ${spec.resource} in the Bundle, by its fullUrl`,
        },
      ],
    };
  }
  const content = parseWith(schema, focus.resource, resourcePath(focus.index));
  // If the focus is a Location that cannot be read, its faults are in `content` already.
  const place: Parsed<Whereabouts> =
    content.ok || spec.location?.element !== 'self' ? readPlace(type, focus, index) : { ok: true, value: {} };
  const decider = readPerson(header.author, index);
  const faults = [
    ...(content.ok ? deciderFaults(type, content.value, decider) : content.faults),
    ...(place.ok ? [] : place.faults),
  ];
  if (!content.ok || !place.ok || faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      facts: {
        ...content.value,
        ...place.value,
        ...(updatesDescription(type) ? readStatements(focus.resource) : {}),
        ...defined({ decider }),
      },
      focusIndex: focus.index,
    },
  };
};

const isLabelled = (value: unknown): boolean => {
  const read = metaSchema.safeParse(value);
  return (
    read.success &&
    (read.data.security ?? []).some(({ system, code }) => system === systems.actReason && code === exerciseCode)
  );
};

const isExercise = (bundle: MessageBundle, header: MessageHeader): boolean =>
  isLabelled(bundle.meta) || isLabelled(header.meta);

const readDestinations = (header: MessageHeader, index: BundleIndex): Parsed<readonly string[]> => {
  const numbers: string[] = [];
  const faults: Fault[] = [];
  header.destination?.forEach(({ receiver }, at) => {
    if (receiver === undefined) return;
    const number = index.organisationNumber(receiver);
    if (number === undefined) {
      faults.push({
        code: 'wrong-field',
        at: receiverPath(at),
        detail: `must give an organisation number, identifier system ${systems.organisationNumber}`,
      });
    } else numbers.push(number);
  });
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: numbers };
};

const claimsOf = (header: MessageHeader, index: BundleIndex): readonly Claim[] =>
  (['sender', 'responsible'] as const).flatMap((element) =>
    index.organisationNumbers(header[element]).map((organisation) => ({ element, organisation })),
  );

/**
 * Reads a FHIR R4 message: strict in the elements that the hub routes by; other elements are not checked.
 * Returns every fault that it finds, each with its FHIRPath; throws nothing.
 */
export const readMessage = (text: string): Message | Refusal => {
  const json = readJson(text);
  if (!json.ok) return refuseAll([json.fault]);
  const plain = json.value;
  if (!isObject(plain) || plain['resourceType'] !== 'Bundle' || plain['type'] !== 'message')
    return refuse('not-a-message', 'Bundle');
  const { entry } = plain;
  if (Array.isArray(entry) && entry.length > mostEntries)
    return refuse('too-many-entries', 'Bundle.entry', `has ${entry.length}`);
  const bundle = parseWith(messageBundle, plain, 'Bundle');
  if (!bundle.ok) return refuseAll(bundle.faults);
  const [first] = bundle.value.entry;
  if (first?.resource.resourceType !== 'MessageHeader')
    return refuse('not-a-message', headerPath, 'the first entry is not a MessageHeader');
  const parsedHeader = parseWith(messageHeader, first.resource, headerPath);
  if (!parsedHeader.ok) return refuseAll(parsedHeader.faults);
  const header = parsedHeader.value;

  const index = indexBundle(bundle.value.entry);
  const types = header.eventCoding.system === systems.event ? messageTypesOf(header.eventCoding.code ?? '') : [];
  // Types that share a code differ in their focus resource.
  const type = types.find(({ focus }) => focus !== undefined && findFocus(header, index, focus.resource)) ?? types[0];
  if (type === undefined) {
    const known = [...new Set(catalogue.map(eventCodeOf))].join(', ');
    return refuse('unknown-event', eventPath, `give system ${systems.event} and one of the codes ${known}`);
  }

  if (type.dated === true && bundle.value.timestamp === undefined) {
    const detail =
      'give the time at which the report was made: a report that arrives late must not replace a newer one';
    return refuse('missing-field', 'Bundle.timestamp', detail);
  }

  const read = readFacts(type, header, index);
  const destinations = readDestinations(header, index);
  if (!read.ok || !destinations.ok)
    return refuseAll([...(read.ok ? [] : read.faults), ...(destinations.ok ? [] : destinations.faults)]);
  const mission = missionIn(header, index, read.value.facts);
  if (!mission.ok) return refuseAll(mission.faults);
  const opens = type.mission === 'opens' || type.log === 'resource';
  if (!opens && mission.value === undefined) {
    return refuse(
      'missing-field',
      focusPath,
      `must name the mission: a focus with identifier system ${systems.mission}`,
    );
  }
  const exercise = isExercise(bundle.value, header);
  const labelled = bundle.value.entry.findIndex(({ resource }) => isLabelled(resource['meta']));
  if (!exercise && labelled !== -1) {
    return refuse(
      'exercise-mismatch',
      `Bundle.entry[${labelled}].resource.meta.security`,
      'a resource has the label HTEST, but neither the Bundle nor its MessageHeader has it',
    );
  }
  return {
    outcome: 'read',
    type,
    id: header.id,
    ...defined({
      bundleId: bundle.value.id,
      mission: opens ? undefined : mission.value,
      focusIndex: read.value.focusIndex,
      sentAt: bundle.value.timestamp,
    }),
    destinations: destinations.value,
    claims: claimsOf(header, index),
    exercise,
    warnings: [],
    facts:
      type.dated === true || type.mission === 'opens'
        ? { ...read.value.facts, ...defined({ statedAt: bundle.value.timestamp }) }
        : read.value.facts,
    text,
    digest: messageDigest(text),
  };
};
