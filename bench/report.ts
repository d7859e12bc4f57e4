import type { CodeFigures } from './code.ts';
import { type Figures, number, times } from './figures.ts';
import type { LatencyFigures } from './latency.ts';
import type { CpuResults, GrowthResults, Side } from './measure-protocol.ts';

/** The tables of the bench, each with the limits of its figures. */

const calls = (made: Readonly<Record<string, number>>): string =>
  Object.entries(made)
    .filter(([kind]) => kind !== 'GetItem')
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');

const sum = (made: Readonly<Record<string, number>>): number =>
  Object.entries(made).reduce((total, [kind, count]) => (kind === 'GetItem' ? total : total + count), 0);

const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(0)} kB`;

export const latencyTable = (figures: readonly LatencyFigures[], seed: number): Figures => ({
  title: 'Latency under load',
  columns: [
    'offered /s',
    'delivered /s',
    'sent',
    'answer p50 ms',
    'p95',
    'p99',
    'accepted → delivered p50 ms',
    'p95',
    'p99',
    'kept up',
  ],
  rows: figures.map(({ offered, achieved, sent, answered, delivered, sustained }) => [
    String(offered),
    number(achieved),
    String(sent),
    ...[answered.p50, answered.p95, answered.p99, delivered.p50, delivered.p95, delivered.p99].map(number),
    sustained ? 'yes' : 'no',
  ]),
  notes: [
    `Sustained: ${number(sustainedRate(figures))} messages/s, the highest offered rate that was kept up with.`,
    'Open loop: messages (mission-update, 31 kB, one recipient, many missions) are sent at random times, independent of earlier answers. The latency of an answer counts from the scheduled time of its request, so it includes a stall of the hub.',
    'Limited by the embedded services: tables, queues, functions, sender and receiver share the processors of one machine, and every write reaches its disk. The figures include neither the network of AWS nor its concurrency.',
    `Seed ${seed}.`,
  ],
});

const sustainedRate = (figures: readonly LatencyFigures[]): number =>
  Math.max(0, ...figures.filter(({ sustained }) => sustained).map(({ offered }) => offered));

export const cpuTable = (results: CpuResults): Figures => ({
  title: 'Hub CPU against the floor',
  columns: [
    'message',
    'step',
    'body',
    'hub ms',
    'of it R4 check',
    'floor ms',
    'hub / floor',
    'floor ms, lean clients',
    'hub / it',
    'AWS calls',
  ],
  rows: results.map(({ step, what, bytes, hub, check, floor, ratio, leanFloor, leanRatio, calls: made }) => [
    step,
    what,
    kilobytes(bytes),
    number(hub),
    check === undefined ? '–' : number(check),
    number(floor),
    times(ratio),
    number(leanFloor),
    times(leanRatio),
    calls(made),
  ]),
  notes: [
    'The floor parses the body and the entries it reads (`JSON.parse`), makes the same AWS calls with the same contents, and posts the same notification; it does nothing else: no check, no rule, no digest, no compression, no signature, no log line.',
    'The floor uses the AWS SDK as its documentation shows it; the budgets count against this one. The floor with lean clients makes the calls by the clients of the hub (ADR 51), so the ratio to it is what the hub itself adds.',
    'Processor time of the whole process, garbage collection included; AWS answers are replayed at once from a recording, in another process. Medians of alternating rounds of hub and floor.',
    'Limited by the AWS SDK, which is most of the floor: over TLS, as on AWS, both sides grow equally and the ratio falls.',
  ],
});

export const codeTable = (figures: readonly CodeFigures[]): Figures => ({
  title: 'Code and cold import',
  columns: ['function', 'bundle', 'gzip', 'import ms', 'empty handler ms', 'difference ms'],
  rows: figures.map(({ name, bytes, zipped, cold, empty }) => [
    name,
    kilobytes(bytes),
    kilobytes(zipped),
    number(cold),
    number(empty),
    number(cold - empty),
  ]),
  notes: [
    'A new Node.js process per import, with the settings of the stack; medians, alternating with an empty handler.',
    'Limited by reading and compiling the code and by its work at import; the file is in the page cache. A cold start on Lambda adds fetching the code and starting the runtime. Its processors (arm64, a share of one by memory) are slower.',
  ],
});

const growthRow = (
  size: number,
  what: string,
  { calls: made, readUnits, writeUnits, notificationUnits, bytes, cpu, wall }: Side,
) => [
  String(size),
  what,
  number(cpu),
  number(wall),
  String(sum(made)),
  calls(made),
  number(readUnits),
  number(writeUnits),
  number(notificationUnits),
  kilobytes(bytes),
];

const growthColumns = (of: string): readonly string[] => [
  of,
  'step',
  'CPU ms',
  'time ms',
  'AWS calls',
  'by kind',
  'read units',
  'write units',
  'of them for notifications',
  'to and from AWS',
];

export const growthTable = (of: string, results: GrowthResults, notes: readonly string[]): Figures => ({
  title: `Growth with ${of}`,
  columns: growthColumns(of),
  rows: results.flatMap(({ size, accept, deliver }) => [
    growthRow(size, 'accept and notify', accept),
    growthRow(size, 'deliver one', deliver),
  ]),
  notes,
});

export interface Budget {
  readonly what: string;
  readonly limit: string;
  readonly found: string;
  readonly holds: boolean;
}

export const budgetTable = (budgets: readonly Budget[]): Figures => ({
  title: 'Budgets',
  columns: ['budget', 'limit', 'found', 'holds'],
  rows: budgets.map(({ what, limit, found, holds }) => [what, limit, found, holds ? 'yes' : 'NO']),
  notes: [],
});

/** The cost at the last size in relation to the first. */
const growthOf = (results: GrowthResults, sizes: (size: number) => boolean, cost: (side: Side) => number): number => {
  const wanted = results.filter(({ size }) => sizes(size));
  const [first, last] = [wanted.at(0), wanted.at(-1)];
  if (first === undefined || last === undefined) return Number.NaN;
  return (cost(last.accept) + cost(last.deliver)) / (cost(first.accept) + cost(first.deliver));
};

/** Cost that grows less than this counts as flat: the fingerprints of 90 messages, and the effect of other load. */
const flat = 1.25;

const flatBudgets = (what: string, results: GrowthResults, sizes: (size: number) => boolean): readonly Budget[] =>
  (
    [
      ['AWS calls', ({ calls: made }: Side) => sum(made), 1],
      ['capacity units', ({ readUnits, writeUnits }: Side) => readUnits + writeUnits, flat],
      ['CPU', ({ cpu }: Side) => cpu, flat],
    ] as const
  ).map(([cost, pick, limit]) => {
    const ratio = growthOf(results, sizes, pick);
    return { what: `${cost} per message, ${what}`, limit: times(limit), found: times(ratio), holds: ratio <= limit };
  });

/** Write units to number, write and deliver a notification: the same, within one unit, at every size. */
const unitBudget = (what: string, results: GrowthResults): Budget => {
  const units = results.map(({ accept, deliver }) => accept.notificationUnits + deliver.notificationUnits);
  return {
    what: `write units per notification, ${what}: ${results.map(({ size }) => size).join(', ')}`,
    limit: 'equal ± 1',
    found: units.map(number).join(', '),
    holds: Math.max(...units) - Math.min(...units) <= 1,
  };
};

/** What the check of a message against FHIR R4 adds to the accept step. */
const checkBudget = (results: CpuResults): Budget => {
  const added = Math.max(...results.map(({ hub, check = 0 }) => check / (hub - check)));
  return {
    what: 'R4 check, added to accept and notify',
    limit: '20 %',
    found: `${(added * 100).toFixed(0)} %`,
    holds: added <= 0.2,
  };
};

export const budgetsOf = (measured: {
  readonly cpu: CpuResults;
  readonly code: readonly CodeFigures[];
  readonly length: GrowthResults;
  readonly stored: GrowthResults;
  readonly awake: GrowthResults;
}): readonly Budget[] => {
  const slowest = measured.code.toSorted((one, other) => other.cold - other.empty - (one.cold - one.empty))[0];
  return [
    ...(
      [
        ['accept and notify', 1.3],
        ['deliver', 1.5],
      ] as const
    ).map(([what, most]) => {
      const worst = Math.max(...measured.cpu.filter((one) => one.what === what).map(({ ratio }) => ratio));
      return { what: `hub CPU, ${what}`, limit: `${most} × the floor`, found: times(worst), holds: worst <= most };
    }),
    checkBudget(measured.cpu),
    {
      what: `cold import, ${slowest?.name ?? ''}`,
      limit: '100 ms beyond an empty handler',
      found: slowest === undefined ? '–' : `${number(slowest.cold - slowest.empty)} ms`,
      holds: slowest !== undefined && slowest.cold - slowest.empty <= 100,
    },
    ...flatBudgets('mission of 100 messages against 10', measured.length, (size) => size <= 100),
    ...flatBudgets('most missions stored against fewest', measured.stored, () => true),
    unitBudget('missions stored', measured.stored),
    unitBudget('missions awake', measured.awake),
  ];
};
