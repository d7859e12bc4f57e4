import type { Fault } from '../faults.ts';
import { isObject, listOf } from '../json/json.ts';
import { codesOf, isResourceType, type Member, resourceTypeLike, rulesOf, type TypeRules } from './definitions.ts';
import { mostWarnings, type Warning } from '../warnings.ts';
import { targetComplaint } from './reference.ts';

/**
 * Checks a resource against the official FHIR R4 definitions: elements and their spelling, JSON types, cardinality, choices,
 * primitive forms, required bindings, types of reference targets, the rules of extensions and contained resources.
 * Other invariants (FHIRPath constraints) and profiles are not evaluated.
 */

export interface R4Form {
  /** Resources whose type R4 does not have: no receiver can read them. */
  readonly faults: readonly Fault[];
  /** Everything else that is not valid R4, in the order of the body: one more than an answer shows, at most. */
  readonly warnings: readonly Warning[];
}

/** Longest list of allowed codes in a warning, characters. */
const longestList = 200;

/** Names that may be repeated in an answer. Others may be text of a sender, such as a person's name. */
const isElementName = (name: string): boolean => /^_?[A-Za-z][A-Za-z0-9]{0,63}$/.test(name);

/** Members of a resource that are no elements. */
const resourceType = 'resourceType';

const allowedCodes = (valueSet: string): string => {
  const { name, codes } = codesOf(valueSet);
  const list = [...codes].join(', ');
  return list.length > longestList ? `has no code of the required value set ${name}` : `must be one of ${list}`;
};

class Check {
  readonly faults: Fault[] = [];
  readonly warnings: Warning[] = [];
  /** Steps from the root to the place that is checked. Rendered only for a warning. */
  readonly #path: (string | number)[] = [];
  /** Resource types by `fullUrl` of the Bundle around. */
  #bundled: ReadonlyMap<string, string> = new Map();
  /** Resource types by id, of the resources contained in the one that is checked. */
  #contained: ReadonlyMap<string, string> = new Map();
  #isContained = false;

