import { type Refusal, refuse } from '../../../schemas/faults.ts';
import { normalUrl, parseReference } from '../../../schemas/fhir/addresses.ts';
import { systems } from '../../../schemas/names.ts';
import type {
  ParameterName,
  ReferenceParameter,
  SearchParameter,
  searches,
  SearchType,
  TokenParameter,
} from '../../../schemas/searches.ts';
import { type AskedDate, dateIn, isAsked } from './dates.ts';
import { type Coded, hasToken, splitAt, type Token, tokenIn, unescape } from './tokens.ts';

/** What one parameter asks for: any one of its values. */
export type Condition =
  | { readonly type: 'token'; readonly any: readonly Token[] }
  /** Ids of the type that the element leads to. */
  | { readonly type: 'reference'; readonly any: readonly string[] }
  | { readonly type: 'date'; readonly any: readonly AskedDate[] }
  | { readonly type: 'string'; readonly any: readonly string[]; readonly how: 'begins' | 'contains' | 'exact' }
  | { readonly type: 'uri'; readonly any: readonly string[] };

/** What a row has for a parameter. References are ids, dates instants (ISO 8601). */
type ValueOf<Parameter> = Parameter extends TokenParameter
  ? readonly Coded[]
  : Parameter extends ReferenceParameter
    ? readonly string[]
    : string;

/** What a row has for each parameter of its type. None may be left out: a parameter that is passed over finds too much. */
export type Values<Type extends SearchType> = {
  readonly [Name in ParameterName<Type>]: ValueOf<(typeof searches)[Type][Name]>;
};

/** The circumstances of a request that its values are read in. */
export interface Reading {
  /** Base URL of the hub, as partners write it. */
  readonly base: string;
  /** Milliseconds. */
  readonly now: number;
}

const idForm = /^[A-Za-z0-9\-.]{1,64}$/;

/** The id in `Type/id`, `id`, or an absolute URL of the hub, with a version or without; `undefined` if it leads elsewhere. */
const idIn = (text: string, to: string, base: string): string | undefined => {
  const parsed = parseReference(text);
  switch (parsed.form) {
    case 'relative':
      return parsed.type === to ? parsed.id : undefined;
    case 'restful':
      return parsed.type === to && parsed.root === normalUrl(base) ? parsed.id : undefined;
    case 'none':
      return idForm.test(text) ? text : undefined;
    default:
      return undefined;
  }
};

const identifierSystems = { Organization: systems.organisationNumber, ServiceRequest: systems.mission } as const;

type Read<Value> = Value | Refusal;

/** Values in a list; the first refusal, if there is one. */
const each = <Value>(texts: readonly string[], read: (text: string) => Read<Value>): readonly Value[] | Refusal => {
  const values: Value[] = [];
  for (const text of texts) {
    const value = read(text);
    if (isRefused(value)) return value;
    values.push(value);
  }
  return values;
};

const isRefused = (value: unknown): value is Refusal =>
  typeof value === 'object' && value !== null && 'outcome' in value && value.outcome === 'refused';

const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/**
 * Reads the values of a parameter. Where the hub knows every system and code that the element can have, another one is refused:
 * an empty list would look as if nothing matched.
 */
const readToken =
  ({ systems: known, codes, fold = (value) => value }: Omit<TokenParameter, 'words' | 'type'>, path: string) =>
  (text: string): Read<Token> => {
    const token = tokenIn(text);
    if (token === undefined) return refuse('unknown-search', path, 'give a code, or system|code');
    const { system, value } = token;
    if (known !== undefined && system !== undefined && !(known.length === 0 ? [''] : known).includes(system))
      return refuse(
        'unknown-search',
        path,
        known.length === 0 ? 'its values have no system: give the value alone' : `the system is ${known.join(' or ')}`,
      );
    if (codes !== undefined && value !== undefined && !codes.includes(value))
      return refuse('unknown-search', path, `give one or several of ${codes.join(', ')}`);
    return {
      ...(system === undefined ? {} : { system: known === undefined ? fold(system) : system }),
      ...(value === undefined ? {} : { value: fold(value) }),
    };
  };

const readReference =
  ({ to }: Pick<ReferenceParameter, 'to'>, base: string, path: string) =>
  (text: string): Read<string> =>
    idIn(unescape(text), to, base) ??
    refuse('unknown-search', path, `give ${to}/<id>, its id alone, or its absolute URL below ${base}`);

