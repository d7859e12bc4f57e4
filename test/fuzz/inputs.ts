import {
  type Arbitrary,
  array,
  constantFrom,
  double,
  integer,
  jsonValue,
  nat,
  oneof,
  record,
  string,
  uint8Array,
} from 'fast-check';
import { isObject, parseLossless } from '../../schemas/json/json.ts';

/** Bodies for the fuzz run: the real examples, changed in their structure and in their bytes, and random bytes. */

/** Stands for confidential content: planted in bodies, and searched for in refusals and in the log. */
export const secret = 'Olga-Nordmann-01017012345';

/** JSON as it is written: a name may be given twice, a number may have any digits. */
type Written =
  | { readonly kind: 'scalar'; text: string }
  | { readonly kind: 'list'; items: Written[] }
  | { readonly kind: 'object'; members: { name: string; value: Written }[] };

const writtenOf = (value: unknown): Written => {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(writtenOf) };
  if (!isObject(value)) return { kind: 'scalar', text: JSON.stringify(value) };
  const members = Object.entries(value).map(([name, member]) => ({
    name: JSON.stringify(name),
    value: writtenOf(member),
  }));
  return { kind: 'object', members };
};

const copyOf = (value: Written): Written => {
  switch (value.kind) {
    case 'scalar':
      return { ...value };
    case 'list':
      return { kind: 'list', items: value.items.map(copyOf) };
    case 'object':
      return {
        kind: 'object',
        members: value.members.map((member) => ({ name: member.name, value: copyOf(member.value) })),
      };
  }
};

const textOf = (value: Written): string => {
  switch (value.kind) {
    case 'scalar':
      return value.text;
    case 'list':
      return `[${value.items.map(textOf).join(',')}]`;
    case 'object':
      return `{${value.members.map((member) => `${member.name}:${textOf(member.value)}`).join(',')}}`;
  }
};

/** A value and how another takes its place. */
interface Spot {
  readonly value: Written;
  readonly put: (value: Written) => void;
  readonly remove: () => void;
  readonly repeat: () => void;
  readonly rename?: (name: string) => void;
}

const spotsIn = (root: Written): readonly Spot[] => {
  const spots: Spot[] = [];
  const visit = (value: Written): void => {
    if (value.kind === 'list') {
      const { items } = value;
      items.forEach((item, index) => {
        spots.push({
          value: item,
          put: (other) => items.splice(index, 1, other),
          remove: () => items.splice(index, 1),
          repeat: () => items.splice(index, 0, item),
        });
        visit(item);
      });
    } else if (value.kind === 'object') {
      const { members } = value;
      for (const member of members) {
        spots.push({
          value: member.value,
          put: (other) => {
            member.value = other;
          },
          remove: () => members.splice(members.indexOf(member), 1),
          repeat: () => members.push({ ...member }),
          rename: (name) => {
            member.name = name;
          },
        });
        visit(member.value);
      }
    }
  };
  visit(root);
  return spots;
};

/** What may stand anywhere, as JSON; `size` says how much of it. */
const odd: readonly ((size: number) => string)[] = [
  'null',
  'true',
  '""',
  '" "',
  '[]',
  '{}',
  '[null]',
  '[{}]',
  '0',
  '-0',
  '-1',
  '1.50',
  '9007199254740993',
  '1e999',
  '-1e999',
  '1e-999',
  '0.1e400',
  '"1"',
  '"active"',
  '"9999-12-31T23:59:60Z"',
  '"2026-02-30T00:00:00Z"',
  '"\\ud800"',
  '"\\u0000"',
  '"\\u202e\\ufeff"',
  '"\\ud83d\\ude81"',
  '"__proto__"',
  '"constructor"',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":1,"length":-1}',
  '"../../metadata"',
  '"http://169.254.169.254/"',
  '"%00%2e%2e"',
  '"<script>alert(1)</script>"',
  '"\'; DROP TABLE"',
  '"#"',
  '"urn:uuid:"',
  '"Organization/312000016"',
  '"Task/1"',
  '"ServiceRequest/615a28d9-e671-85b0-8bf8-11b64eeb6c62"',
  `"${secret}"`,
  `{"text":"${secret}","coding":[{"code":"${secret}"}]}`,
  `{"${secret}":1}`,
  `["${secret}"]`,
].map((text) => () => text);
const oddOfSize: readonly ((size: number) => string)[] = [
  (size) => JSON.stringify('x'.repeat(size)),
  (size) => JSON.stringify('æ\u0301'.repeat(size)),
  (size) => `"${'\\\\'.repeat(size)}"`,
  (size) => '9'.repeat(size + 1),
  (size) => `0.${'3'.repeat(size + 1)}`,
  (size) => `[${Array.from({ length: size }, () => '1').join()}]`,
  (size) => `[${Array.from({ length: size }, () => '{}').join()}]`,
  (size) => `{${Array.from({ length: size }, (_, index) => `"k${index}":1`).join()}}`,
  (size) => '['.repeat(size) + ']'.repeat(size),
  (size) => '{"a":'.repeat(size) + '1' + '}'.repeat(size),
];
const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'resourceType',
  'id',
  'meta',
  '',
  '0',
  secret,
  'ÿ\u0000',
];

