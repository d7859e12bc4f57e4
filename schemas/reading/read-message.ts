import { defined } from '../defined.ts';
import { type Fault, type Refusal, refuse } from '../faults.ts';
import { messageBundle } from '../fhir/resources.ts';
import { currentView } from '../fhir/current.ts';
import { moment } from '../fhir/datatypes.ts';
import { normalUrl } from '../fhir/addresses.ts';
import { parseAddress } from '../identifiers.ts';
import { isObject } from '../json/json.ts';
import { catalogue, type CataloguedType, eventCodeOf, messageTypesOf } from '../messages/catalogue.ts';
import { describesMission, readStatements, statementFaults, updatesDescription } from './description.ts';
import { eventPath, focusPath, headerPath } from './fhir-paths.ts';
import { messageDigest } from './message-identity.ts';
import { readFindings } from './findings.ts';
import type { Decider, Facts, MessageType } from '../messages/message-type.ts';
import { canonicalBase, systems } from '../names.ts';
import { checkR4 } from '../r4/check.ts';
import { readJson } from '../json/strict-json.ts';
import { type Parsed, parseWith, refuseAll } from '../fhir/zod-faults.ts';
import type { Warning } from '../warnings.ts';
import type { Message } from './message.ts';
import { bundleModifierFaults, modifierFaults } from './modifiers.ts';
import { readExercise } from './read-exercise.ts';
import { asks, readAsk } from './read-ask.ts';
import { deciderFaults, personFaults, readAuthor } from './read-decider.ts';
import { authorPlace, readPerson } from './read-person.ts';
import { bundleFaults } from './bundle-faults.ts';
import { copyFaults, reservedAddressFaults } from './hub-names.ts';
import { readHeader } from './read-header.ts';
import { type Focus, oneInFocus, readFocus } from './read-focus.ts';
import { type OrganisationReader, organisationReaderOf } from './read-organisation.ts';
import { contactsIn } from './contacts.ts';
import { askedWarnings, type KnownEndpoints, readAsked, readClaims, readDestinations } from './read-parties.ts';
import { checkPatient } from './read-patient.ts';
import { readPlace } from './read-place.ts';
import { resolveFocus } from './resolve-focus.ts';
import { inHeader, noting, type Resolver, resolverOf } from './resolver.ts';

/** A message of a mission has a few dozen entries; every reader has to process each of them. */
export const mostEntries = 500;

const faultsIn = (part: Parsed<unknown>): readonly Fault[] => (part.ok ? [] : part.faults);

interface Readers {
  readonly resolver: Resolver;
  readonly organisations: OrganisationReader;
  readonly author: Parsed<Decider | undefined>;
}

const readFacts = (
  type: MessageType,
  focused: Focus,
  { resolver, organisations, author }: Readers,
): Parsed<{ facts: Facts; focusIndex?: number; warnings: readonly Warning[] }> => {
  const spec = type.focus;
  const schema = spec?.schema;
  const noFacts = { ok: true, value: {} } as const;
  const nothing = (): ReturnType<typeof readFacts> => {
    const read = readAuthor(type, noFacts, author);
    return read.ok ? { ok: true, value: { facts: {}, warnings: read.value.warnings } } : read;
  };
  if (spec === undefined || schema === undefined) return nothing();
  const one = oneInFocus(focused, [spec.resource]);
  if (!one.ok) return one;
  const focus = one.value;
  if (focus === undefined) {
    if (type.focusOptional === true) return nothing();
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
  const resolved = resolveFocus(focus, { resolver, organisations });
  if (!resolved.ok) return resolved;
  const place = readPlace(type, focus, resolver);
  const patient = checkPatient(focus, resolver);
  // A Task that reports where it is reports nothing if its Location has no position.
  const { location, ...others } = resolved.value.resource;
  const reportsNoPlace =
    spec.location?.element === 'location' && place.ok && place.value.whereabouts.position === undefined;
  const content = parseWith(schema, reportsNoPlace ? others : { ...others, location }, focus.at);
  const by = readAuthor(type, content, author);
  // A Location in focus that cannot be read is reported once.
  const known = new Set(content.ok ? [] : content.faults.map(({ at }) => at));
  const faults = [
    ...(content.ok && by.ok ? deciderFaults(type, content.value, by.value.decider) : faultsIn(content)),
    ...(by.ok ? personFaults(type, by.value.decider, focus, resolver) : by.faults),
    ...(place.ok ? [] : place.faults.filter(({ at }) => !known.has(at))),
    ...faultsIn(patient),
    ...(updatesDescription(type) ? statementFaults(focus.resource, focus.at) : []),
  ];
  if (!content.ok || !by.ok || !place.ok || !patient.ok || faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      facts: {
        ...content.value,
        ...place.value.whereabouts,
        ...(asks(type) ? { ask: readAsk(focus, resolver, place.value.location) } : {}),
        ...(updatesDescription(type) ? readStatements(focus.resource) : {}),
        ...defined({ decider: by.value.decider }),
      },
      focusIndex: focus.index,
      warnings: [...resolved.value.warnings, ...place.value.warnings, ...patient.value, ...by.value.warnings],
    },
  };
};

/** Types that share a code differ in their focus resource. */
const typeByFocus = (
  [first, ...others]: readonly [CataloguedType, ...CataloguedType[]],
  focus: Focus,
): Parsed<CataloguedType> => {
  const types = [first, ...others];
  const deciding = oneInFocus(
    focus,
    types.flatMap((type) => type.focus?.resource ?? []),
  );
  if (!deciding.ok) return deciding;
  const resource = deciding.value?.resource['resourceType'];
  return { ok: true, value: types.find((type) => type.focus?.resource === resource) ?? first };
};