/** `reference:identifier`: organisations and missions have their number as id. */
const readIdentifier =
  ({ to }: Pick<ReferenceParameter, 'to'>, path: string) =>
  (text: string): Read<string> => {
    const token = readToken({ systems: [identifierSystems[to]] }, path)(text);
    if (isRefused(token)) return token;
    return token.value ?? refuse('unknown-search', path, `give ${identifierSystems[to]}|<value>`);
  };

const readDate =
  ({ now }: Reading, path: string) =>
  (text: string): Read<AskedDate> =>
    dateIn(text, now) ??
    refuse(
      'unknown-search',
      path,
      'give a date or a time with zone, after a prefix if need be: ge2026-02-01T12:00:00Z',
    );

interface Asked {
  readonly parameter: SearchParameter;
  readonly modifier: string | undefined;
  readonly value: string;
  /** FHIRPath-like name of the parameter, for refusals. */
  readonly path: string;
}

const unsupported = (path: string, taken: readonly string[]): Refusal =>
  refuse(
    'unknown-search',
    path,
    taken.length === 0
      ? 'takes no modifier'
      : `takes no other modifier than ${taken.map((one) => `:${one}`).join(', ')}`,
  );

const anyOf = <Type extends Condition['type'], Any>(
  type: Type,
  any: readonly Any[] | Refusal,
): { readonly type: Type; readonly any: readonly Any[] } | Refusal => (isRefused(any) ? any : { type, any });

/** Reads the value of one parameter. A modifier that the hub does not support is refused, as R4 says (3.1.1.4.5). */
export const conditionOf = ({ parameter, modifier, value, path }: Asked, reading: Reading): Condition | Refusal => {
  const texts = splitAt(value, ',');
  switch (parameter.type) {
    case 'token':
      if (modifier !== undefined) return unsupported(path, []);
      return anyOf('token', each(texts, readToken(parameter, path)));
    case 'reference':
      if (modifier === 'identifier') return anyOf('reference', each(texts, readIdentifier(parameter, path)));
      if (modifier !== undefined && modifier !== parameter.to) return unsupported(path, [parameter.to, 'identifier']);
      return anyOf('reference', each(texts, readReference(parameter, reading.base, path)));
    case 'date':
      if (modifier !== undefined) return unsupported(path, []);
      return anyOf('date', each(texts, readDate(reading, path)));
    case 'string':
      if (modifier === 'exact') return { type: 'string', how: 'exact', any: texts.map(unescape) };
      if (modifier !== undefined && modifier !== 'contains') return unsupported(path, ['contains', 'exact']);
      return { type: 'string', how: modifier ?? 'begins', any: texts.map((text) => folded(unescape(text))) };
    case 'uri':
      if (modifier !== undefined) return unsupported(path, []);
      // An address can have a comma.
      return { type: 'uri', any: [value, ...texts.map(unescape)] };
  }
};

/** Instants of the hub are exact to a millisecond. */
const rangeOf = (instant: string) => ({ low: Date.parse(instant), high: Date.parse(instant) + 1 });

const hasText = (text: string, how: 'begins' | 'contains' | 'exact', asked: string): boolean => {
  switch (how) {
    case 'exact':
      return text === asked;
    case 'begins':
      return folded(text).startsWith(asked);
    case 'contains':
      return folded(text).includes(asked);
  }
};

type Held = string | readonly string[] | readonly Coded[];

const codesIn = (value: Held): readonly Coded[] =>
  typeof value === 'string' ? [] : value.flatMap((one) => (typeof one === 'string' ? [] : [one]));

/** Whether a row has what a condition asks for. */
export const meets = (condition: Condition, value: Held): boolean => {
  const text = typeof value === 'string' ? value : '';
  switch (condition.type) {
    case 'token':
      return condition.any.some((token) => hasToken(codesIn(value), token));
    case 'reference':
      return typeof value !== 'string' && value.some((id) => condition.any.some((asked) => asked === id));
    case 'date':
      return condition.any.some((asked) => isAsked(asked, rangeOf(text)));
    case 'string':
      return condition.any.some((asked) => hasText(text, condition.how, asked));
    case 'uri':
      return condition.any.includes(text);
  }
};
