import { isRefusal, type Refusal, refuse } from '../../../schemas/faults.ts';
import { generalParameters, pageRows, parametersOf, type SearchType } from '../../../schemas/searches.ts';
import { type Condition, conditionOf, meets, type Reading, type Values } from './conditions.ts';
import type { Token } from './tokens.ts';

/** Parameters of a request as it gives them, in order; one name may be given several times. */
export type Query = readonly (readonly [name: string, value: string])[];

/** How a search is read. */
export interface Handling extends Reading {
  /** `Prefer: handling=lenient` (R4 search.html 3.1.1.1): parameters that the hub does not know are ignored, not refused. */
  readonly lenient: boolean;
}

/** A search as the hub has understood it. */
export interface Search<Type extends SearchType = SearchType> {
  readonly type: Type;
  /** By parameter; all conditions of all parameters must be met. */
  readonly conditions: ReadonlyMap<string, readonly Condition[]>;
  /** Rows of a page. 0: only their number is wanted. */
  readonly count: number;
  readonly cursor?: string;
  /** `_total`: the number of all rows is wanted. */
  readonly wantsTotal: boolean;
  /** `_revinclude=Task:based-on`. */
  readonly includesTasks: boolean;
  /** `_format`. */
  readonly format?: string;
  /** What the hub used, in the order of the request, without `_cursor`: for the links of the answer. */
  readonly used: Query;
  /** Names of parameters that were ignored. */
  readonly ignored: readonly string[];
}

/** The path of a parameter in a refusal. A name without the form of FHIR names could have personal data, so it is not repeated. */
export const parameterPath = (name: string): string =>
  /^_?[a-z]{1,20}(-[a-z]{1,20}){0,3}(:[a-z-]{1,20})?$/i.test(name) ? `http.${name}` : 'http.query';

/** Types whose search may include the Tasks of what it finds. */
const includingTasks: readonly SearchType[] = ['ServiceRequest'];

/** Parameters in one search, and values of one parameter: more cost more than they can mean. */
const mostParameters = 50;

const bool = ['true', 'false'];

/** The values of general parameters that are a closed list. */
const closedValues: Readonly<Record<string, readonly string[]>> = {
  _summary: ['true', 'false', 'text', 'data', 'count'],
  _total: ['none', 'estimate', 'accurate'],
  _pretty: bool,
};

/** `_count`: the number of rows, lowered to the limit. */
const countIn = (text: string): number | Refusal =>
  /^\d{1,9}$/.test(text)
    ? Math.min(Number(text), pageRows.most)
    : refuse('unknown-search', 'http._count', `_count is a whole number; a page has at most ${pageRows.most} rows`);

const repeated = (query: Query): string | undefined => {
  const once: readonly string[] = [...generalParameters, '_revinclude'];
  const names = query.map(([name]) => name);
  return names.find((name, at) => once.includes(name) && names.indexOf(name) !== at);
};

/** Reads the general parameters. */
const readGeneral = (
  query: Query,
): Pick<Search, 'count' | 'cursor' | 'format' | 'wantsTotal' | 'includesTasks'> | Refusal => {
  const twice = repeated(query);
  if (twice !== undefined) return refuse('unknown-search', parameterPath(twice), 'is given once');
  const given = new Map(query);
  for (const [name, values] of Object.entries(closedValues)) {
    const value = given.get(name);
    if (value !== undefined && !values.includes(value))
      return refuse('unknown-search', `http.${name}`, `is one of ${values.join(', ')}`);
  }
  const revinclude = given.get('_revinclude');
  if (revinclude !== undefined && revinclude !== 'Task:based-on')
    return refuse('unknown-search', 'http._revinclude', '_revinclude is Task:based-on');
  const count = given.get('_summary') === 'count' ? 0 : countIn(given.get('_count') ?? String(pageRows.usual));
  if (typeof count !== 'number') return count;
  const cursor = given.get('_cursor');
  const format = given.get('_format');
  const total = given.get('_total');
  return {
    count,
    wantsTotal: total === 'accurate' || total === 'estimate',
    includesTasks: revinclude !== undefined,
    ...(cursor === undefined ? {} : { cursor }),
    ...(format === undefined ? {} : { format }),
  };
};

/** General parameters that R4 lets a server pass over: the answer has whole resources, and names the parameter as ignored. */
const passedOver = ([name, value]: Query[number]): boolean =>
  name === '_elements' || (name === '_summary' && ['true', 'text', 'data'].includes(value));

/** Whether the hub acts on a general parameter, so that the links of the answer have it. */
const isUsed = ([name]: Query[number]): boolean => name !== '_pretty' && name !== '_cursor';