/** Addresses that the reader must know to understand references. */
export interface KnownAddresses extends KnownEndpoints {
  /** Public base URL of the hub. */
  readonly base: string;
}

/** For a reader that knows no directory. */
const noDirectory: KnownAddresses = { base: canonicalBase, partiesAt: () => [] };

/**
 * Reads a FHIR R4 message: strict in the elements that the hub routes by. Other elements that are not valid R4 give warnings.
 * Returns every fault that it finds, each with its FHIRPath; throws nothing.
 */
export const readMessage = (text: string, { base, partiesAt }: KnownAddresses = noDirectory): Message | Refusal => {
  const json = readJson(text);
  if (!json.ok) return refuseAll([json.fault]);
  const plain = json.value;
  if (!isObject(plain) || plain['resourceType'] !== 'Bundle' || plain['type'] !== 'message')
    return refuse('not-a-message', 'Bundle');
  const { entry } = plain;
  if (Array.isArray(entry) && entry.length > mostEntries)
    return refuse('too-many-entries', 'Bundle.entry', `has ${entry.length}`);
  const exercise = readExercise(plain, text);
  if (!exercise.ok) return refuseAll(exercise.faults);
  const sentAt = moment.safeParse(plain['timestamp']).data;
  const bundle = parseWith(messageBundle, currentView(plain, text, sentAt), 'Bundle');
  if (!bundle.ok) return refuseAll(bundle.faults);
  const form = checkR4(plain);
  if (form.faults.length > 0) return refuseAll(form.faults);
  const [first] = bundle.value.entry;
  if (first?.resource.resourceType !== 'MessageHeader')
    return refuse('not-a-message', headerPath, 'the first entry is not a MessageHeader');
  const entries = bundle.value.entry;
  const parsedHeader = readHeader(first);
  const named = [...bundleFaults(entries), ...reservedAddressFaults(entries, base)];
  if (!parsedHeader.ok || named.length > 0) return refuseAll([...faultsIn(parsedHeader), ...named]);
  const header = parsedHeader.value;

  const resolver = noting(resolverOf(entries, normalUrl(base)));
  resolver.note({ ...inHeader, at: headerPath, resource: first.resource });
  const organisations = organisationReaderOf(resolver);
  const focus = readFocus(header, resolver);
  const types = header.eventCoding.system === systems.event ? messageTypesOf(header.eventCoding.code ?? '') : [];
  const [firstType, ...otherTypes] = types;
  if (firstType === undefined) {
    const codes = [...new Set(catalogue.map(eventCodeOf))].join(', ');
    return refuse('unknown-event', eventPath, `give system ${systems.event} and one of the codes ${codes}`);
  }
  const destinations = readDestinations(header, organisations, partiesAt);
  const claims = readClaims(header, organisations);
  const author = readPerson(header.author, authorPlace, resolver);
  const type = focus.ok ? typeByFocus([firstType, ...otherTypes], focus.value) : focus;
  if (!focus.ok || !type.ok) return refuseAll([type, destinations, claims].flatMap(faultsIn));
  if (type.value.dated === true && bundle.value.timestamp === undefined) {
    const detail =
      'give the time at which the report was made: a report that arrives late must not replace a newer one';
    return refuse('missing-field', 'Bundle.timestamp', detail);
  }
  const read = readFacts(type.value, focus.value, { resolver, organisations, author });
  if (!read.ok || !destinations.ok || !claims.ok) return refuseAll([read, destinations, claims].flatMap(faultsIn));
  const mission = focus.value.named?.mission ?? parseAddress(read.value.facts.task ?? '')?.mission;
  const opens = type.value.mission === 'opens' || type.value.log === 'resource';
  if (opens && focus.value.named !== undefined) {
    const detail =
      type.value.mission === 'opens'
        ? 'names a mission, but a request opens a new one, and the hub gives its number: leave the number out, or send mission-update'
        : 'names a mission, but this report is about a resource in no mission: leave the number out, or report on its Task';
    return refuse('wrong-field', focus.value.named.at, detail);
  }
  if (!opens && mission === undefined) {
    return refuse(
      'missing-field',
      focusPath,
      `must name the mission: a focus with identifier system ${systems.mission}`,
    );
  }
  // The hub's own messages are about resources that it has written; no partner may send one.
  const copies =
    type.value.relation === 'hub'
      ? []
      : copyFaults(entries, {
          ...defined({ focusIndex: read.value.focusIndex }),
          focused: focus.value.resources.map(({ index }) => index),
        });
  if (copies.length > 0) return refuseAll(copies);
  const asked = readAsked(type.value, entries, read.value, organisations);
  const findings = describesMission(type.value) ? readFindings(entries, resolver) : {};
  const changed = [
    ...bundleModifierFaults(plain),
    ...[...resolver.found].flatMap((found) => modifierFaults(found, sentAt)),
  ];
  if (changed.length > 0) return refuseAll(changed);
  return {
    outcome: 'read',
    type: type.value,
    id: header.id,
    ...defined({
      bundleId: bundle.value.id,
      mission: opens ? undefined : mission,
      focusIndex: read.value.focusIndex,
      sentAt: bundle.value.timestamp,
    }),
    destinations: destinations.value.receivers,
    claims: claims.value,
    asked,
    contacts: contactsIn(entries),
    exercise: exercise.value,
    warnings: [
      ...destinations.value.warnings,
      ...focus.value.warnings,
      ...askedWarnings(asked, destinations.value.receivers),
      ...read.value.warnings,
      ...form.warnings,
    ],
    facts: {
      ...read.value.facts,
      ...(type.value.dated === true || type.value.mission === 'opens'
        ? defined({ statedAt: bundle.value.timestamp })
        : {}),
      ...findings,
    },
    text,
    digest: messageDigest(text),
  };
};
