import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import { HubStack } from '../../../infra/hub-stack.ts';
import { readStage, type stageNames } from '../../../infra/stage.ts';
import { z } from 'zod';
import { mostUnitsPerSecond } from '../../../core/audit/table-pass.ts';
import { mostSeries } from '../../../schemas/telemetry/metrics.ts';
import { gigabyte, type PriceName, prices } from './prices.ts';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

/** How much of each service a message, a month and a backup use. */

/** Fixed before counting; a round number stands for what nobody has measured on AWS. */
export const assumed = {
  /** Endpoints that are notified of a message. */
  recipients: 3,
  /** A time of the bench, times this: ARM at one GB has little more than half a processor, and every call is TLS. */
  slower: 3,
  /** Until a partner's system answers, ms. */
  partner: 100,
  /** `authorize`: a signature and one write, ms. */
  authorize: 30,
  /** START, END and REPORT of a call of a function, bytes. */
  platformLines: 350,
  /** A line of the API's access log, bytes. */
  accessLine: 400,
  /** What CloudWatch Logs adds to a line, bytes. */
  perLine: 26,
  /** X-Ray's own default: one request in twenty. */
  traced: 0.05,
  days: 30,
  /** Days for which an export is kept, unless the vault was created with another number (`infra/storage/export-vault.yaml`). */
  exportDays: 35,
};

/** Bytes of JSON lines that the embedded host writes, 20 messages with three endpoints each: LB-101, and LB-401 with two metrics. */
const logged = { accepted: 404, delivered: 810, linesDelivered: 3 };

/** The rows of a table of `docs/performance.md` by its heading: cells by the column's name. */
const tableOf = (performance: string, heading: string): readonly Readonly<Record<string, string>>[] => {
  const [, section] = performance.split(`### ${heading}\n`);
  const lines = (section ?? '')
    .split('\n')
    .filter((line, index, all) => line.startsWith('|') && all.slice(0, index).every((one) => one.startsWith('|')));
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  if (rows.length === 0)
    throw new Error(`docs/performance.md has no table "${heading}": write it by npm run bench -- --write.`);
  return rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ''])));
};

interface Measured {
  readonly reads: number;
  readonly writes: number;
  readonly milliseconds: number;
}

/** What the bench counted of a step, for so many recipients: between its figures for one and for ten. */
export const measured = (performance: string, step: string, recipients: number): Measured => {
  const rows = tableOf(performance, 'Growth with subscribers').filter((row) => row['step'] === step);
  const at = (subscribers: number, column: string): number => {
    const value = Number(rows.find((row) => row['subscribers'] === String(subscribers))?.[column]);
    if (Number.isNaN(value))
      throw new Error(`docs/performance.md does not say ${column} for ${subscribers} subscribers.`);
    return value;
  };
  const between = (column: string): number => at(1, column) + ((at(10, column) - at(1, column)) / 9) * (recipients - 1);
  return { reads: between('read units'), writes: between('write units'), milliseconds: between('time ms') };
};

const bodyBytes = (performance: string): number => {
  const row = tableOf(performance, 'Hub CPU against the floor').find(
    (one) => one['message'] === 'mission-update' && one['step'] === 'deliver',
  );
  return Number(/^(\d+) kB$/.exec(row?.['body'] ?? '')?.[1]) * 1000;
};

export interface Item {
  readonly what: string;
  readonly price: PriceName;
  readonly count: number;
  /** How the count comes about. */
  readonly because: string;
  readonly lower: string;
}

export type Bought = Pick<Item, 'price' | 'count'>;
export const cost = ({ price, count }: Bought): number => prices[price].usd * count;

