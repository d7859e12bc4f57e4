import { assert, constantFrom, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject } from '../../../../schemas/json/json.ts';
import { checkR4 } from '../../../../schemas/r4/check.ts';
import { everyStep, exampleText } from '../../../support/examples.ts';
import { isInvariant, officialProblemsOf } from '../../../support/fhir-validator.ts';

/** Compares the check with a validator that reads the definitions in its own way, on resources of the examples with one change each. */

type Resource = Readonly<Record<string, unknown>>;

const resources: readonly Resource[] = everyStep.flatMap(({ file }) => {
  const bundle: unknown = JSON.parse(exampleText(file));
  const entries: unknown = isObject(bundle) ? bundle['entry'] : undefined;
  return (Array.isArray(entries) ? entries : [])
    .map((entry: unknown) => (isObject(entry) ? entry['resource'] : undefined))
    .filter(isObject);
});

type Step = string | number;

/** Paths of all values inside a value. */
const pathsIn = (value: unknown, path: readonly Step[] = []): readonly (readonly Step[])[] => {
  const children: readonly (readonly [Step, unknown])[] = Array.isArray(value)
    ? value.map((item: unknown, at) => [at, item] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  return children.flatMap(([step, child]) => [[...path, step], ...pathsIn(child, [...path, step])]);
};

const valueAt = (value: unknown, path: readonly Step[]): unknown =>
  path.reduce<unknown>(
    (sofar, step) => (typeof sofar === 'object' && sofar !== null ? Reflect.get(sofar, step) : undefined),
    value,
  );

type Change = (parent: object, step: Step) => void;

const put =
  (make: (before: unknown) => unknown): Change =>
  (parent, step) => {
    Reflect.set(parent, step, make(Reflect.get(parent, step)));
  };

const changes: Readonly<Record<string, Change>> = {
  removed: (parent, step) => {
    if (Array.isArray(parent)) parent.splice(Number(step), 1);
    else Reflect.deleteProperty(parent, step);
  },
  renamed: (parent, step) => {
    if (Array.isArray(parent)) return;
    Reflect.set(parent, `${String(step)}x`, Reflect.get(parent, step));
    Reflect.deleteProperty(parent, step);
  },
  'in a list': put((before) => [before]),
  'out of its list': put((before) => (Array.isArray(before) ? before[0] : before)),
  null: put(() => null),
  'an empty text': put(() => ''),
  'an empty list': put(() => []),
  'an empty object': put(() => ({})),
  'a text': put(() => 'nothing'),
  'a number': put(() => 4.5),
  'a boolean': put(() => true),
  'an object': put(() => ({ text: 'x' })),
  'with an unknown member': put((before) => (isObject(before) ? { ...before, unknown: 1 } : before)),
  // Not an Extension with a value: it may not have extensions (ext-1), and invariants are not compared.
  'with an extension': put((before) =>
    isObject(before) && before['url'] === undefined
      ? { ...before, extension: [{ url: 'urn:x', valueCode: 'x' }] }
      : before,
  ),
  'with an extension that is none': put((before) =>
    isObject(before) ? { ...before, extension: [{ valueCode: 'x' }] } : before,
  ),
};

const changed = (resource: Resource, path: readonly Step[], change: Change = () => undefined): Resource => {
  const copy = structuredClone(resource);
  const parent = valueAt(copy, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof parent === 'object' && parent !== null && last !== undefined) change(parent, last);
  return copy;
};

const places = resources.flatMap((resource) =>
  pathsIn(resource)
    .filter(([first]) => first !== 'resourceType')
    .map((path) => ({ resource, path })),
);

const ours = (resource: Resource): readonly string[] => {
  const { faults, warnings } = checkR4(resource);
  return [...faults, ...warnings].map(({ at, detail }) => `${at}: ${detail}`);
};

const theirs = (resource: Resource): readonly string[] => {
  try {
    return officialProblemsOf(resource).filter(
      // References lead out of the one resource; what the library says of them is about their first letters.
      (problem) => !isInvariant(problem) && !problem.includes('Invalid reference'),
    );
  } catch {
    return ['the validator cannot read it'];
  }
};

/** Values that the validator does not look at everywhere, or not once it has found another fault. */
const overlooked: readonly string[] = [
  'removed',
  'an empty text',
  'an empty list',
  'an empty object',
  'a text',
  'a number',
  'a boolean',
  'an object',
];

describe('checkR4', () => {
  const examples = record({ place: constantFrom(...places), change: constantFrom(...Object.keys(changes)) });

  test('finds something wrong where a validator of the definitions does, and nothing elsewhere', () => {
    assert(
      property(examples, ({ place: { resource, path }, change }) => {
        const one = changed(resource, path, changes[change]);
        const [official, own] = [theirs(one), ours(one)];
        if (official.length > 0) expect(own, official.join('; ')).not.toEqual([]);
        else if (!overlooked.includes(change)) expect(own).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});
