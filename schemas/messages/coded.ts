import type { CodeableConcept, Coding } from '../fhir/datatypes.ts';
import { codesOf } from '../codes.ts';
import { adviceOnSystem } from './system-names.ts';
import { type Context, contradict, missing, type Path, reject } from './issues.ts';

/**
 * The only reader of coded elements by which the hub decides. Other systems may be coded beside the hub's own; of the hub's own
 * there is one code, or the message is refused. So no reader can take the first of two.
 */

/** An element that was read. `faulty`: its fault has been reported. */
export type Reading<Value> =
  | { readonly found: 'one'; readonly value: Value; readonly path: Path }
  | { readonly found: 'nothing' | 'faulty'; readonly value?: undefined };

/** A value with the path of the element that gives it. */
export interface Placed<Value> {
  readonly value: Value;
  readonly path: Path;
}

/** One value of several elements that must agree; the first two that differ are a contradiction. */
export const oneOf = <Value>(
  context: Context,
  given: readonly Placed<Value>[],
  { isSame = (one, other) => one === other, what }: { isSame?: (one: Value, other: Value) => boolean; what: string },
): Reading<Value> => {
  const [first] = given;
  if (first === undefined) return { found: 'nothing' };
  const other = given.find(({ value }) => !isSame(first.value, value));
  if (other === undefined) return { found: 'one', ...first };
  contradict(context, first.path, other.path, `both give ${what}, and they differ: give one`);
  return { found: 'faulty' };
};

/** A code system of the hub, with the codes that are recognised where the system is missing. */
export interface OwnSystem {
  readonly system: string;
  readonly codes: readonly string[];
}

/** The codings of a concept, with their paths. */
export const codingsOf = (concept: CodeableConcept | undefined, path: Path): readonly Placed<Coding>[] =>
  (concept?.coding ?? []).map((value, index) => ({ value, path: [...path, 'coding', index] }));

const folded = (code: string): string =>
  code
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_]+/g, '-');

/** What is wrong with a coding that may be meant as the hub's own; `undefined` for one that is not. */
const faultOf = ({ system, code }: Coding, { system: own, codes }: OwnSystem): string | undefined => {
  if (system !== undefined) return adviceOnSystem(system);
  return code !== undefined && codes.includes(folded(code))
    ? `has a code of the hub without its system: give ${own}`
    : undefined;
};

/** The codes of one of the hub's own systems among codings. Reports codings that only look like the hub's. */
export const codesIn = (
  context: Context,
  codings: readonly Placed<Coding>[],
  own: OwnSystem,
): { readonly codes: readonly Placed<string>[]; readonly faulty: boolean } => {
  const codes: Placed<string>[] = [];
  let faulty = false;
  for (const { value: coding, path } of codings) {
    if (coding.system === own.system) {
      if (coding.code === undefined) {
        missing(context, [...path, 'code'], 'a coding of the hub has a code');
        faulty = true;
      } else codes.push({ value: coding.code, path });
      continue;
    }
    const fault = faultOf(coding, own);
    if (fault === undefined) continue;
    reject(context, [...path, 'system'], fault);
    faulty = true;
  }
  return { codes, faulty };
};

/** The one code of a system among codings; nothing if there is none. */
export const codeAmong = (context: Context, codings: readonly Placed<Coding>[], own: OwnSystem): Reading<string> => {
  const { codes, faulty } = codesIn(context, codings, own);
  if (faulty) return { found: 'faulty' };
  return oneOf(context, codes, { what: `a code of ${own.system}` });
};

/** The one code of a table among codings, which must be present. `path` is where its fault is reported. */
export const requiredCodeAmong = <Code extends string>(
  context: Context,
  codings: readonly Placed<Coding>[],
  path: Path,
  system: string,
  table: Readonly<Record<Code, unknown>>,
): Code | undefined => {
  const codes = codesOf(table);
  const advice = `give one code of ${system}: ${codes.join(', ')}`;
  const read = codeAmong(context, codings, { system, codes });
  if (read.found === 'nothing') missing(context, path, advice);
  if (read.found !== 'one') return undefined;
  const code = codes.find((candidate) => candidate === read.value);
  if (code === undefined) reject(context, path, `has an unknown code: ${advice}`);
  return code;
};

/** The one code of a table in a concept, which must be present. */
export const requiredCode = <Code extends string>(
  context: Context,
  concept: CodeableConcept | undefined,
  path: Path,
  system: string,
  table: Readonly<Record<Code, unknown>>,
): Code | undefined => requiredCodeAmong(context, codingsOf(concept, path), path, system, table);