/** What one accepted message uses. */
export const perMessage = (performance: string): readonly Item[] => {
  const { recipients, slower, partner, authorize, platformLines, accessLine, perLine, traced } = assumed;
  const notified = measured(performance, 'accept and notify', recipients);
  const delivered = measured(performance, 'deliver one', 1);
  const calls = 2 + recipients;
  const seconds = {
    authorize: authorize / 1000,
    processMessage: (notified.milliseconds * slower) / 1000,
    deliver: ((delivered.milliseconds * slower + partner) / 1000) * recipients,
  };
  return [
    {
      what: 'API Gateway',
      price: 'apiRequest',
      count: 1,
      because: 'the request',
      lower: 'an HTTP API would cost a third; it has no firewall, no answers of its own in FHIR and no private access',
    },
    {
      what: 'firewall',
      price: 'firewallRequest',
      count: 1,
      because: 'the request',
      lower: 'nothing worth doing: it counts each request',
    },
    {
      what: 'Lambda, calls',
      price: 'functionCall',
      count: calls,
      because: `authorize, process-message, ${recipients} deliver`,
      lower: 'several notifications in a call would let the slowest endpoint hold back the others',
    },
    {
      what: 'Lambda, time',
      price: 'functionTime',
      count: 0.5 * seconds.authorize + seconds.processMessage + seconds.deliver,
      because: `GB-seconds: bench times × ${slower}, and ${partner} ms for each partner's answer`,
      lower: 'less memory for `deliver`, which mostly waits for the partner; measure on AWS first',
    },
    {
      what: 'DynamoDB, writes',
      price: 'writeUnit',
      count: 2 + notified.writes + delivered.writes * recipients + 2 + 2 * recipients,
      because:
        'proof, budget of the client, entry, obligation, and per recipient number, receipt, outcome; pending work enters an index and leaves it, which the bench does not count',
      lower: 'smaller entries (they are compressed already), or provisioned capacity once the load is known and steady',
    },
    {
      what: 'DynamoDB, reads',
      price: 'readUnit',
      count: notified.reads + delivered.reads * recipients,
      because: 'newest entry, subscriptions, and per recipient receipt and entry',
      lower: 'nothing worth doing',
    },
    {
      what: 'SQS',
      price: 'queueRequest',
      count: 1 + 2 * recipients,
      because: 'one batch sent, each order received and deleted',
      lower: 'nothing worth doing',
    },
    {
      what: 'logs',
      price: 'logByte',
      count:
        accessLine +
        logged.accepted +
        logged.delivered * recipients +
        platformLines * calls +
        perLine * (2 + logged.linesDelivered * recipients + 3 * calls),
      because: 'bytes: access log, the lines of the hub and its metrics, the lines of Lambda',
      lower: "Lambda's own lines can be turned off (log format JSON, system level WARN)",
    },
    {
      what: 'traces',
      price: 'trace',
      count: traced * calls,
      because: 'one in twenty of each call',
      lower: 'a sampling rule of X-Ray',
    },
    {
      what: 'out to partners',
      price: 'outByte',
      count: bodyBytes(performance) * recipients,
      because: 'bytes of full notifications; an `empty` subscription gets none',
      lower:
        'subscriptions with `empty` or `id-only` content for systems that read afterwards; partners inside AWS by private access',
    },
  ];
};

/** Only what is counted here is read. */
const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

const resourcesOf = (stage: (typeof stageNames)[number]) => {
  const app = new App({
    context: { ...recommendedFeatureFlags, 'aws:cdk:bundling-stacks': [] },
    builtinCloudFormationValidation: false,
  });
  const stack = new HubStack(app, `luftbro-${stage}`, {
    handlers: fileURLToPath(new URL('../../../functions', import.meta.url)),
    stage: readStage(stage),
    release: '',
    tableGeneration: 1,
    exportPlace: undefined,
    access: { kind: 'public' },
    runbook: '',
  });
  return templateSchema.parse(app.synth().getStackArtifact(stack.artifactId).template).Resources;
};

const functionSchema = z.object({ Timeout: z.number(), MemorySize: z.number() });
const filterSchema = z.object({ MetricTransformations: z.array(z.object({ MetricName: z.string() })) });

/** Seconds before its end at which a run of the sweeper stops looking (`functions/sweep`). */
const sweepReserve = 15;

