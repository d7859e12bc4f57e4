import { parseAddress } from '../../../schemas/identifiers.ts';
import { isObject, listOf } from '../../../schemas/json/json.ts';
import { municipalityExtension, systems } from '../../../schemas/names.ts';

/**
 * The auditor's own reader of FHIR messages. It reads the few elements that decide who must be notified, and shares no code with the
 * reader of the hub (`schemas/reading/`): a text that the two understand differently is a finding. Where it cannot read a text it
 * says so; it never guesses.
 */

/** What an accepted message says. Tasks and flights are the numbers of the entries that opened them. */
export interface Said {
  /** Name in the rules. */
  readonly event: string;
  /** Code in `MessageHeader.eventCoding`: two events share `resource-status`. */
  readonly code: string;
  /** Organisation numbers in `MessageHeader.destination`. */
  readonly receivers: readonly string[];
  readonly task?: number;
  /** `Task.status` or `ServiceRequest.status`. */
  readonly status?: string;
  readonly phases: readonly string[];
  readonly flight?: number;
  readonly divertedTo?: string;
  readonly handedOverTo?: string;
  readonly urgency?: string;
  readonly municipality?: string;
  /** Of a message of the hub that a party was not reached. */
  readonly undelivered?: { readonly organisation: string; readonly entry: number; readonly reason?: string };
}

type Json = Readonly<Record<string, unknown>>;

interface Enclosed {
  readonly url: string;
  readonly resource: Json;
}

/** The text has a form that the auditor does not know. */
class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const objects = (value: unknown): readonly Json[] => listOf(value).filter(isObject);

/** URNs of UUIDs are equal whatever their case. */
const plainUrl = (url: string): string => (/^urn:uuid:/i.test(url) ? url.toLowerCase() : url.replace(/\/$/, ''));

const codesOf = (concept: unknown, system: string): readonly string[] =>
  isObject(concept)
    ? objects(concept['coding']).flatMap((coding) =>
        coding['system'] === system || coding['system'] === undefined ? (textOf(coding['code']) ?? []) : [],
      )
    : [];

/** The last two steps of a path: `Task/<id>`, without a version. */
const nameIn = (reference: string): { readonly type: string; readonly id: string } | undefined => {
  const [, type, id] = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]+)(?:\/_history\/[^/]+)?\/?$/.exec(reference) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
};

const bundleOf = (text: string): readonly [Enclosed, ...Enclosed[]] => {
  const bundle: unknown = JSON.parse(text);
  const [header, ...others] = objects(isObject(bundle) ? bundle['entry'] : undefined).flatMap(
    ({ fullUrl, resource }): Enclosed[] =>
      isObject(resource) ? [{ url: plainUrl(textOf(fullUrl) ?? ''), resource }] : [],
  );
  if (header?.resource['resourceType'] !== 'MessageHeader') throw new Unreadable('there is no MessageHeader');
  return [header, ...others];
};

const isNumbered = ({ system, use }: Json): boolean => system === systems.organisationNumber && use !== 'old';

const numberIn = (resource: Json): string | undefined =>
  textOf(objects(resource['identifier']).find(isNumbered)?.['value']);

/** Follows the references of one message. */
const referencesOf = (entries: readonly Enclosed[]) => {
  const resourceOf = (reference: string, from: Json): Json | undefined => {
    if (reference.startsWith('#')) return objects(from['contained']).find(({ id }) => id === reference.slice(1));
    const url = plainUrl(reference);
    const name = nameIn(reference);
    const isMeant = ({ url: own, resource }: Enclosed): boolean =>
      own === url ||
      (name !== undefined &&
        resource['resourceType'] === name.type &&
        (resource['id'] === name.id || own.endsWith(`/${name.type}/${name.id}`)));
    return entries.find(isMeant)?.resource;
  };

  /** The organisation number of a reference. */
  const organisation = (reference: unknown, from: Json): string => {
    if (!isObject(reference)) throw new Unreadable('an organisation is no reference');
    const { identifier } = reference;
    if (isObject(identifier) && isNumbered(identifier)) return textOf(identifier['value']) ?? '';
    const target = textOf(reference['reference']) ?? '';
    const found =
      target === '' && isObject(identifier)
        ? entries.find(({ resource }) =>
            objects(resource['identifier']).some(
              ({ system, value }) => system === identifier['system'] && value === identifier['value'],
            ),
          )?.resource
        : resourceOf(target, from);
    if (found?.['resourceType'] === 'PractitionerRole') return organisation(found['organization'], from);
    const name = nameIn(target);
    const number = found === undefined ? (name?.type === 'Organization' ? name.id : undefined) : numberIn(found);
    if (number === undefined) throw new Unreadable('an organisation has no number');
    return number;
  };

  /** The number of the entry that opened the Task of a reference; nothing for a Task of the sender's own. */
  const task = (reference: unknown, from: Json): number | undefined => {
    const target = isObject(reference) ? (textOf(reference['reference']) ?? '') : '';
    const id = textOf(resourceOf(target, from)?.['id']) ?? nameIn(target)?.id ?? '';
    return parseAddress(id)?.entry;
  };

  return { resourceOf, organisation, task };
};