/**
 * Reads a search strictly: a parameter, modifier or value that the hub does not know is refused with its name. With
 * `lenient`, unknown parameters are ignored, and the answer names them; R4 does not allow that for modifiers and values.
 */
export const readSearch = <Type extends SearchType>(
  type: Type,
  query: Query,
  { lenient, ...reading }: Handling,
): Search<Type> | Refusal => {
  if (query.length > mostParameters)
    return refuse('unknown-search', 'http.query', `a search has at most ${mostParameters} parameters`);
  const parameters = parametersOf(type);
  const general: readonly string[] = [...generalParameters, ...(includingTasks.includes(type) ? ['_revinclude'] : [])];
  const conditions = new Map<string, readonly Condition[]>();
  const used: (readonly [string, string])[] = [];
  const ignored: string[] = [];
  const isKnown = (name: string): boolean => Object.hasOwn(parameters, name) || general.includes(name);

  for (const [given, value] of query) {
    const [name = '', ...modifiers] = given.split(':');
    const path = parameterPath(given);
    if (!isKnown(name)) {
      if (!lenient)
        return refuse('unknown-search', path, `${type} is searched by ${Object.keys(parameters).join(', ')}`);
      ignored.push(path.replace(/^http\./, ''));
      continue;
    }
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (value === '') return refuse('unknown-search', path, 'has no value: give one, or leave it out');
    if (parameter === undefined) {
      if (modifiers.length > 0) return refuse('unknown-search', path, 'takes no modifier');
      if (passedOver([name, value])) ignored.push(name);
      else if (isUsed([name, value])) used.push([name, value]);
      continue;
    }
    const modifier = modifiers.length === 0 ? undefined : modifiers.join(':');
    const read = conditionOf({ parameter, modifier, value, path }, reading);
    if (isRefusal(read)) return read;
    conditions.set(name, [...(conditions.get(name) ?? []), read]);
    used.push([given, value]);
  }
  const settings = readGeneral(query.filter(([name]) => general.includes(name)));
  if (isRefusal(settings)) return settings;
  const counted = used.map(([name, value]): Query[number] =>
    name === '_count' ? [name, String(Math.min(Number(value), pageRows.most))] : [name, value],
  );
  return { type, conditions, ...settings, used: counted, ignored };
};

/** Whether a row has everything that the search asks for. */
export const finds = <Type extends SearchType>({ conditions }: Search<Type>, values: Values<Type>): boolean => {
  const byName: Readonly<Record<string, Parameters<typeof meets>[1]>> = values;
  return [...conditions].every(([name, all]) => {
    const value = byName[name];
    return value !== undefined && all.every((one) => meets(one, value));
  });
};

/** Whether a value meets all conditions of one parameter. */
export const conditionMet = (
  { conditions }: Pick<Search, 'conditions'>,
  name: string,
  value: Parameters<typeof meets>[1],
): boolean => conditions.get(name)?.every((one) => meets(one, value)) ?? true;

/** What is in all of the lists. */
const inAll = (lists: readonly (readonly string[])[]): readonly string[] | undefined => {
  const [first, ...others] = lists;
  return first === undefined
    ? undefined
    : [...new Set(first)].filter((one) => others.every((list) => list.includes(one)));
};

/** The ids that a reference parameter asks for, if it is given: those that meet all of its conditions. */
export const idsIn = (search: Pick<Search, 'conditions'>, name: string): readonly string[] | undefined =>
  inAll(search.conditions.get(name)?.flatMap((one) => (one.type === 'reference' ? [one.any] : [])) ?? []);

/** The tokens of a parameter, of whichever condition. */
export const tokensOf = (search: Pick<Search, 'conditions'>, name: string): readonly Token[] =>
  search.conditions.get(name)?.flatMap((one) => (one.type === 'token' ? one.any : [])) ?? [];

/** The values that a token parameter asks for, if it is given: those that meet all of its conditions. */
export const valuesIn = (search: Pick<Search, 'conditions'>, name: string): readonly string[] | undefined =>
  inAll(
    search.conditions
      .get(name)
      ?.flatMap((one) => (one.type === 'token' ? [one.any.flatMap(({ value }) => value ?? [])] : [])) ?? [],
  );

/** The one mission that a reference parameter names. */
export const missionIn = (search: Pick<Search, 'conditions'>, name: string): string | Refusal => {
  const [mission, second] = idsIn(search, name) ?? [];
  return mission === undefined || second !== undefined
    ? refuse('unknown-search', `http.${name}`, `give ${name}=ServiceRequest/<mission>`)
    : mission;
};
