import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rooms and what each may import (docs/adr, "House layout"). The lint rules say the same; here the whole graph is looked at. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  'core/mission': ['schemas'],
  'core/audit': ['schemas', 'core/mission'],
  'core/delivery': ['schemas', 'core/mission'],
  'core/subscriptions': ['schemas', 'core/mission', 'core/delivery'],
  'core/fhir': ['schemas', 'core/mission', 'core/audit', 'core/delivery'],
  'core/queries': ['schemas', 'core/mission', 'core/audit', 'core/delivery', 'core/fhir'],
  adapters: ['schemas', 'core'],
  functions: ['schemas', 'core', 'adapters'],
  standalone: ['schemas', 'core', 'adapters', 'functions'],
  infra: ['schemas'],
  local: ['schemas', 'adapters'],
  commands: ['schemas', 'core', 'adapters', 'local', 'standalone'],
  partner: ['schemas', 'local', 'commands/cli'],
  bench: ['schemas', 'adapters', 'local', 'commands/cli'],
  docs: ['schemas', 'core', 'infra', 'commands/cli'],
};

const root = new URL('../../../', import.meta.url);
const rooms = Object.keys(mayImport);

const files = globSync(
  rooms.map((room) => `${room}/**/*.ts`),
  { cwd: root },
).toSorted();

/** Files of the project that a file imports, by the specifiers in its source. */
const importsOf = (file: string): readonly string[] =>
  [...readFileSync(new URL(file, root), 'utf8').matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(?<path>\.[^']+)'/g)].map(
    ({ groups }) => posix.join(posix.dirname(file), groups?.['path'] ?? ''),
  );

const graph = new Map(files.map((file) => [file, importsOf(file)]));

const isIn = (file: string, room: string): boolean => file.startsWith(`${room}/`);
const roomOf = (file: string): string | undefined => rooms.find((room) => isIn(file, room));

/** A chain of imports that comes back to its first file. */
const circleFrom = (imports: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined => {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of imports.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle !== undefined) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
};

/** The checker of the robustness run must not share a mistake with the hub: it knows the published interface only. */
const checkerFiles = globSync('test/robustness/check/**/*.ts', {
  cwd: root,
  exclude: (name) => name.endsWith('.test.ts'),
});

describe('the checker of the robustness run', () => {
  test('imports nothing but itself and the form of a history', () => {
    expect(checkerFiles.length).toBeGreaterThan(10);
    const others = [...checkerFiles, 'test/robustness/history.ts'].flatMap((file) =>
      importsOf(file)
        .filter((target) => !isIn(target, 'test/robustness/check') && target !== 'test/robustness/history.ts')
        .map((target) => `${file} imports ${target}`),
    );
    expect(others).toEqual([]);
  });
});

describe('the rooms', () => {
  test('finds the sources and their imports', () => {
    expect(files.length).toBeGreaterThan(200);
    expect(graph.get('core/mission/accept-message.ts')).toContain('core/mission/decide.ts');
    for (const room of ['schemas', 'core/mission', 'adapters', 'functions', 'infra', 'commands', 'local', 'partner'])
      expect(files.some((file) => isIn(file, room))).toBe(true);
  });

  test.each(rooms)('%s imports only what it may', (room) => {
    const allowed = [...(mayImport[room] ?? []), room];
    const wrong = files
      .filter((file) => roomOf(file) === room)
      .flatMap((file) => (graph.get(file) ?? []).map((target) => ({ file, target })))
      .filter(({ target }) => target !== 'package.json' && !allowed.some((other) => isIn(target, other)))
      .map(({ file, target }) => `${file} imports ${target}`);
    expect(wrong).toEqual([]);
  });

  test('import each other without a circle', () => expect(circleFrom(graph)).toBeUndefined());

  test('reports a circle', () => {
    const imports = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    expect(circleFrom(imports)).toEqual(['b', 'd', 'b']);
  });

  test('leave no source outside: every folder with TypeScript is a room, core/ has rooms only', () => {
    const outside = globSync('**/*.ts', {
      cwd: root,
      exclude: (name) => /^(node_modules|cdk\.out|coverage|\.luftbro)$/.test(name),
    }).filter((file) => roomOf(file) === undefined && !isIn(file, 'test') && file !== 'vitest.config.ts');
    expect(outside).toEqual([]);
  });
});
