import { parseAddress, resourceAddress } from '../../schemas/identifiers.ts';
import { normalUrl, parseReference } from '../../schemas/fhir/addresses.ts';
import { isObject } from '../../schemas/json/json.ts';
import type { Role } from '../../schemas/codes.ts';
import { mayReadEntry } from './access-rules.ts';
import { describeMission, descriptionEntries } from './description.ts';
import type { StoredEntry } from './mission-log.ts';
import { readableEntries } from './sent-message.ts';
import type { Entry, MissionState } from './state.ts';

/**
 * The present picture of a mission, for a party that is asked something: what the description refers to and the newest findings,
 * from whichever earlier messages they came, as far as that party may read them.
 */

/** Characters of JSON. The rest of the picture is named, and read at the hub. */
const largestPicture = 256 * 1024;

/** A resource of an earlier message as the hub returns it. */
export interface PictureResource {
  readonly resourceType: string;
  readonly id: string;
  readonly resource: Readonly<Record<string, unknown>>;
  /** There is room for it in a notification; otherwise it is named only. */
  readonly fits: boolean;
}

/** Whether an entry makes an organisation responsible for something, or party to the mission. */
export const isAsked = ({ owner, joins }: Pick<Entry, 'owner' | 'joins'>, organisation: string): boolean =>
  owner === organisation || joins?.includes(organisation) === true;

/** Numbers of the entries that the picture is composed of, as far as the state names them. */
export const pictureEntries = (state: MissionState): readonly number[] => [
  ...new Set([...descriptionEntries(state), ...(state.findings ?? []).map(({ entry }) => entry)]),
];

/** Never part of a picture: they say who said what to whom. */
const administrative: readonly string[] = ['MessageHeader', 'Task', 'Bundle'];

/** The mission that is shown, and the base URL of the hub, normalised. Without it every server counts as the hub. */
interface Scope {
  readonly mission: string;
  readonly base: string | undefined;
}

/** The address that a reference names, with any version of it; nothing if it is not of a resource of this mission. */
const addressOf = (reference: string, { mission, base }: Scope): string | undefined => {
  const parsed = parseReference(reference);
  if (parsed.form !== 'relative' && parsed.form !== 'restful') return undefined;
  if (parsed.form === 'restful' && base !== undefined && parsed.root !== base) return undefined;
  const { type, id } = parsed;
  const read = parseAddress(id);
  if (read?.mission !== mission || read.index === undefined || administrative.includes(type)) return undefined;
  return `${type}/${id}`;
};

/** Calls back for each reference in a value, in their order. */
const eachReference = (value: unknown, take: (reference: string) => void): void => {
  if (Array.isArray(value)) for (const one of value) eachReference(one, take);
  else if (isObject(value))
    for (const [name, member] of Object.entries(value))
      if (name === 'reference' && typeof member === 'string') take(member);
      else if (typeof member === 'object') eachReference(member, take);
};

/** The addresses of resources of this mission that a value refers to, each `<type>/<mission>.<entry>.<index>`. */
const addressesIn = (value: unknown, scope: Scope): readonly string[] => {
  const addresses: string[] = [];
  eachReference(value, (reference) => {
    const address = addressOf(reference, scope);
    if (address !== undefined) addresses.push(address);
  });
  return addresses;
};

interface Picture {
  readonly resources: readonly Omit<PictureResource, 'fits'>[];
  /** Entries that the picture refers to and that `sources` does not have. */
  readonly missing: readonly number[];
}

/** Follows the references from the description and the findings: patient and place first, then the findings, then the others. */
const follow = (
  state: MissionState,
  sources: readonly StoredEntry[],
  mayRead: (entry: StoredEntry) => boolean,
  base?: string,
): Picture => {
  const { mission } = state;
  const scope: Scope = { mission, base };
  // Most resources are in no picture: what nothing refers to is not made readable.
  const resources = new Map<string, () => Readonly<Record<string, unknown>>>();
  const readable = sources.filter(mayRead);
  for (const source of readable)
    for (const { index, resourceType, read } of readableEntries(source))
      resources.set(`${resourceType}/${resourceAddress(mission, source.number, index)}`, read);
  const findings = new Set((state.findings ?? []).map(({ entry, index }) => resourceAddress(mission, entry, index)));
  const description = describeMission(state, readable).content;
  const wanted = new Set([
    ...addressesIn([description['subject'], description['locationReference']], scope),
    ...[...resources.keys()].filter((address) => findings.has(address.split('/')[1] ?? '')),
    ...addressesIn(description, scope),
  ]);
  const missing = new Set<number>();
  // A set is walked in the order of insertion, what is added on the way included.
  for (const address of wanted) {
    for (const next of addressesIn(resources.get(address)?.(), scope)) wanted.add(next);
    const entry = parseAddress(address.split('/')[1] ?? '')?.entry;
    if (entry !== undefined && !sources.some(({ number }) => number === entry)) missing.add(entry);
  }
  return {
    missing: [...missing],
    resources: [...wanted].flatMap((address): Picture['resources'] => {
      const [resourceType = '', id = ''] = address.split('/');
      const resource = resources.get(address)?.();
      return resource === undefined ? [] : [{ resourceType, id, resource: { ...resource, id } }];
    }),
  };
};

/**
 * Whether a text may name an address of the mission. Without one, its references lead nowhere but into its own Bundle. Percent-encoding
 * and JSON's escapes can spell an address otherwise, so a text that has them may.
 */
const mayNameAddress = ({ text }: StoredEntry, mission: string): boolean =>
  text.includes(`${mission}.`) || /%|\\[bfnrtu]/.test(text);

/** Numbers of entries that the picture refers to and that are not among its sources: an update refers to an earlier message. */
export const missingEntries = (state: MissionState, sources: readonly StoredEntry[]): readonly number[] =>
  // Most messages name none, and a picture is work.
  sources.some((source) => mayNameAddress(source, state.mission)) ? follow(state, sources, () => true).missing : [];

/** The reader of a picture, and the state of the mission by which its rights are judged. */
interface PictureReader {
  readonly organisation: string;
  readonly role: Role;
  readonly current: MissionState;
  /** Base URL of the hub. */
  readonly base: string;
}

/** The resources of earlier messages that an entry brings to an organisation which it asks something. */
export const pictureFor = (
  entry: Entry,
  sources: readonly StoredEntry[],
  { organisation, role, current, base }: PictureReader,
): readonly PictureResource[] => {
  if (entry.state.readiness !== undefined || !isAsked(entry, organisation)) return [];
  // What the message itself brings is no part of the picture.
  if (sources.every(({ number }) => number === entry.number)) return [];
  const { resources } = follow(
    entry.state,
    sources,
    (source) => mayReadEntry(source, current, organisation, role),
    normalUrl(base),
  );
  let size = 0;
  return resources
    .filter(({ id }) => parseAddress(id)?.entry !== entry.number)
    .map((one) => {
      const length = JSON.stringify(one.resource).length;
      const fits = size + length <= largestPicture;
      // One that is too large leaves its room to those after it.
      if (fits) size += length;
      return { ...one, fits };
    });
};
