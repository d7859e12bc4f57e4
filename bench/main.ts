import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../commands/cli/command-line.ts';
import { measureCode } from './code.ts';
import { asMarkdown, asText, type Figures } from './figures.ts';
import { measureLatency } from './latency.ts';
import { cpu, growth } from './measure.ts';
import { latencyPlot } from './plot.ts';
import { sqliteTable } from './sqlite.ts';
import { budgetsOf, budgetTable, codeTable, cpuTable, growthTable, latencyTable } from './report.ts';

/**
 * `npm run bench`: measures the hub on this machine, all in one run, and prints the tables. `--quick` for a first look,
 * `--write` to put them into `docs/performance.md`, `--assembly <folder>` for another cloud assembly than `cdk.out`, `--sqlite` for
 * the entries that SQLite takes, and nothing else.
 */

const project = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const { values, whole } = commandLine({
  usage: 'Usage: npm run bench [-- [--quick] [--write] [--sqlite] [--assembly <folder>] [--seed <number>]]',
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    sqlite: { type: 'boolean', default: false },
    assembly: { type: 'string', default: project('cdk.out') },
    seed: { type: 'string', default: '1' },
  },
});
const assembly = resolve(values.assembly);
const seed = whole('seed', values.seed);

const size = values.quick
  ? {
      rates: [5, 20],
      seconds: 3,
      missions: 5,
      calls: 20,
      rounds: 5,
      imports: 3,
      sizes: [10, 30],
      stored: [10, 1_000],
      awake: [1, 30],
      samples: 7,
    }
  : {
      rates: [2, 5, 10, 15, 20, 30, 40, 60, 80, 120, 160],
      seconds: 10,
      missions: 30,
      calls: 50,
      rounds: 9,
      imports: 11,
      sizes: [10, 100, 1_000],
      stored: [10, 1_000, 100_000],
      awake: [1, 1_000],
      samples: 15,
    };

/** Puts lines between the two comments of this name in `docs/performance.md`. */
const writeSection = (name: string, lines: readonly string[]): void => {
  const page = project('docs/performance.md');
  const machine = `Node.js ${process.version}, ${cpus().length} processors (${cpus()[0]?.model.trim() ?? 'unknown'}), ${process.platform} ${process.arch}.`;
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [at, until] = [text.indexOf(begin), text.indexOf(end)];
  if (at < 0 || until < at) throw new Error(`${page} has no place for the tables: ${begin} … ${end}`);
  const section = [begin, `Written by \`npm run bench\` with \`--write\`. ${machine}`, '', ...lines, ''].join('\n');
  writeFileSync(page, text.slice(0, at) + section + text.slice(until));
};

if (values.sqlite) {
  const table = sqliteTable(values.quick ? { seconds: 2, rounds: 1 } : { seconds: 5, rounds: 3 });
  console.log(asText(table));
  if (values.write) writeSection('bench-sqlite', [asMarkdown(table)]);
  process.exit();
}

const began = performance.now();
const progress = (what: string): void =>
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${what}`);

const latency = await measureLatency({
  assembly,
  rates: size.rates,
  seconds: size.seconds,
  missions: size.missions,
  seed,
  progress,
});
progress('hub CPU against the floor');
const compared = await cpu({ assembly, calls: size.calls, rounds: size.rounds });
progress('growth with the length of a mission');
const length = await growth({ assembly, of: 'length', sizes: size.sizes, samples: size.samples });
progress('growth with subscribers');
const subscribers = await growth({
  assembly,
  of: 'subscribers',
  sizes: values.quick ? [1, 10] : [1, 10, 100],
  samples: Math.min(size.samples, 7),
});
progress('growth with stored missions');
const stored = await growth({ assembly, of: 'stored', sizes: size.stored, samples: size.samples });
progress('growth with awake missions');
const awake = await growth({ assembly, of: 'awake', sizes: size.awake, samples: size.samples });
const code = await measureCode(assembly, size.imports, progress);

const growthLimit =
  'One message at a time, alternating between the sizes; CPU is the hub’s, time is limited by the embedded tables. Units are those that DynamoDB bills for the table, counted by the embedded tables. They do not count the writes to the indexes. Medians.';
const tables: readonly Figures[] = [
  budgetTable(budgetsOf({ cpu: compared, code, length, stored, awake })),
  latencyTable(latency, seed),
  cpuTable(compared),
  growthTable('messages in the mission', length, [
    growthLimit,
    'An entry carries 16 characters for each of the newest 256 messages, which identify a message sent again.',
  ]),
  growthTable('subscribers', subscribers, [
    growthLimit,
    'An organisation can have at most 50 subscriptions: the hundred belong to the AMK LA and to an operator.',
  ]),
  growthTable('missions stored', stored, [
    growthLimit,
    'Stored are missions of which the subscriber was notified long ago: place, receipt and entry of each are written straight into the table.',
  ]),
  growthTable('missions awake', awake, [
    growthLimit,
    'Awake are missions that the hub opened and notified the subscriber of directly before.',
  ]),
  codeTable(code),
];

for (const table of tables) console.log(`${asText(table)}\n`);

if (values.write) {
  writeSection('bench', [
    ...tables.map((table) => `${asMarkdown(table)}\n`),
    '![Accepted to delivered over offered rate](performance-latency.svg)',
  ]);
  writeFileSync(project('docs/performance-latency.svg'), latencyPlot(latency));
}
progress('done');