/** What a stage uses in a month in which nothing happens. */
export const perMonth = (stage: (typeof stageNames)[number]): readonly Item[] => {
  const named = resourcesOf(stage);
  const resources = Object.values(named);
  const all = (type: string) => resources.flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
  const seconds = assumed.days * 86_400;
  const minutes = seconds / 60;
  const sweep = functionSchema.parse(named['Sweep']?.Properties);
  const filters = new Set(
    all('AWS::Logs::MetricFilter').flatMap((filter) =>
      filterSchema.parse(filter).MetricTransformations.map(({ MetricName }) => MetricName),
    ),
  );
  const reuse = z.object({ KmsDataKeyReusePeriodSeconds: z.number() }).parse(all('AWS::SQS::Queue')[0]);
  const rules = all('AWS::WAFv2::WebACL').flatMap((acl) => z.object({ Rules: z.array(z.unknown()) }).parse(acl).Rules);
  return [
    {
      what: 'keys',
      price: 'key',
      count: all('AWS::KMS::Key').length,
      because: 'table and queues, logs, alarms',
      lower: 'with fewer keys, one right would open more than its holder needs',
    },
    {
      what: 'firewall',
      price: 'firewallPart',
      count: rules.length === 0 ? 0 : rules.length + 5,
      because: 'the list (5) and its rules',
      lower: 'private access needs it least; it has one too, against a flood of requests from a faulty partner system',
    },
    {
      what: 'alarms',
      price: 'alarm',
      count: all('AWS::CloudWatch::Alarm').length,
      because: 'each watches one metric',
      lower: 'nothing worth doing',
    },
    {
      what: 'dashboard',
      price: 'dashboard',
      count: all('AWS::CloudWatch::Dashboard').length,
      because: 'one',
      lower: 'take it out of `dev`',
    },
    {
      what: 'metrics, at most',
      price: 'metric',
      count: mostSeries + filters.size,
      because: 'every value of every dimension, seen all month; billed by the hour in which one is seen',
      lower: 'fewer dimensions in `schemas/telemetry/metrics.ts`',
    },
    {
      what: 'sweeper, time',
      price: 'functionTime',
      count: (sweep.MemorySize / 1024) * (sweep.Timeout - sweepReserve) * minutes,
      because: 'GB-seconds: it polls all the time, so that people are alerted within seconds after a deadline',
      lower: 'half the memory; a rest longer than two seconds delays warnings and saves reads only',
    },
    {
      what: 'sweeper, reads',
      price: 'readUnit',
      count: 16 * 0.5 * (seconds / 2),
      because: 'sixteen queries of the empty index every two seconds, half a unit each',
      lower: 'nothing worth doing',
    },
    {
      what: 'queue, waiting',
      price: 'queueRequest',
      count: 5 * (seconds / 20),
      because: "Lambda's five pollers, each asking every 20 s; AWS may change that",
      lower: 'nothing worth doing',
    },
    {
      what: 'keys, calls of SQS',
      price: 'keyCall',
      count: (seconds / reuse.KmsDataKeyReusePeriodSeconds) * (2 * 3 + 1),
      because: "AWS's formula: three senders, one receiver, a data key reused for five minutes",
      lower:
        'a data key reused for an hour saves nine tenths of these cents. A withdrawn right then stays usable for up to an hour',
    },
    {
      what: 'keys, calls of DynamoDB, at least',
      price: 'keyCall',
      count: (seconds / 300) * 7,
      because: 'each function every five minutes; more with more instances',
      lower: 'nothing',
    },
  ];
};

/** Bytes of a table that one read unit covers in an eventually consistent scan. */
const bytesPerUnit = 8_192;

/** Read units a second of a pass, and GB of memory of the nightly function. */
const pass = { unitsPerSecond: mostUnitsPerSecond, gigabytes: 0.5 };

/** Passes over the whole table each night: for the anchors, and for the comparison of receipts. */
const passes = 2;

/** What a GB of the table costs in a month of nightly passes. */
export const perAnchoredGigabyte: readonly Omit<Item, 'lower'>[] = [
  {
    what: 'DynamoDB, reads',
    price: 'readUnit',
    count: (passes * assumed.days * gigabyte) / bytesPerUnit,
    because: 'the whole table twice each night, eventually consistent: for the anchors, and to compare receipts',
  },
  {
    what: 'Lambda, time',
    price: 'functionTime',
    count: (passes * assumed.days * gigabyte * pass.gigabytes) / bytesPerUnit / pass.unitsPerSecond,
    because: `GB-seconds: at most ${pass.unitsPerSecond} units a second, so that missions keep the table's capacity`,
  },
];

/** What a GB of the table costs in a month of nightly exports. Files are no smaller than the table, whose items are packed. */
export const perExportedGigabyte: readonly Omit<Item, 'lower'>[] = [
  {
    what: 'exports',
    price: 'exportedByte',
    count: assumed.days * gigabyte,
    because: 'the whole table each night',
  },
  {
    what: 'to another region',
    price: 'byteToRegion',
    count: assumed.days * gigabyte,
    because: 'the files, each night',
  },
  {
    what: 'kept there',
    price: 'fileStorage',
    count: assumed.exportDays * gigabyte,
    because: `the files of ${assumed.exportDays} nights, which nobody can delete`,
  },
];
