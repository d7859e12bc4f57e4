import { readdirSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fold } from '../../core/mission/evolve.ts';
import { missionLog } from '../../adapters/dynamodb/mission-log.ts';
import { backup, hubOn, type LocalHub, scratch } from '../support/backup.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../support/embedded-aws.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { exampleText } from '../support/examples.ts';
import { acknowledgement, missionUpdate } from '../support/messages.ts';
import { type Endpoint, eventually, openEndpoint, post } from '../support/partners.ts';
import { factsOf, factsSchema, missions, moveTo } from '../support/releases.ts';
import { taskOf } from '../support/scene.ts';

/** What earlier releases stored, read by this one. `npx node test/support/record-release.ts v0.4.0` adds a release. */

const folder = new URL('../fixtures/releases/', import.meta.url);
const releases = readdirSync(folder).toSorted();

const recordSchema = z.object({
  listeners: z.array(z.object({ client: z.string(), subscription: z.string() })),
  facts: factsSchema,
});

const recordOf = (release: string) =>
  recordSchema.parse(JSON.parse(readFileSync(new URL(`${release}/facts.json`, folder), 'utf8')));

const tableOf = (release: string): string => new URL(`${release}/table`, folder).pathname;

test('Each release before this one is here', () => expect(releases).toContain('v0.4.0'));

describe.each(releases)('a table that %s stored', (release) => {
  const { listeners, facts } = recordOf(release);
  const coordinator = listeners.find(({ client }) => client === 'amk-la-oslo') ?? { client: '', subscription: '' };
  let place: Awaited<ReturnType<typeof scratch>>;
  let aws: EmbeddedAws;
  let hub: LocalHub;
  const endpoints: Endpoint[] = [];

  beforeAll(async () => {
    place = await scratch();
    aws = await startEmbeddedAws();
  });
  afterAll(async () => {
    await hub.close();
    await Promise.all(endpoints.map((endpoint) => endpoint.close()));
    await aws.close();
    await place.remove();
  });

  test('is restored, and each mission folds to the state it had', async () => {
    const restored = await backup(['restore', tableOf(release), '--exact', '--table', aws.tableName]);
    expect([restored.code, restored.errors]).toEqual([0, '']);
    const log = missionLog(openTable(aws.tableName));
    for (const mission of Object.values(missions)) {
      const last = await log.last(mission);
      const entries = await log.entries(mission, 1, last?.number ?? 0);
      expect(entries.map(({ number }) => number)).toEqual(entries.map((_, index) => index + 1));
      expect(fold(entries)).toEqual(last?.state);
    }
  });

  test('reads as it did then: missions, Tasks, history, receipts, messages and notifications', async () => {
    const where = ['--local', '--data-dir', place.path('hub')];
    const restored = await backup(['restore', tableOf(release), '--exact', ...where]);
    expect([restored.code, restored.errors]).toEqual([0, '']);
    expect((await backup(['open', ...where])).code).toBe(0);
    hub = await hubOn(place.path('hub'));
    const versions = facts.missions.map(({ version }) => version);
    const now = await factsOf(hub, listeners, versions);
    // Once open, the hub continues: it delivers the pending notification, and reports deadlines that have passed.
    expect(
      now.subscriptions.map((one, index) => ({
        ...one,
        numbers: one.numbers.slice(0, facts.subscriptions[index]?.numbers.length),
      })),
    ).toEqual(facts.subscriptions);
    for (const [index, { receipts, ...lasting }] of facts.missions.entries()) {
      const { receipts: receiptsNow = [], ...lastingNow } = now.missions[index] ?? {};
      expect(lastingNow).toEqual(lasting);
      expect(receiptsNow).toEqual(expect.arrayContaining(receipts.filter(({ status }) => status !== 'in-progress')));
    }
  });

  test('continues: the pending notification arrives at the new endpoint, then the next message', async () => {
    const la = await openEndpoint();
    endpoints.push(la);
    await moveTo(hub, coordinator, la.url);
    await eventually(
      'the pending notification',
      () => la.events().some(({ text }) => text.includes(missions.pending)),
      60,
    );
    const task = taskOf(missions.goingOn, 1);
    const acknowledged = await post(hub, 'amk-la-oslo', acknowledgement({ task, id: randomUUID() }).text);
    expect(acknowledged.status, acknowledged.text).toBe(200);
    const id = randomUUID();
    const answer = await post(hub, 'amk-innlandet', missionUpdate({ mission: missions.goingOn, id }).text);
    expect(answer.status, answer.text).toBe(200);
    await eventually('the next message', () => la.events().some(({ text }) => text.includes(id)), 60);
    // A message that was sent to that release is recognised: it gets its first answer again.
    const again = await post(hub, 'amk-innlandet', exampleText('mission-request.json'));
    expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"1"']);
  });
});
