import { fileURLToPath } from 'node:url';
import { App } from 'aws-cdk-lib';
import recommendedFeatureFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { z } from 'zod';
import { HubStack } from '../../infra/hub-stack.ts';
import { readStage, stageNames } from '../../infra/stage.ts';
import { mostSeries } from '../../schemas/telemetry/metrics.ts';

/** `docs/costs.md`: published prices times what this project counts of itself, so that neither can change without the other. */

interface Price {
  /** US dollars for one. */
  readonly usd: number;
  readonly words: string;
  /** Where it was seen, and of when that page is; absent: nowhere. */
  readonly seen?: { readonly at: string; readonly of: string };
}

const million = 1_000_000;
const gigabyte = 1_000_000_000;

const prices = {
  apiRequest: {
    usd: 3.5 / million,
    words: 'API Gateway, REST, a million requests: 3.50',
    seen: { at: 'https://go-cloud.io/aws-api-gateway-pricing', of: '2026' },
  },
  firewallRequest: {
    usd: 0.6 / million,
    words: 'AWS WAF, a million requests: 0.60',
    seen: { at: 'https://c3x.dev/blog/aws-waf-cost-explained/', of: 'no date' },
  },
  firewallPart: {
    usd: 1,
    words: 'AWS WAF, a rule for a month: 1; the list that they stand in: 5',
    seen: { at: 'https://c3x.dev/blog/aws-waf-cost-explained/', of: 'no date' },
  },
  functionCall: {
    usd: 0.2 / million,
    words: 'Lambda, a million calls: 0.20',
    seen: { at: 'https://cloudchipr.com/blog/aws-lambda-pricing', of: '2024' },
  },
  functionTime: {
    usd: 0.0000133334,
    words: 'Lambda on ARM, a GB-second: 0.0000133334',
    seen: { at: 'https://cloudchipr.com/blog/aws-lambda-pricing', of: '2024' },
  },
  writeUnit: {
    usd: 0.625 / million,
    words: 'DynamoDB on demand, a million write units: 0.625',
    seen: { at: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing', of: '2025-07-21' },
  },
  readUnit: {
    usd: 0.125 / million,
    words: 'DynamoDB on demand, a million read units: 0.125',
    seen: { at: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing', of: '2025-07-21' },
  },
  storage: {
    usd: 0.25 / gigabyte,
    words: 'DynamoDB, a GB for a month: 0.25',
    seen: { at: 'https://aws.amazon.com/dynamodb/pricing/', of: 'no date' },
  },
  recovery: {
    usd: 0.2 / gigabyte,
    words: 'DynamoDB, a GB with point-in-time recovery for a month: 0.20 more',
    seen: { at: 'https://finops.com.py/services/dynamodb/backups', of: 'no date' },
  },
  queueRequest: {
    usd: 0.5 / million,
    words: 'SQS FIFO, a million requests: 0.50',
    seen: { at: 'https://cloudburn.io/blog/amazon-sqs-pricing', of: '2026-03-14' },
  },
  key: {
    usd: 1,
    words: 'KMS, a key for a month: 1, and 1 more after it was turned',
    seen: { at: 'https://aws.amazon.com/kms/pricing/', of: 'no date' },
  },
  keyCall: {
    usd: 0.03 / 10_000,
    words: 'KMS, ten thousand calls: 0.03',
    seen: { at: 'https://cloudburn.io/blog/aws-kms-pricing', of: '2026-03-14' },
  },
  logByte: {
    usd: 0.5 / gigabyte,
    words: 'CloudWatch Logs, a GB taken in: 0.50',
    seen: {
      at: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
      of: '2026-06-13',
    },
  },
  metric: {
    usd: 0.3,
    words: "CloudWatch, a metric of one's own for a month: 0.30",
    seen: { at: 'https://signoz.io/guides/cloudwatch-pricing', of: '2026-02-15' },
  },
  alarm: {
    usd: 0.1,
    words: 'CloudWatch, a metric in an alarm for a month: 0.10',
    seen: { at: 'https://c3x.dev/blog/aws-cloudwatch-metrics-cost/', of: 'no date' },
  },
  dashboard: {
    usd: 3,
    words: 'CloudWatch, a dashboard for a month: 3',
    seen: { at: 'https://c3x.dev/blog/aws-cloudwatch-metrics-cost/', of: 'no date' },
  },
  outByte: {
    usd: 0.09 / gigabyte,
    words: 'A GB out to the internet: 0.09',
    seen: { at: 'https://awsforengineers.com/blog/aws-api-gateway-pricing-explained', of: '2025-05-19' },
  },
  trace: { usd: 5 / million, words: 'X-Ray, a million traces: 5' },
  exportedByte: { usd: 0.1 / gigabyte, words: 'DynamoDB, a GB of a table exported: 0.10' },
  byteToRegion: { usd: 0.02 / gigabyte, words: 'A GB to another region: 0.02' },
  fileStorage: { usd: 0.023 / gigabyte, words: 'S3, a GB for a month: 0.023' },
} as const satisfies Readonly<Record<string, Price>>;
type PriceName = keyof typeof prices;

/** Fixed before counting; a round number stands for what nobody has measured on AWS. */
const assumed = {
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
  /** For which an export is kept, if who makes the vault says nothing else (`infra/storage/export-vault.yaml`). */
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
const measured = (performance: string, step: string, recipients: number): Measured => {
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

interface Item {
  readonly what: string;
  readonly price: PriceName;
  readonly count: number;
  /** How the count comes about. */
  readonly because: string;
  readonly lower: string;
}

type Bought = Pick<Item, 'price' | 'count'>;

const cost = ({ price, count }: Bought): number => prices[price].usd * count;

/** What one accepted message uses. */
const perMessage = (performance: string): readonly Item[] => {
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
    handlers: fileURLToPath(new URL('../../functions', import.meta.url)),
    stage: readStage(stage),
    release: '',
    tableGeneration: 1,
    exportPlace: undefined,
    access: { kind: 'public' },
    runbook: '',
  });
  return Object.values(templateSchema.parse(app.synth().getStackArtifact(stack.artifactId).template).Resources);
};

const sweepSchema = z.object({ Timeout: z.number(), MemorySize: z.number() });
const filterSchema = z.object({ MetricTransformations: z.array(z.object({ MetricName: z.string() })) });

/** Seconds before its end at which a run of the sweeper stops looking (`functions/sweep`). */
const sweepReserve = 15;

/** What a stage uses in a month in which nothing happens. */
const perMonth = (stage: (typeof stageNames)[number]): readonly Item[] => {
  const resources = resourcesOf(stage);
  const all = (type: string) => resources.flatMap(({ Type, Properties }) => (Type === type ? [Properties] : []));
  const seconds = assumed.days * 86_400;
  const minutes = seconds / 60;
  const sweep = sweepSchema.parse(all('AWS::Lambda::Function').find(({ Timeout }) => Number(Timeout) > 60));
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
      lower: 'fewer keys would let in whom they need not',
    },
    {
      what: 'firewall',
      price: 'firewallPart',
      count: rules.length === 0 ? 0 : rules.length + 5,
      because: 'the list (5) and its rules',
      lower: 'private access would need it least; it is there too, for a partner whose system runs wild',
    },
    {
      what: 'alarms',
      price: 'alarm',
      count: all('AWS::CloudWatch::Alarm').length,
      because: 'each looks at one metric',
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
      because: 'GB-seconds: it never stops looking, so that people are alerted within seconds after a deadline',
      lower: 'half the memory; a rest longer than two seconds delays warnings and saves reads only',
    },
    {
      what: 'sweeper, reads',
      price: 'readUnit',
      count: 12 * 0.5 * (seconds / 2),
      because: 'twelve questions to the empty index every two seconds, half a unit each',
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
        'a data key reused for an hour saves nine tenths of these cents, and leaves a withdrawn right alive as long',
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

/** What a GB of the table costs in a month of nightly exports. Files are no smaller than the table, whose items are packed. */
const perExportedGigabyte: readonly Omit<Item, 'lower'>[] = [
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

const usd = (value: number): string => value.toFixed(2);
const amount = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en-GB').replaceAll(',', ' ') : String(Number(value.toPrecision(3)));
const total = (items: readonly Bought[]): number => items.reduce((sum, item) => sum + cost(item), 0);
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const largest = (items: readonly Item[]): readonly Item[] =>
  items.toSorted((one, other) => cost(other) - cost(one)).slice(0, 3);

/** `performance`: the text of `docs/performance.md`. */
export const costsPage = (performance: string): string => {
  const message = perMessage(performance);
  const months = stageNames.map((stage) => ({ stage, items: perMonth(stage) }));
  const [dev = { items: [] }] = months;
  const { recipients } = assumed;
  const kept = (measured(performance, 'accept and notify', recipients).writes + recipients) * 1000 * million;
  return `# What it costs

Written by \`npm run docs\` (\`docs/generate/costs-page.ts\`): published prices times what this project counts of itself. The counts come from the tables of [what a message costs](performance.md), from the stacks of the three stages and from the catalogue of metrics; a test fails when one of them has changed and this page has not.

**What it is not.** No bill: nothing has run on AWS yet. Prices are US dollars without tax and free tier, for N. Virginia: pages with the prices of Stockholm (eu-north-1) could not be had; one source says that other regions cost up to a quarter more. Times on Lambda are guesses from the bench (× ${assumed.slower}). Retries, reads and handshakes are not in the first table.

## A million accepted messages
A \`mission-update\` of 31 kB, delivered to ${recipients} endpoints at the first attempt.

${row('', 'for one message', 'because', 'USD per million')}
${row('---', '---:', '---', '---:')}
${message.map((item) => row(item.what, amount(item.count), item.because, usd(cost(item) * million))).join('\n')}
${row('**together**', '', '', `**${usd(total(message) * million)}**`)}

KMS has no part in it: it is asked by the clock, not by the message. What is kept grows by at most ${Math.round(kept / gigabyte)} GB, ${usd(kept * prices.storage.usd)} a month for ever, and ${usd(kept * prices.recovery.usd)} with it for point-in-time recovery.

A message that opens a mission, or resumes one after five minutes of silence, costs one write more, for its sender's budget; and each such mission, when it rests, a few reads and an update for each subscription that was notified of it ([ADR 29](adr/0029-idle-missions.md)).

The three largest, and what would lower them:

${largest(message)
  .map((item, index) => `${index + 1}. **${item.what}**, ${usd(cost(item) * million)}: ${item.lower}.`)
  .join('\n')}

## A month in which nothing happens

${row('', ...stageNames, 'because')}
${row('---', ...stageNames.map(() => '---:'), '---')}
${dev.items
  .map((item, index) =>
    row(
      item.what,
      ...months.map(({ items }) => usd(items.slice(index, index + 1).reduce((_sum, one) => cost(one), 0))),
      item.because,
    ),
  )
  .join('\n')}
${row('**together**', ...months.map(({ items }) => `**${usd(total(items))}**`), '')}

The three largest in \`prod\`, and what would lower them:

${largest(months.at(-1)?.items ?? [])
  .map((item, index) => `${index + 1}. **${item.what}**, ${usd(cost(item))}: ${item.lower}.`)
  .join('\n')}

## Exports to another account
In none of the tables above: they are [switched on](deploying.md#exports), and cost by the size of the table.

${row('', 'because', 'USD a month for a GB')}
${row('---', '---', '---:')}
${perExportedGigabyte.map((item) => row(item.what, item.because, usd(cost(item)))).join('\n')}
${row('**together**', '', `**${usd(total(perExportedGigabyte))}**`)}

What a million messages leave behind costs ${usd((total(perExportedGigabyte) * kept) / gigabyte)} a month in this way. Besides, each month, an alarm here, and an alarm and a key there. One export an hour in place of one a night would cost ${usd(24 * assumed.days * gigabyte * prices.exportedByte.usd)} for a GB before anything is kept.

## Prices

${row('price, USD', 'seen at', 'page of')}
${row('---', '---', '---')}
${Object.values(prices)
  .map((price: Price) =>
    row(
      price.words,
      price.seen === undefined ? '**could not be checked**' : `<${price.seen.at}>`,
      price.seen === undefined ? '' : price.seen.of,
    ),
  )
  .join('\n')}

Looked up 2026-11-22 in stored copies of these pages. Most quote AWS's own pages, which fill in their prices by script.
`;
};
