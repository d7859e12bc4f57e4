import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startHost } from '../local/host.ts';
import { Partner } from './partner.ts';
import { play } from './story.ts';
import { bold, dim, green, red, say } from './timeline.ts';

/** Plays one mission between partner systems on this machine, and ends well only if everybody who must know was told. */

const longestSeconds = 60;

const receiptsShape = z.object({
  entry: z
    .array(
      z.object({
        resource: z.object({
          status: z.string(),
          topic: z.object({ coding: z.array(z.object({ code: z.string() })) }),
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

/** The receipts, once none is under way any more. */
const settledReceipts = async (reader: Partner, mission: string, until: number) => {
  for (;;) {
    const receipts = await readReceipts(reader, mission);
    if (receipts.every(({ status }) => status !== 'in-progress') || Date.now() > until) return receipts;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const printReceipts = (receipts: Awaited<ReturnType<typeof readReceipts>>): void => {
  console.log(`\n${bold('Receipts')} ${dim('(Communication?part-of=…, read by the local AMK and the AMK LA)')}`);
  for (const { status, topic, recipient, sent, received } of receipts) {
    const took =
      sent === undefined || received === undefined ? '' : dim(`${Date.parse(received) - Date.parse(sent)} ms`);
    const mark = status === 'completed' ? green('✓') : red('✗');
    console.log(
      `  ${mark} ${(topic.coding[0]?.code ?? '').padEnd(24)} ${(recipient[0]?.display ?? '').padEnd(46)} ${status} ${took}`,
    );
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
  const clients = z
    .object({ clients: z.record(z.string(), z.object({ orgnr_parent: z.string() })) })
    .parse(JSON.parse(await readFile(new URL('../directory/clients.json', import.meta.url), 'utf8'))).clients;
  console.log(bold('luftbro demo: one mission, from the request to the hand-over'));
  const host = await startHost({ dataDir, port: 0, issuerPort: 0 });
  say(`hub at ${host.url}`);
  const cast = (name: string, client: string): Partner =>
    new Partner({
      name,
      client,
      organisation: clients[client]?.orgnr_parent ?? '',
      hub: host.url,
      issuer: host.issuerUrl,
    });
  const amk = cast('AMK Innlandet', 'amk-innlandet');
  const coordinator = cast('AMK LA Oslo', 'amk-la-oslo');
  const operator = cast('Lørenskog base', 'operator-lorenskog');
  const hospital = cast('Ullevål', 'hospital-ulleval');
  const partners = [amk, coordinator, operator, hospital];
  let timer: NodeJS.Timeout | undefined;
  try {
    const until = Date.now() + longestSeconds * 1000;
    const mission = await new Promise<string>((resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the mission did not end within ${longestSeconds} s`)),
        longestSeconds * 1000,
      );
      Promise.all(partners.map((partner) => partner.join(reject)))
        .then(() => play({ amk, coordinator, operator, hospital }, Date.now()))
        .then(resolve, reject);
    });
    const asCoordinator = await settledReceipts(coordinator, mission, until);
    printReceipts(asCoordinator);
    const told = asCoordinator.length > 0 && asCoordinator.every(({ status }) => status === 'completed');
    const acknowledged = await hospitalAcknowledged(coordinator, mission);
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
