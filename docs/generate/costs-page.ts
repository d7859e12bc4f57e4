import { stageNames } from '../../infra/stage.ts';
import { gigabyte, million, type Price, prices } from './costs/prices.ts';
import {
  assumed,
  type Bought,
  cost,
  type Item,
  measured,
  perAnchoredGigabyte,
  perExportedGigabyte,
  perMessage,
  perMonth,
} from './costs/usage.ts';

/** `docs/costs.md`: published prices times what this project counts of itself, so that neither can change without the other. */

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

## Anchors
In none of the tables above: the nightly pass for the [anchors](audit.md#anchors) reads the whole table, and costs by its size.

${row('', 'because', 'USD a month for a GB')}
${row('---', '---', '---:')}
${perAnchoredGigabyte.map((item) => row(item.what, item.because, usd(cost(item)))).join('\n')}
${row('**together**', '', `**${usd(total(perAnchoredGigabyte))}**`)}

What a million messages leave behind costs ${usd((total(perAnchoredGigabyte) * kept) / gigabyte)} a month in this way. The anchors themselves are a few kilobytes a night; a million chains that change in a night are 150 MB.

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
