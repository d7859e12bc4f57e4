import table from './definitions.json' with { type: 'json' };
import { checkOf, type PrimitiveCheck } from './primitives.ts';

/**
 * The official FHIR R4 definitions, read from `definitions.json` type by type as a message needs them.
 *
 * A type is one line: its base, then its own elements, each as `name`, `!` if it is required, `*` if it may repeat, `:`, its
 * types separated by commas, and `=` with a required value set. `-name` is an inherited element that the type must not have.
 * `Quantity/SimpleQuantity` is a Quantity with the rules of SimpleQuantity. `Reference(Patient|Group)` names the types that the
 * reference may lead to. `name[x]` has one JSON member per type.
 *
 * A value set is its codes. Where codes count with their systems, `~` and the system precede its codes.
 */

export interface Codes {
  /** Name of the value set; the whole URL if it is not one of FHIR's own. */
  readonly name: string;
  /** Without systems. */
  readonly codes: ReadonlySet<string>;
  /** As `system|code`; empty if no concept is bound to the set. */
  readonly codings: ReadonlySet<string>;
}

/** A JSON member that a type may have. */
export interface Member {
  /** Name of the element. It differs from that of the member for a choice: `value` and `valueString`. */
  readonly element: string;
  /** Name of the FHIR type. */
  readonly type: string;
  readonly isList: boolean;
  /** One of several types of a choice. */
  readonly isChoice: boolean;
  /** Its value is a resource. */
  readonly isResource: boolean;
  /** Present if the type is primitive. */
  readonly primitive: PrimitiveCheck | undefined;
  /** Name of the required value set. */
  readonly valueSet: string | undefined;
  /** Types of resources that a reference may lead to; absent if it may lead to all. */
  readonly targets: readonly string[] | undefined;
}

export interface TypeRules {
  readonly name: string;
  readonly members: ReadonlyMap<string, Member>;
  /** Required elements, each with the JSON members that it may be given by. */
  readonly required: readonly { readonly element: string; readonly members: readonly string[] }[];
}

const types: Readonly<Record<string, string>> = table.types;
const valueSets: Readonly<Record<string, string>> = table.valueSets;
const primitives: Readonly<Record<string, string>> = table.primitives;

const resources: ReadonlySet<string> = new Set(table.resources.split(' '));

const lazily = <Value>(make: (name: string) => Value): ((name: string) => Value) => {
  const made = new Map<string, Value>();
  return (name) => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make(name);
    made.set(name, value);
    return value;
  };
};

const primitiveOf = lazily((name) => checkOf(name, primitives[name] ?? ''));

const elementForm = /^([A-Za-z0-9]+)(\[x\])?(!?)(\*?):([^=]+)(?:=(.+))?$/;
const typeForm = /^([^/(]+)(?:\/([^(]+))?(?:\(([^)]+)\))?$/;

const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

const readElement = (word: string, members: Map<string, Member>): TypeRules['required'] => {
  const [, element = '', choice, needed, list, given = '', valueSet] = elementForm.exec(word) ?? [];
  const names = given.split(',').map((one) => {
    const [, code = '', profile, targets] = typeForm.exec(one) ?? [];
    const name = choice === undefined ? element : `${element}${capitalised(code)}`;
    const type = profile ?? code;
    members.set(name, {
      element,
      type,
      isList: list === '*',
      isChoice: choice !== undefined,
      isResource: type === 'Resource' || resources.has(type),
      primitive: Object.hasOwn(primitives, type) ? primitiveOf(type) : undefined,
      valueSet,
      targets: targets?.split('|'),
    });
    return name;
  });
  return needed === '!' ? [{ element, members: names }] : [];
};

/** The rules of a type. Throws if R4 has no such type. */
export const rulesOf: (name: string) => TypeRules = lazily((name): TypeRules => {
  const line = types[name];
  if (line === undefined) throw new Error(`R4 has no type ${name}`);
  const [base = '', ...words] = line.split(' ');
  const inherited = base === '' ? undefined : rulesOf(base);
  const members = new Map(inherited?.members);
  const required = [...(inherited?.required ?? [])];
  for (const word of words) {
    if (word.startsWith('-')) members.delete(word.slice(1));
    else required.push(...readElement(word, members));
  }
  return { name, members, required };
});

/** The codes of a value set. Throws if no element must have a code of it. */
export const codesOf: (name: string) => Codes = lazily((name): Codes => {
  const line = valueSets[name];
  if (line === undefined) throw new Error(`no element is bound to ${name}`);
  const codes = new Set<string>();
  const codings = new Set<string>();
  let system: string | undefined;
  for (const word of line.split(' ')) {
    if (word.startsWith('~')) system = word.slice(1);
    else {
      codes.add(word);
      if (system !== undefined) codings.add(`${system}|${word}`);
    }
  }
  return { name, codes, codings };
});

/** Whether R4 has a resource type of this name, in exactly these letters. */
export const isResourceType = (name: unknown): name is string => typeof name === 'string' && resources.has(name);

/** R4's spelling of a resource type that differs from a name in upper and lower case only. */
export const resourceTypeLike = (name: string): string | undefined =>
  [...resources].find((one) => one.toLowerCase() === name.toLowerCase());
