import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bundle, readBundles } from './bundles.ts';
import { median } from './statistics.ts';

/** The code that a cold start loads: the size of each function's code, and the time that a new process takes to import it. */
export interface CodeFigures {
  readonly name: string;
  readonly bytes: number;
  readonly zipped: number;
  /** Milliseconds to import it, and to import an empty handler; medians of alternating runs. */
  readonly cold: number;
  readonly empty: number;
}

const run = promisify(execFile);
const importer = fileURLToPath(new URL('./import-process.ts', import.meta.url));

const coldImport = async (file: string, environment: Readonly<Record<string, string>>): Promise<number> => {
  const { stdout } = await run(process.execPath, [importer, file], {
    env: {
      AWS_REGION: 'eu-north-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      ...environment,
    },
  });
  return Number(stdout);
};

export const measureCode = async (
  assembly: string,
  rounds: number,
  progress: (what: string) => void,
): Promise<readonly CodeFigures[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-bench-'));
  try {
    const nothing = join(folder, 'index.cjs');
    await writeFile(nothing, 'exports.handler = async () => ({});\n');
    const bundles = await readBundles(assembly);
    const found = new Map<Bundle, { cold: number[]; empty: number[] }>(
      bundles.map((bundle) => [bundle, { cold: [], empty: [] }]),
    );
    for (let round = 0; round < rounds; round += 1) {
      progress(`cold import, round ${round + 1} of ${rounds}`);
      for (const [bundle, { cold, empty }] of found) {
        cold.push(await coldImport(bundle.file, bundle.environment));
        empty.push(await coldImport(nothing, bundle.environment));
      }
    }
    return [...found].map(([{ name, bytes, zipped }, { cold, empty }]) => ({
      name,
      bytes,
      zipped,
      cold: median(cold),
      empty: median(empty),
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
