import { type Refusal, refuse } from '../../schemas/faults.ts';
import { parseAddress } from '../../schemas/identifiers.ts';
import { exerciseCode, systems } from '../../schemas/names.ts';
import type { WorklistItem } from '../mission/projections.ts';
import type { Caller, Shown } from '../audit/access-log.ts';
import { type MissionState, rolesIn, type TaskState } from '../mission/state.ts';

/** Functions that several searches share. */

/** What an answer shows of a mission; `parts` as in `Shown`. */
export const shownOf = (state: MissionState, { organisation }: Caller, parts: readonly string[]): Shown => ({
  mission: state.mission,
  exercise: state.exercise,
  relation: rolesIn(state, organisation),
  parts,
});

/** The part of the mission that a Task shows: the entry that opened it. */
export const partOfTask = ({ id }: Pick<TaskState, 'id'>): string => String(parseAddress(id)?.entry);

/** What a list of Tasks shows of their missions. */
export const shownTasks = (items: readonly WorklistItem[], { organisation }: Caller): readonly Shown[] =>
  [...Map.groupBy(items, ({ mission }) => mission)].map(([mission, ofIt]) => ({
    mission,
    exercise: ofIt.some(({ exercise }) => exercise),
    relation: [
      ...(ofIt.some(({ coordinator }) => coordinator === organisation) ? ['coordinator' as const] : []),
      ...(ofIt.some(({ task }) => task.owner === organisation) ? ['performer' as const] : []),
    ],
    parts: ofIt.map(({ task }) => partOfTask(task)),
  }));

/** Query parameters, each by its name. */
export type Search = ReadonlyMap<string, string>;

/** Rows of a page: 1 to 100. Default: 50. */
export const pageSize = (search: Search): number | Refusal => {
  const text = search.get('_count');
  if (text === undefined) return 50;
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= 100
    ? count
    : refuse('unknown-search', 'http._count', '_count is a whole number from 1 to 100');
};

/** The path of a query parameter in a refusal. A name without the form of FHIR names could have personal data, so it is not repeated. */
export const parameterPath = (name: string): string =>
  /^_?[a-z]{1,20}(-[a-z]{1,20}){0,3}$/i.test(name) ? `http.${name}` : 'http.query';

/** Refuses the first parameter that the search does not support. */
export const unknownParameter = (search: Search, taken: readonly string[], what: string): Refusal | undefined => {
  const unknown = [...search.keys()].find((name) => !taken.includes(name));
  return unknown === undefined ? undefined : refuse('unknown-search', parameterPath(unknown), what);
};

const exercises: readonly string[] = [exerciseCode, `${systems.actReason}|${exerciseCode}`];

/** Whether the search is for exercises. A list never has both: without `_security` it has real missions. */
export const exerciseIn = (search: Search): boolean | Refusal => {
  const asked = search.get('_security');
  if (asked === undefined) return false;
  return exercises.includes(asked)
    ? true
    : refuse('unknown-search', 'http._security', `_security is ${exercises.join(' or ')}`);
};

/** A token of a FHIR search: `code`, `system|code`. */
export interface Token {
  readonly system?: string;
  readonly value: string;
}

/** A comma or a bar that belongs to a value is written with a backslash (R4 search, 3.1.1.4.0.1). */
const unescaped = (text: string): string => text.replaceAll(/\\([\\,|$])/g, '$1');

const tokenIn = (text: string): Token => {
  const [system, ...value] = text.split(/(?<!\\)\|/);
  return value.length === 0
    ? { value: unescaped(text) }
    : { system: unescaped(system ?? ''), value: unescaped(value.join('|')) };
};

/** The tokens of a parameter, one of which must match; `undefined` if the parameter is absent. */
export const tokensIn = (search: Search, name: string): readonly Token[] | undefined =>
  search
    .get(name)
    ?.split(/(?<!\\),/)
    .map(tokenIn);

/** Whether one of the tokens matches a code of a system. Without tokens, every code matches. */
export const fits = (
  tokens: readonly Token[] | undefined,
  system: string,
  value: string | undefined,
  same: (asked: string) => string = (asked) => asked,
): boolean =>
  tokens === undefined ||
  tokens.some((token) => same(token.value) === value && (token.system === undefined || token.system === system));

/** A page of a list in memory: all of it, or `_count` items after the end of the page before. */
export const pageOf = <Item>(
  items: readonly Item[],
  type: string,
  search: Search,
): { readonly items: readonly Item[]; readonly self: string; readonly next?: string } | Refusal => {
  const count = search.has('_count') ? pageSize(search) : items.length;
  if (typeof count !== 'number') return count;
  const cursor = search.get('_cursor') ?? '0';
  if (!/^\d{1,6}$/.test(cursor)) return refuse('unknown-search', 'http._cursor', 'follow the link of the page before');
  const from = Number(cursor);
  const asked = [...search].filter(([name]) => name !== '_cursor');
  const addressOf = (parameters: readonly [string, string][]): string =>
    parameters.length === 0 ? type : `${type}?${new URLSearchParams([...parameters]).toString()}`;
  return {
    items: items.slice(from, from + count),
    self: addressOf(asked),
    ...(from + count < items.length ? { next: addressOf([...asked, ['_cursor', String(from + count)]]) } : {}),
  };
};