const operations = [
  'put',
  'put',
  'put',
  'remove',
  'repeat',
  'rename',
  'move',
  'many',
  'nest',
  'fresh',
  'fresh',
] as const;

interface Change {
  readonly operation: (typeof operations)[number];
  readonly at: number;
  readonly what: number;
  readonly size: number;
}

const size = oneof(
  { weight: 8, arbitrary: nat(40) },
  { weight: 1, arbitrary: nat(2_000) },
  { weight: 1, arbitrary: nat(30_000) },
);
const change: Arbitrary<Change> = record({
  operation: constantFrom(...operations),
  at: nat(1_000_000),
  what: nat(1_000_000),
  size,
});

const oddAt = (what: number, howMuch: number): string => {
  const all = [...odd, ...oddOfSize];
  return all[what % all.length]?.(howMuch) ?? 'null';
};

const uuid = (what: number, howMuch: number): string =>
  `00000000-0000-4000-8000-${String(what * 40_000 + howMuch)
    .padStart(12, '0')
    .slice(-12)}`;

const changed = (root: Written, { operation, at, what, size: howMuch }: Change): void => {
  const spots = spotsIn(root);
  const spot = spots[at % Math.max(1, spots.length)];
  if (spot === undefined) return;
  switch (operation) {
    case 'put':
      return spot.put({ kind: 'scalar', text: oddAt(what, howMuch) });
    case 'remove':
      return spot.remove();
    case 'repeat':
      return spot.repeat();
    case 'rename':
      return spot.rename?.(JSON.stringify(names[what % names.length]));
    case 'move':
      return spot.put(copyOf(spots[what % spots.length]?.value ?? spot.value));
    case 'many':
      return spot.put({ kind: 'list', items: Array.from({ length: howMuch % 600 }, () => spot.value) });
    case 'nest': {
      let nested = spot.value;
      for (let level = 0; level < howMuch % 80; level += 1) nested = { kind: 'list', items: [nested] };
      return spot.put(nested);
    }
    case 'fresh': {
      // Another message: without a new id it is the one that was sent before.
      const id = /^"[0-9a-f]{8}-[0-9a-f-]{27}"$/;
      const first = spots.find(({ value }) => value.kind === 'scalar' && id.test(value.text));
      first?.put({ kind: 'scalar', text: `"${uuid(what, howMuch)}"` });
      const header = spots.find(
        ({ value }) =>
          value.kind === 'object' && value.members.some((member) => textOf(member.value) === '"MessageHeader"'),
      );
      if (header?.value.kind !== 'object') return undefined;
      for (const member of header.value.members)
        if (member.name === '"id"') member.value = { kind: 'scalar', text: `"${uuid(what, howMuch + 1)}"` };
    }
  }
};

