import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startHost } from '../local/host.ts';
import { Partner } from './partner.ts';
import { castOf, play } from './story.ts';
import { bold, chapter, dim, green, red, say } from './timeline.ts';

/** Plays one mission between partner systems on this machine, and ends well only if everybody who must know was told. */

const longestSeconds = 60;

const receiptsShape = z.object({
  entry: z
    .array(
      z.object({
        resource: z.object({
          status: z.string(),
          about: z.array(z.object({ reference: z.string(), display: z.string() })).min(1),
          recipient: z.array(z.object({ display: z.string().optional() })),
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

/** The receipts, once none is under way any more. */
const settledReceipts = async (reader: Partner, mission: string, until: number): Promise<Receipts> => {
  for (;;) {
    const receipts = await readReceipts(reader, mission);
    if (receipts.every(({ status }) => status !== 'in-progress') || Date.now() > until) return receipts;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** One line per message: who was told, and how long that took. */
const printReceipts = (receipts: Receipts): void => {
  chapter('Receipts, read by the quality register (Communication?part-of=…): no person is in them');
  for (const [message, group] of Map.groupBy(receipts, ({ about }) => about[0]?.reference ?? '')) {
    const told = group.map(({ status, recipient, sent, received }) => {
      const took =
        sent === undefined || received === undefined ? '' : dim(` ${Date.parse(received) - Date.parse(sent)} ms`);
      const name = (recipient[0]?.display ?? '').replace(' (eksempel)', '');
      return `${status === 'completed' ? green('✓') : red(`✗ ${status}`)} ${name}${took}`;
    });
    const number = message.split('.').at(-1) ?? '';
    console.log(`  ${number.padStart(2)} ${(group[0]?.about[0]?.display ?? '').padEnd(24)} ${told.join('  ')}`);
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
  console.log(bold('luftbro demo: one mission between seven systems, from the request to what became of it'));
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
    printReceipts(receipts);
    const told = receipts.length > 0 && receipts.every(({ status }) => status === 'completed');
    const acknowledged = await hospitalAcknowledged(cast.trondheim, mission);
    console.log(
      `\n${told ? green('✓ every party was told') : red('✗ somebody was not told')}; ${acknowledged ? green('✓ the hospital acknowledged') : red('✗ the hospital did not acknowledge')}`,
    );
    return told && acknowledged ? 0 : 1;
  } catch (error) {
    console.error(red(error instanceof Error ? error.message : String(error)));
    return 1;
  } finally {
    clearTimeout(timer);
    await Promise.all(partners.map((partner) => partner.leave()));
    await host.close();
    await rm(dataDir, { recursive: true, force: true });
  }
};

process.exitCode = await main();
