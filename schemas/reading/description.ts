import type { ServiceRequest } from 'fhir/r4.d.ts';
import type { Fault } from '../faults.ts';
import { fingerprintOf } from '../identifiers.ts';
import { isObject, listOf } from '../json/json.ts';
import { isMissionNumber } from './hub-names.ts';
import { absentReasonOf } from '../messages/absent-reason.ts';
import type { Facts, MessageType } from '../messages/message-type.ts';

/**
 * What a ServiceRequest states of a mission. A later one replaces the elements that it states; the others stay. The hub itself
 * decides `status`, `priority` and `performer`, `intent` is that of the request, and `contained` belongs to the elements that refer to it.
 */

/** Elements of R4 `ServiceRequest` that are one statement each. Other members are not R4: they state nothing. */
const elements = [
  'implicitRules',
  'language',
  'text',
  'modifierExtension',
  'instantiatesCanonical',
  'instantiatesUri',
  'basedOn',
  'replaces',
  'requisition',
  'category',
  'doNotPerform',
  'code',
  'orderDetail',
  'subject',
  'encounter',
  'authoredOn',
  'requester',
  'performerType',
  'locationCode',
  'locationReference',
  'reasonCode',
  'reasonReference',
  'insurance',
  'supportingInfo',
  'specimen',
  'bodySite',
  'note',
  'patientInstruction',
  'relevantHistory',
] as const satisfies readonly (keyof ServiceRequest)[];

/** Elements with a type in their name: `occurrenceDateTime` and `occurrencePeriod` are one element. */
const choices = [
  ['quantity', /^quantity[A-Z]/],
  ['occurrence', /^occurrence[A-Z]/],
  ['asNeeded', /^asNeeded[A-Z]/],
] as const;

type Members = Readonly<Record<string, unknown>>;

/** One statement: the members of the resource that make it up, or that the element is taken back. */
export interface Statement {
  readonly members: Members;
  readonly takenBack: boolean;
}

/** The code that takes an element back: there is no value for it. Every other reason states nothing. */
const takesBackCode = 'not-applicable';

const isEmpty = (value: unknown): boolean => {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.every(isEmpty);
  return isObject(value) && Object.values(value).every(isEmpty);
};

/** The statement in an element and its `_` sibling, if there is one. */
const statementIn = (members: Members): Statement | undefined => {
  const values = Object.values(members).filter((value) => !isEmpty(value));
  if (values.length === 0) return undefined;
  const [reason] = values.map(absentReasonOf);
  if (values.length === 1 && reason !== undefined)
    return reason === takesBackCode ? { members, takenBack: true } : undefined;
  return { members, takenBack: false };
};

const elementNames: ReadonlySet<string> = new Set(elements);

/** The element that a member of a ServiceRequest belongs to, with its `_` sibling. None: the member states nothing. */
const elementOf = (member: string): string | undefined => {
  const name = member.startsWith('_') ? member.slice(1) : member;
  return elementNames.has(name) ? name : choices.find(([, form]) => form.test(name))?.[0];
};

/** The members of each element that a ServiceRequest has, in its order. */
const membersByElement = (resource: Members): ReadonlyMap<string, Members> => {
  const found = new Map<string, Record<string, unknown>>();
  for (const [member, value] of Object.entries(resource)) {
    const element = elementOf(member);
    if (element === undefined) continue;
    const members = found.get(element);
    if (members === undefined) found.set(element, { [member]: value });
    else members[member] = value;
  }
  return found;
};

/** Whether a reference leads to somebody: a subject with words alone leads to nobody. */
const leadsSomewhere = (reference: unknown): boolean =>
  isObject(reference) && (typeof reference['reference'] === 'string' || isObject(reference['identifier']));

const keyOfSubject = (subject: unknown): string =>
  leadsSomewhere(subject) || absentReasonOf(subject) === takesBackCode ? 'subject' : 'subject.display';

/** Extensions by URL. One without URL states nothing. */
const extensionsByUrl = (resource: Members): ReadonlyMap<string, readonly unknown[]> => {
  const named = listOf(resource['extension']).flatMap((one) =>
    isObject(one) && typeof one['url'] === 'string' ? [{ url: one['url'], one }] : [],
  );
  return new Map(
    [...Map.groupBy(named, ({ url }) => url)].map(([url, all]) => [url, all.map(({ one }) => one)] as const),
  );
};

/** Different URLs of extensions in an update: the state of the mission, which every later entry has, keeps a key for each. */
const mostExtensions = 20;

/** An update that states more elements than the state of a mission may keep. `at` is the FHIRPath of the ServiceRequest. */
export const statementFaults = (resource: Members, at: string): readonly Fault[] =>
  extensionsByUrl(resource).size > mostExtensions
    ? [{ code: 'wrong-field', at: `${at}.extension`, detail: `has more than ${mostExtensions} different URLs` }]
    : [];

const extensionKey = 'extension.';

/** Whether the key of a statement is that of an extension. */
export const isExtension = (key: string): boolean => key.startsWith(extensionKey);

/**
 * The statements of a ServiceRequest by key: the name of the element. Each URL of an extension and each member of `meta` is a
 * statement of its own, because they are independent of each other.
 */
export const statementsOf = (resource: Members): ReadonlyMap<string, Statement> => {
  const found = new Map<string, Statement>();
  const add = (key: string, members: Members): void => {
    const statement = statementIn(members);
    if (statement !== undefined) found.set(key, statement);
  };
  const stated = membersByElement(resource);
  // In the order of R4, whatever the order of the sender: the content of the description follows it.
  for (const element of [...elements, ...choices.map(([choice]) => choice)]) {
    const members = stated.get(element);
    if (members !== undefined) add(element === 'subject' ? keyOfSubject(resource['subject']) : element, members);
  }
  for (const [url, extension] of extensionsByUrl(resource)) add(`${extensionKey}${fingerprintOf(url)}`, { extension });
  const meta = isObject(resource['meta']) ? resource['meta'] : {};
  for (const member of ['profile', 'security', 'tag', 'source']) {
    if (meta[member] !== undefined) add(`meta.${member}`, { meta: { [member]: meta[member] } });
  }
  const identifier = listOf(resource['identifier']).filter((one) => !isMissionNumber(one));
  add('identifier', { identifier });
  return found;
};

/** A narrative that is generated from the elements: after an update it would say what is no longer true. */
export const isGenerated = (text: unknown): boolean => isObject(text) && text['status'] !== 'additional';

/** Whether the ServiceRequest in focus of such a message updates the description of the mission. */
export const updatesDescription = ({ focus, mission }: MessageType): boolean =>
  focus?.resource === 'ServiceRequest' && mission === undefined;

/** Whether messages of a type describe the mission to all of its parties, with what they say of patient, place and findings. */
export const describesMission = ({ focus, mission }: MessageType): boolean =>
  focus?.resource === 'ServiceRequest' && mission !== 'cancels';

/** What a ServiceRequest in focus states and takes back. */
export const readStatements = (resource: Members): Pick<Facts, 'states' | 'takesBack'> => {
  const statements = [...statementsOf(resource)];
  const takesBack = statements.flatMap(([key, { takenBack }]) => (takenBack ? [key] : []));
  return { states: statements.map(([key]) => key), ...(takesBack.length === 0 ? {} : { takesBack }) };
};
