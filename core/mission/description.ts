import { defined } from '../../schemas/defined.ts';
import { isObject, listOf } from '../../schemas/json/json.ts';
import { isGenerated, type Statement, statementsOf } from '../../schemas/reading/description.ts';
import { readableResource } from './sent-message.ts';
import type { Entry, MissionState } from './state.ts';

/** The description of a mission, composed of the ServiceRequest that opened it and the elements that later ones state. */

type Members = Readonly<Record<string, unknown>>;

/** An entry whose text describes the mission. */
export type Source = Pick<Entry, 'mission' | 'number' | 'text' | 'facts' | 'sender'>;

/** Identifiers are the sender's own: they replace those of the same sender only. */
export const statementKey = (element: string, sender: string): string =>
  element === 'identifier' ? `identifier.${sender}` : element;

/** Whether newer statements replace an element. A subject that leads to somebody replaces one that has words alone. */
export const isReplaced = (element: string, newer: readonly string[]): boolean =>
  newer.includes(element) || (element === 'subject.display' && newer.includes('subject'));

/** Numbers of the entries that describe the mission, oldest first. */
export const descriptionEntries = ({ request, updates = [] }: MissionState): readonly number[] => [
  ...new Set([request.entry, ...updates.map(({ entry }) => entry)]),
];

interface Stated extends Statement {
  readonly source: Source;
}

export interface Description {
  /** The ServiceRequest, with the references of every source as addresses at the hub. */
  readonly content: Members;
}

/** The references to contained resources in a value. */
const containedReferences = (value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap(containedReferences);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'reference' && typeof member === 'string' && member.startsWith('#')
      ? [member.slice(1)]
      : containedReferences(member),
  );
};

const rename = (value: unknown, names: ReadonlyMap<string, string>): unknown => {
  if (names.size === 0) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => rename(one, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (key !== 'reference' || typeof member !== 'string' || !member.startsWith('#'))
        return [key, rename(member, names)];
      const name = names.get(member.slice(1));
      return [key, name === undefined ? member : `#${name}`];
    }),
  );
};

/** The contained resources that a value leads to, directly or through each other. */
const containedIn = (value: unknown, contained: readonly Members[]): readonly Members[] => {
  const found = new Set<Members>();
  const follow = (from: unknown): void => {
    for (const id of containedReferences(from)) {
      const next = contained.find((one) => one['id'] === id);
      if (next === undefined || found.has(next)) continue;
      found.add(next);
      follow(next);
    }
  };
  follow(value);
  return contained.filter((one) => found.has(one));
};

/** The elements of one source, with the contained resources that they lead to under ids that no other source uses. */
const withContained = (
  members: readonly Members[],
  sent: Members,
  entry: number,
  taken: Set<unknown>,
): { readonly members: readonly Members[]; readonly contained: readonly unknown[] } => {
  const enclosed = listOf(sent['contained']).filter(isObject);
  if (enclosed.length === 0) return { members, contained: [] };
  const contained = containedIn(members, enclosed);
  const names = new Map<string, string>();
  contained.forEach(({ id }, at) => {
    if (typeof id === 'string' && taken.has(id)) names.set(id, `${entry}.${at}`);
  });
  for (const { id } of contained) taken.add(typeof id === 'string' ? (names.get(id) ?? id) : id);
  const renamed = members.map((one) => rename(one, names)).filter(isObject);
  return {
    members: renamed,
    contained: contained.map((one) => {
      const name = typeof one['id'] === 'string' ? names.get(one['id']) : undefined;
      const resource = rename(one, names);
      return name === undefined || !isObject(resource) ? resource : { ...resource, id: name };
    }),
  };
};

/** Statements of several sources as one resource: lists of extensions and identifiers, and members of `meta`, come together. */
const assemble = (parts: readonly Members[]): Members => {
  const whole: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      if (name === 'extension' || name === 'identifier') whole[name] = [...listOf(whole[name]), ...listOf(value)];
      else if (name === 'meta' && isObject(value))
        whole[name] = { ...(isObject(whole[name]) ? whole[name] : {}), ...value };
      else whole[name] = value;
    }
  }
  return whole;
};

/** The first of each system and value. */
const distinct = (identifiers: readonly unknown[]): readonly unknown[] =>
  Map.groupBy(identifiers, (one) =>
    isObject(one) ? JSON.stringify([one['system'] ?? null, one['value'] ?? null]) : one,
  )
    .values()
    .map(([first]) => first)
    .toArray();

const applyStatements = (known: Map<string, Stated>, resource: Members, source: Source): void => {
  for (const [element, statement] of statementsOf(resource)) {
    const key = statementKey(element, source.sender);
    if (key === 'subject') known.delete('subject.display');
    // R4 requires a subject: words alone do not replace a patient, and a subject that is taken back is shown as absent.
    if (key === 'subject.display' && known.has('subject')) continue;
    if (statement.takenBack && key !== 'subject') known.delete(key);
    else known.set(key, { ...statement, source });
  }
};

/** The description of a mission. `sources` has the entries of `descriptionEntries`. */
export const describeMission = (state: MissionState, sources: readonly Source[]): Description => {
  const { request, updates = [] } = state;
  const sentBy = new Map<Source, Members>();
  const read = ({ entry, index }: { readonly entry: number; readonly index: number }): Source | undefined => {
    const source = sources.find(({ number }) => number === entry);
    if (source !== undefined) sentBy.set(source, readableResource(source, index) ?? {});
    return source;
  };
  const first = read(request);
  if (updates.length === 0) return { content: (first && sentBy.get(first)) ?? {} };

  const known = new Map<string, Stated>();
  for (const source of [first, ...updates.map(read)]) {
    if (source !== undefined) applyStatements(known, sentBy.get(source) ?? {}, source);
  }
  if (isGenerated(known.get('text')?.members['text'])) known.delete('text');
  const taken = new Set<unknown>();
  const parts = [...sentBy].map(([source, sent]) =>
    withContained(
      [...known.values()].filter((one) => one.source === source).map(({ members }) => members),
      sent,
      source.number,
      taken,
    ),
  );
  const content = assemble(parts.flatMap(({ members }) => members));
  const contained = parts.flatMap((part) => part.contained);
  const identifier = distinct(listOf(content['identifier']));
  return {
    content: {
      ...content,
      ...defined({ intent: (first && sentBy.get(first))?.['intent'] }),
      ...(identifier.length === 0 ? {} : { identifier }),
      ...(contained.length === 0 ? {} : { contained }),
    },
  };
};