  #place(): string {
    return this.#path.reduce<string>((sofar, step) => {
      if (typeof step === 'number') return `${sofar}[${step}]`;
      return sofar === '' ? step : `${sofar}.${step}`;
    }, '');
  }

  #add(detail: string): void {
    if (this.warnings.length <= mostWarnings) this.warnings.push({ code: 'invalid-r4', at: this.#place(), detail });
  }

  /** Adds a warning about a child of the place that is checked. */
  #addAt(step: string | number, detail: string): void {
    this.#path.push(step);
    this.#add(detail);
    this.#path.pop();
  }

  root(value: unknown): void {
    this.#path.push(typeOf(value) ?? 'Resource');
    this.#resource(value);
  }

  #resource(value: unknown): void {
    if (!isObject(value)) return this.#add('must be a resource: an object with resourceType');
    const type = value[resourceType];
    if (type === undefined) return this.#add('has no resourceType');
    if (!isResourceType(type)) {
      const like = typeof type === 'string' ? resourceTypeLike(type) : undefined;
      const detail = `has a resourceType that R4 does not have${like === undefined ? '' : `: write ${like}`}`;
      this.faults.push({ code: 'unknown-resource-type', at: this.#place(), detail });
      return;
    }
    if (this.#isContained) this.#containedRules(value);
    const [bundled, contained] = [this.#bundled, this.#contained];
    if (type === 'Bundle') this.#bundled = fullUrlsIn(value);
    // A contained resource refers to its siblings.
    if (!this.#isContained) this.#contained = containedIn(value);
    this.#object(value, rulesOf(type), true);
    this.#bundled = bundled;
    this.#contained = contained;
  }

  /** R4 invariants dom-2, dom-4 and dom-5. */
  #containedRules(value: Readonly<Record<string, unknown>>): void {
    if (value['contained'] !== undefined) this.#addAt('contained', 'must not be in a contained resource');
    const { meta } = value;
    if (!isObject(meta)) return;
    for (const name of ['versionId', 'lastUpdated', 'security'])
      if (meta[name] !== undefined) this.#addAt('meta', `must not have ${name} in a contained resource`);
  }

  #object(value: Readonly<Record<string, unknown>>, rules: TypeRules, isResource: boolean): void {
    const names = Object.keys(value);
    if (names.length === 0) return this.#add('is empty: leave it out');
    let choices: Map<string, string> | undefined;
    for (const name of names) {
      if (isResource && name === resourceType) continue;
      const isSibling = name.startsWith('_');
      const own = isSibling ? name.slice(1) : name;
      const member = rules.members.get(own);
      if (member === undefined || (isSibling && member.primitive === undefined)) {
        this.#unknownMember(name, rules);
        continue;
      }
      if (member.isChoice) {
        choices ??= new Map();
        const other = choices.get(member.element);
        if (other !== undefined && other !== own)
          this.#addAt(member.element, `has both ${other} and ${own}: only one value is allowed`);
        choices.set(member.element, own);
      }
      this.#path.push(member.element);
      if (isSibling) this.#sibling(value[name], value[own], member);
      else this.#member(value[name], value, own, member);
      this.#path.pop();
    }
    this.#required(value, rules);
    if (rules.name === 'Extension') this.#extension(value, choices);
    else if (rules.name === 'Reference') this.#knownReference(value);
  }

  #required(value: Readonly<Record<string, unknown>>, { required }: TypeRules): void {
    for (const { element, members } of required) {
      if (members.some((name) => value[name] !== undefined || value[`_${name}`] !== undefined)) continue;
      this.#addAt(element, 'is missing: R4 requires it');
    }
  }

  /** R4 invariant ext-1. */
  #extension(value: Readonly<Record<string, unknown>>, choices: ReadonlyMap<string, string> | undefined): void {
    const hasValue = choices?.has('value') === true;
    if (hasValue && value['extension'] !== undefined) this.#add('has both a value and extensions: only one is allowed');
    else if (!hasValue && value['extension'] === undefined) this.#add('has neither a value nor extensions');
  }

  #unknownMember(name: string, { name: type, members }: TypeRules): void {
    if (!isElementName(name)) return this.#add(`has a member whose name is no element of ${type}`);
    const [plain, mark] = name.startsWith('_') ? [name.slice(1), '_'] : [name, ''];
    const like = [...members.keys()].find((known) => known.toLowerCase() === plain.toLowerCase());
    const choice = [...members].find(([, { element, isChoice }]) => isChoice && element === plain)?.[0];
    const hint =
      like !== undefined && like !== plain
        ? `: write ${mark}${like}`
        : choice === undefined
          ? ''
          : `: the name ends with the type of the value, for example ${mark}${choice}`;
    this.#add(`has ${name}, which is no element of ${type}${hint}`);
  }

  #member(value: unknown, parent: Readonly<Record<string, unknown>>, name: string, member: Member): void {
    if (!member.isList) {
      if (Array.isArray(value)) this.#add(`must be one value, not a list`);
      else if (value === null) this.#add('must not be null: leave it out');
      else this.#value(value, member);
      return;
    }
    if (!Array.isArray(value)) return this.#add('must be a list');
    if (value.length === 0) return this.#add('is an empty list: leave it out');
    const siblings: unknown = value.includes(null) && member.primitive !== undefined ? parent[`_${name}`] : undefined;
    for (let at = 0; at < value.length; at += 1) {
      this.#path.push(at);
      const item: unknown = value[at];
      if (item !== null) this.#value(item, member);
      else if (!Array.isArray(siblings) || !isObject(siblings[at]))
        this.#add('must not be null without an id or extension in its place');
      this.#path.pop();
    }
  }

  /** `_name`: id and extensions of a primitive (R4 2.6.2.3). */
  #sibling(value: unknown, values: unknown, { isList }: Member): void {
    if (!isList) return this.#siblingObject(value);
    if (!Array.isArray(value)) return this.#add('its ids and extensions must be a list');
    for (let at = 0; at < value.length; at += 1) {
      this.#path.push(at);
      const item: unknown = value[at];
      if (item !== null) this.#siblingObject(item);
      else if (!Array.isArray(values) || at >= values.length) this.#add('has neither a value nor an id or extension');
      this.#path.pop();
    }
  }

  #siblingObject(value: unknown): void {
    if (isObject(value)) this.#object(value, rulesOf('Element'), false);
    else this.#add('its id and extensions must be an object');
  }

  #value(value: unknown, member: Member): void {
    const { type, isResource, primitive, valueSet } = member;
    if (primitive !== undefined) {
      const complaint = primitive(value);
      if (complaint !== undefined) this.#add(complaint);
      else if (valueSet !== undefined && !codesOf(valueSet).codes.has(String(value))) this.#add(allowedCodes(valueSet));
      return;
    }
    if (isResource) return this.#inner(value, member);
    if (!isObject(value)) return this.#add(`must be an object (${type})`);
    this.#object(value, rulesOf(type), false);
    if (valueSet !== undefined) this.#binding(value, type, valueSet);
    if (member.targets !== undefined) this.#target(value, member.targets);
  }

  #inner(value: unknown, { element, type }: Member): void {
    const before = this.#isContained;
    // A Bundle in a Bundle is not contained.
    this.#isContained = element === 'contained';
    this.#resource(value);
    this.#isContained = before;
    if (type !== 'Resource' && isObject(value) && value[resourceType] !== type) this.#add(`must be of type ${type}`);
  }

  #binding(value: Readonly<Record<string, unknown>>, type: string, valueSet: string): void {
    const codings: unknown = type === 'CodeableConcept' ? value['coding'] : [value];
    const { codings: allowed } = codesOf(valueSet);
    const isBound = (coding: unknown): boolean =>
      isObject(coding) && allowed.has(`${String(coding['system'])}|${String(coding['code'])}`);
    if (!Array.isArray(codings) || !codings.some(isBound)) this.#add(`${allowedCodes(valueSet)}, with its system`);
  }

  /** A reference by `#id` leads to a resource contained in the same resource (R4 invariant ref-1). */
  #knownReference({ reference }: Readonly<Record<string, unknown>>): void {
    if (typeof reference !== 'string' || !reference.startsWith('#') || reference === '#') return;
    if (!this.#contained.has(reference.slice(1))) this.#add('leads to no contained resource');
  }

  #target(reference: Readonly<Record<string, unknown>>, targets: readonly string[]): void {
    const complaint = targetComplaint(reference, targets, { bundled: this.#bundled, contained: this.#contained });
    if (complaint !== undefined) this.#add(complaint);
  }
}

const typeOf = (resource: unknown): string | undefined => {
  const type = isObject(resource) ? resource[resourceType] : undefined;
  return isResourceType(type) ? type : undefined;
};

const fullUrlsIn = (bundle: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> =>
  new Map(
    listOf(bundle['entry']).flatMap((entry) => {
      if (!isObject(entry) || typeof entry['fullUrl'] !== 'string') return [];
      const type = typeOf(entry['resource']);
      return type === undefined ? [] : [[entry['fullUrl'], type]];
    }),
  );

const containedIn = (resource: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> =>
  new Map(
    listOf(resource['contained']).flatMap((one) => {
      const id = isObject(one) ? one['id'] : undefined;
      return typeof id === 'string' ? [[id, typeOf(one) ?? '']] : [];
    }),
  );

/**
 * What is not valid R4 in a resource and everything inside it. Texts name elements, types and allowed codes, never a value.
 * Time is linear in the size of the resource. Throws nothing.
 */
export const checkR4 = (resource: unknown): R4Form => {
  const check = new Check();
  check.root(resource);
  return check;
};