type References = ReturnType<typeof referencesOf>;

const phaseCodes: readonly string[] = [
  'alarm-received',
  'unit-alerted',
  'departed',
  'on-scene',
  'patient-contact',
  'departed-scene',
  'arrived-at-destination',
  'handed-over',
  'available',
];

const ofTask = (resource: Json, references: References): Partial<Said> => {
  const outputs = objects(resource['output']);
  const detail = (code: string): string | undefined => {
    const found = outputs.find(({ type }) => codesOf(type, systems.taskDetail).includes(code));
    return found === undefined ? undefined : references.organisation(found['valueReference'], resource);
  };
  const [flight] = listOf(resource['partOf']).flatMap((one) => references.task(one, resource) ?? []);
  const task = parseAddress(textOf(resource['id']) ?? '')?.entry;
  const divertedTo = detail('diverted-to');
  const handedOverTo = detail('handed-over-to');
  return {
    phases: outputs.flatMap(({ type }) =>
      codesOf(type, systems.flightPhase).filter((code) => phaseCodes.includes(code)),
    ),
    ...(task === undefined ? {} : { task }),
    ...(flight === undefined ? {} : { flight }),
    ...(divertedTo === undefined ? {} : { divertedTo }),
    ...(handedOverTo === undefined ? {} : { handedOverTo }),
  };
};

/** Municipality number of the first place that has a position. */
const municipalityOf = (request: Json, references: References): string | undefined => {
  const places = objects(request['locationReference']).flatMap(({ reference }): Json[] => {
    const place = references.resourceOf(textOf(reference) ?? '', request);
    return place === undefined ? [] : [place];
  });
  const address = places.find(({ position }) => isObject(position))?.['address'];
  const district = isObject(address) ? address['_district'] : undefined;
  const [coding] = objects(isObject(district) ? district['extension'] : undefined)
    .filter(({ url }) => url === municipalityExtension)
    .map(({ valueCoding }) => valueCoding);
  return isObject(coding) ? textOf(coding['code']) : undefined;
};

const ofRequest = (resource: Json, references: References): Partial<Said> => {
  const urgency = textOf(resource['priority']);
  const municipality = municipalityOf(resource, references);
  return {
    ...(urgency === undefined ? {} : { urgency }),
    ...(municipality === undefined ? {} : { municipality }),
  };
};

/** A message of the hub: whom to phone about which Task or entry. */
const ofAlert = (resource: Json, references: References): Partial<Said> => {
  const names = objects(resource['about']).flatMap(({ reference }) => nameIn(textOf(reference) ?? '') ?? []);
  const about = (type: string): number | undefined =>
    parseAddress(names.find((name) => name.type === type)?.id ?? '')?.entry;
  const [recipient] = objects(resource['recipient']);
  const task = about('Task');
  const entry = about('Bundle');
  const [reason] = objects(resource['reasonCode']).flatMap((concept) => codesOf(concept, systems.unreachedReason));
  return {
    ...(task === undefined ? {} : { task }),
    ...(entry === undefined
      ? {}
      : {
          undelivered: {
            organisation: references.organisation(recipient, resource),
            entry,
            ...(reason === undefined ? {} : { reason }),
          },
        }),
  };
};

const read = (text: string): Said => {
  const entries = bundleOf(text);
  const [{ resource: header }] = entries;
  const references = referencesOf(entries);
  const { eventCoding } = header;
  const code = isObject(eventCoding) ? textOf(eventCoding['code']) : undefined;
  if (code === undefined) throw new Unreadable('the message has no event');
  const receivers = objects(header['destination']).map(({ receiver }) => references.organisation(receiver, header));
  const focused = objects(header['focus']).flatMap(({ reference }): Json[] => {
    const resource = references.resourceOf(textOf(reference) ?? '', header);
    return resource === undefined ? [] : [resource];
  });
  const focus = (type: string): Json | undefined => focused.find(({ resourceType }) => resourceType === type);
  const [task, request, alert] = [focus('Task'), focus('ServiceRequest'), focus('CommunicationRequest')];
  const status = textOf((task ?? request)?.['status']);
  return {
    event: code === 'resource-status' && task === undefined ? 'resource-availability' : code,
    code,
    receivers: [...new Set(receivers)],
    phases: [],
    ...(request === undefined ? {} : ofRequest(request, references)),
    ...(task === undefined ? {} : ofTask(task, references)),
    ...(alert === undefined ? {} : ofAlert(alert, references)),
    ...(status === undefined ? {} : { status }),
  };
};

/** What a message says; nothing if the auditor cannot read it. */
export const readText = (text: string): Said | undefined => {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined;
    throw error;
  }
};
