import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { commandLine, whyOf } from '../../commands/cli/command-line.ts';
import { startHost } from '../../local/host.ts';
import { Partner } from './partner.ts';
import { castOf, play } from './scenario.ts';
import { bold, heading, green, red, say } from './timeline.ts';

/** `npm run demo`: plays one mission between partner systems on this machine. Exit code 0 only if every party that must know was notified. */

commandLine({ usage: 'Usage: npm run demo', options: {} });

const longestSeconds = 60;

const receiptsShape = z.object({
  entry: z
    .array(
      z.object({
        resource: z.object({
          status: z.string(),
          sent: z.string().optional(),
          received: z.string().optional(),
        }),
      }),
    )
    .default([]),
});
const tasksShape = z.object({
  entry: z.array(
    z.object({
      resource: z.object({
        status: z.string(),
        code: z.object({ coding: z.array(z.object({ code: z.string() })) }),
        output: z.array(z.object({ type: z.object({ coding: z.array(z.object({ code: z.string() })) }) })).default([]),
      }),
    }),
  ),
});

const readReceipts = async (reader: Partner, mission: string) =>
  receiptsShape
    .parse(await reader.read(`/Communication?part-of=ServiceRequest/${mission}&_count=100`))
    .entry.map(({ resource }) => resource);
type Receipts = Awaited<ReturnType<typeof readReceipts>>;

/** The receipts, once none is in progress. */
const settledReceipts = async (reader: Partner, mission: string, until: number): Promise<Receipts> => {
  for (;;) {
    const receipts = await readReceipts(reader, mission);
    if (receipts.every(({ status }) => status !== 'in-progress') || Date.now() > until) return receipts;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const historyShape = z.object({
  entry: z.array(z.object({ resource: z.object({ text: z.object({ div: z.string() }) }) })),
});

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** The paragraphs of a narrative, without today's date and the suffix of sample names. */
const paragraphsIn = (div: string): readonly string[] =>
  [...div.matchAll(/<p>(.*?)<\/p>/gs)].map(([, inner = '']) =>
    inner
      .replaceAll(/<[^>]+>/g, '')
      .replaceAll(/&(#?\w+);/g, (whole, name: string) => entities[name] ?? whole)
      .replaceAll(' (eksempel)', '')
      .replaceAll(/(?:on )?\d+ \p{L}+ \d{4}, (\d\d:\d\d:\d\d) \(UTC[^)]*\)/gu, '$1'),
  );

const widest = 110;
const indented = (text: string): string =>
  text.replaceAll(new RegExp(`(.{1,${widest}})(?: +|$)`, 'g'), '      $1\n').trimEnd();

/** Prints the history of the mission: who did what, for which reason, and in which words. */
const printHistory = async (reader: Partner, mission: string): Promise<void> => {
  const history = historyShape.parse(await reader.read(`/ServiceRequest/${mission}/$history?_count=100`));
  heading('The whole history, as every party that led the mission may read it: GET ServiceRequest/<mission>/$history');
  for (const { resource } of history.entry) {
    const [title = '', sentences = ''] = paragraphsIn(resource.text.div);
    console.log(`  ${bold(title)}\n${indented(sentences)}`);
  }
};

const hospitalAcknowledged = async (reader: Partner, mission: string): Promise<boolean> => {
  const { entry } = tasksShape.parse(await reader.read(`/Task?based-on=ServiceRequest/${mission}`));
  const asked = entry.filter(({ resource }) => resource.code.coding.some(({ code }) => code === 'prearrival'));
  return (
    asked.length > 0 &&
    asked.every(({ resource }) =>
      resource.output.some(({ type }) => type.coding.some(({ code }) => code === 'acknowledged')),
    )
  );
};

const main = async (): Promise<number> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'luftbro-demo-'));
  console.log(bold('luftbro demo: one mission between seven systems, from request to outcome'));
  console.log(
    'The mission takes three hours. Here it takes a few seconds, and its times are moved so that it ends now.',
  );
  const host = await startHost({ dataDir, port: 0, issuerPort: 0 });
  say(`hub at ${host.url}`);
  const cast = castOf((name, client) => new Partner({ name, client, hub: host.url, issuer: host.issuerUrl }));
  const partners = Object.values(cast);
  let timer: NodeJS.Timeout | undefined;
  try {
    const until = Date.now() + longestSeconds * 1000;
    const mission = await new Promise<string>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the mission did not end within ${longestSeconds} s`)),
        longestSeconds * 1000,
      );
      Promise.all(partners.map((partner) => partner.join(reject)))
        .then(() => {
          say(`${green('✓')} ${partners.length} systems have subscribed, handshakes done`);
          return play(cast, Date.now());
        })
        .then(resolve, reject);
    });
    const receipts = await settledReceipts(cast.quality, mission, until);
    await printHistory(cast.amk, mission);
    const slowest = Math.max(
      ...receipts.map(({ sent = '', received = '' }) => Date.parse(received) - Date.parse(sent)),
    );
    const isNotified = receipts.length > 0 && receipts.every(({ status }) => status === 'completed');
    const acknowledged = await hospitalAcknowledged(cast.trondheim, mission);
    console.log(
      `\n${isNotified ? green(`✓ every party was notified (${receipts.length} receipts, the slowest after ${slowest} ms)`) : red('✗ a party was not notified')}; ${acknowledged ? green('✓ the hospital acknowledged') : red('✗ the hospital did not acknowledge')}`,
    );
    return isNotified && acknowledged ? 0 : 1;
  } catch (error) {
    console.error(red(whyOf(error)));
    return 1;
  } finally {
    clearTimeout(timer);
    await Promise.all(partners.map((partner) => partner.leave()));
    await host.close();
    await rm(dataDir, { recursive: true, force: true });
  }
};

process.exitCode = await main();