const damages = ['cut', 'put', 'over', 'remove'] as const;
interface Damage {
  readonly kind: (typeof damages)[number];
  /** Where, as a share of the whole. */
  readonly at: number;
  readonly bytes: Uint8Array;
}
const oddBytes = ['\u0000', '"', '\\', '}', ']', ',', ':', '\ufeff', '\ud83d\ude81', '\\u', '1e9', '//'].map((text) =>
  Uint8Array.from(Buffer.from(text)),
);
const damage: Arbitrary<Damage> = record({
  kind: constantFrom(...damages),
  at: double({ min: 0, max: 1, noNaN: true }),
  bytes: oneof(
    uint8Array({ maxLength: 6 }),
    constantFrom(...oddBytes, Uint8Array.of(0xc0, 0xae), Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xf5)),
  ),
});

const damaged = (body: Buffer, { kind, at, bytes }: Damage): Buffer => {
  const place = Math.floor(at * body.length);
  const [before, after] = [body.subarray(0, place), body.subarray(place)];
  switch (kind) {
    case 'cut':
      return before;
    case 'put':
      return Buffer.concat([before, bytes, after]);
    case 'over':
      return Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    case 'remove':
      return Buffer.concat([before, after.subarray(bytes.length)]);
  }
};

/** How a body is made; it is what shrinks, and what is printed. */
export type Plan =
  | { readonly example: number; readonly changes: readonly Change[]; readonly damage: readonly Damage[] }
  | { readonly bytes: Uint8Array }
  | { readonly text: string };

export const plan: Arbitrary<Plan> = oneof(
  {
    weight: 13,
    arbitrary: record({
      example: nat(1_000),
      changes: array(change, { maxLength: 4 }),
      damage: oneof(
        { weight: 3, arbitrary: array(damage, { maxLength: 0 }) },
        { weight: 1, arbitrary: array(damage, { maxLength: 3 }) },
      ),
    }),
  },
  { weight: 1, arbitrary: record({ bytes: uint8Array({ maxLength: 400 }) }) },
  {
    weight: 1,
    arbitrary: record({ text: string({ unit: constantFrom(...'{}[]",:0e-.\\u tn'.split('')), maxLength: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: record({ text: jsonValue({ noUnicodeString: false }).map((value) => JSON.stringify(value)) }),
  },
);

/** A text as it is, parsed once. */
const known = new Map<string, Written>();
const rootOf = (text: string): Written => {
  const root = known.get(text) ?? writtenOf(parseLossless(text));
  known.set(text, root);
  return root;
};

/** The body that a plan makes of the examples. */
export const bodyOf = (made: Plan, examples: readonly string[]): Buffer => {
  if ('bytes' in made) return Buffer.from(made.bytes);
  if ('text' in made) return Buffer.from(made.text);
  const example = examples[made.example % examples.length] ?? '{}';
  if (made.changes.length === 0) return made.damage.reduce(damaged, Buffer.from(example));
  const root = copyOf(rootOf(example));
  for (const one of made.changes) changed(root, one);
  return made.damage.reduce(damaged, Buffer.from(textOf(root)));
};

const oddValues = [
  '',
  ' ',
  '*',
  '\0',
  '�',
  '%00',
  '../..',
  '__proto__',
  'constructor',
  '-1',
  '1e9',
  '99999999999',
  'NaN',
  '312000016',
  'Organization/312000016',
  'requested',
  'open:',
  'open:\0',
  'closed:~',
  'a|b',
  '|',
  '\\,',
  '$',
  secret,
  '615a28d9-e671-85b0-8bf8-11b64eeb6c62',
  'ServiceRequest/615a28d9-e671-85b0-8bf8-11b64eeb6c62',
  '615a28d9-e671-85b0-8bf8-11b64eeb6c62.1',
  '615a28d9-e671-85b0-8bf8-11b64eeb6c62.2.1',
  'ﷺﷺ',
  '🚁',
  'json',
  'application/fhir+xml',
  'text/html',
  '*/*;q=0',
  'HTEST',
  'helicopter',
  'urn:x|y',
  '9'.repeat(500),
  'x'.repeat(4e3),
  ' '.repeat(4e3),
  ',;'.repeat(2e3),
  '\\'.repeat(3e3),
  '/'.repeat(3e3),
  'W/"1"',
  'W/"99999999"',
];
/** What may stand in a part of a path, a parameter or a header. */
export const word: Arbitrary<string> = oneof(
  { weight: 4, arbitrary: constantFrom(...oddValues) },
  { weight: 1, arbitrary: string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: integer().map(String) },
);
