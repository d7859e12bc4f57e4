import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeleteCommand, GetCommand, PutCommand } from '../../adapters/dynamodb/commands.ts';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { keys, type Table } from '../../adapters/dynamodb/table.ts';
import { pack, unpack } from '../../adapters/packed.ts';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import { anchorFile } from '../../core/audit/anchors.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { evolve } from '../../core/mission/evolve.ts';
import { sealOfEntry } from '../../core/mission/seal.ts';
import type { Entry } from '../../core/mission/state.ts';
import { runHub } from '../support/commands.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { sampleDirectoryData } from '../support/examples.ts';
import {
  missionDecision,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceRequest,
  sentBy,
  taskOpenedBy,
} from '../support/scenario.ts';

/** Mission logs that a person with the right to write to the table has changed. */

type Content = Omit<Entry, 'seal'>;
type Item = Record<string, unknown>;

let aws: EmbeddedAws;
let logs: Logs;
let table: Table;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  ({ table } = logs);
  withoutTimeLimits(table.client);
  await saveDirectory(table, sampleDirectoryData);
});
afterAll(async () => {
  await aws.close();
});

const { amk, la } = parties;

/** A mission of five entries. Its Task is on a worklist, as the fan-out writes it. */
const played = async (name: string): Promise<string> => {
  const request = missionRequest({ id: `audit-${name.replaceAll(/[^a-z]/g, '-')}`.slice(0, 64) });
  const mission = missionOpenedBy(request);
  const decided = missionDecision({ task: taskOpenedBy(mission, 1), answer: 'accepted', by: 'Kari Koordinator' });
  for (const [sender, message] of [
    [amk, request],
    [la, decided],
    [la, resourceRequest({ mission, id: `${mission}-r` })],
    [amk, missionUpdate({ mission, id: `${mission}-a`, describes: false })],
    [amk, missionUpdate({ mission, id: `${mission}-b`, urgency: 'urgent' })],
  ] as const) {
    const outcome = await acceptMessage(logs.missions, message, sentBy(sender), () =>
      Date.parse('2026-02-01T11:00:00.000Z'),
    );
    if (outcome.outcome === 'refused') throw new Error(JSON.stringify(outcome.faults));
    const { state } = outcome.entry;
    for (const task of state.tasks) await logs.worklist.put(task, state);
  }
  return mission;
};

const itemAt = async (mission: string, number: number): Promise<Item> =>
  (await table.client.send(new GetCommand({ TableName: table.name, Key: { ...keys.entry(mission, number) } }))).Item ??
  {};
const put = async (Item: Item): Promise<void> => {
  await table.client.send(new PutCommand({ TableName: table.name, Item }));
};
const remove = async (mission: string, number: number): Promise<void> => {
  await table.client.send(new DeleteCommand({ TableName: table.name, Key: { ...keys.entry(mission, number) } }));
};

const contentOf = (item: Item): Content => unpack(item['packed']);

/** Changes the content of an entry; its digest stays. */
const change = async (mission: string, number: number, changed: (content: Content) => Content): Promise<void> => {
  const item = await itemAt(mission, number);
  await put({ ...item, packed: pack(changed(contentOf(item))) });
};

/** Computes states and digests of all entries again, as the hub would. */
const rewrite = async (mission: string): Promise<void> => {
  let before: { readonly digest: string; readonly state: Entry['state'] } | undefined;
  for (let number = 1; number <= 5; number += 1) {
    const item = await itemAt(mission, number);
    const content = contentOf(item);
    const state = evolve(before?.state, content);
    const entry = { ...content, state, previous: before?.digest ?? '' };
    const digest = sealOfEntry(entry);
    await put({ ...item, digest, packed: pack(entry) });
    before = { digest, state };
  }
};

const otherDecider = (content: Content): Content => ({
  ...content,
  text: content.text.replaceAll('Kari Koordinator', 'Somebody Else'),
  facts: { ...content.facts, decider: { ...content.facts.decider, name: 'Somebody Else' } },
});

/** What was done to a mission, and what must be reported of it. */
const tamperings: readonly (readonly [string, (mission: string) => Promise<void>, readonly string[]])[] = [
  ['nothing', async () => undefined, []],
  [
    'a decider in text and facts',
    (mission) => change(mission, 2, otherDecider),
    ['entry 2 is not as it was written', 'entry 2: digest does not follow from the text', 'entry 2: its state'],
  ],
  [
    'a decider in the facts only',
    (mission) => change(mission, 2, (content) => ({ ...content, facts: otherDecider(content).facts })),
    ['entry 2 is not as it was written', 'entry 2: facts does not follow from the text'],
  ],
  [
    'the recipients',
    (mission) => change(mission, 3, (content) => ({ ...content, recipients: [] })),
    ['entry 3 is not as it was written'],
  ],
  [
    'the state',
    (mission) => change(mission, 3, (content) => ({ ...content, state: { ...content.state, urgency: 'routine' } })),
    ['entry 3 is not as it was written', 'entry 3: its state does not follow'],
  ],
  [
    'the version of the fold beside the content',
    async (mission) => put({ ...(await itemAt(mission, 3)), fold: 1 }),
    ['entry 3: the attribute fold of its item'],
  ],
  [
    'the content, so that it cannot be unpacked',
    async (mission) => put({ ...(await itemAt(mission, 3)), packed: Buffer.from('no gzip') }),
    ['entry 3 is not as it was written'],
  ],
  ['an entry removed', (mission) => remove(mission, 3), ['entry 3 is missing']],
  ['the first entry removed', (mission) => remove(mission, 1), ['entry 1 is missing']],
  [
    'the last entries removed',
    async (mission) => {
      await remove(mission, 5);
      await remove(mission, 4);
    },
    ['entries 4 to 5 are missing at the end: a Task of a worklist names entry 5'],
  ],
  [
    'all entries removed',
    async (mission) => {
      for (let number = 1; number <= 5; number += 1) await remove(mission, number);
    },
    ['entries 1 to 5 are missing at the end'],
  ],
  [
    'two entries swapped',
    async (mission) => {
      const [three, four] = [await itemAt(mission, 3), await itemAt(mission, 4)];
      await put({ ...three, sk: four['sk'] });
      await put({ ...four, sk: three['sk'] });
    },
    ['entry 3 is not as it was written', 'entry 4 is not as it was written', 'entry 2 was replaced'],
  ],
  [
    'an entry put in at the end',
    async (mission) => {
      const last = await itemAt(mission, 5);
      const entry = { ...contentOf(last), number: 6, messageId: 'put-in', previous: String(last['digest']) };
      await put({
        ...last,
        ...keys.entry(mission, 6),
        messageId: 'put-in',
        digest: sealOfEntry(entry),
        packed: pack(entry),
      });
    },
    ['entry 6: messageId does not follow from the text', 'entry 6: its state does not follow'],
  ],
  [
    'facts, with states and digests that fit',
    async (mission) => {
      await change(mission, 2, (content) => ({ ...content, facts: otherDecider(content).facts }));
      await rewrite(mission);
    },
    ['entry 2: facts does not follow from the text'],
  ],
  [
    'a sender, with states and digests that fit, after it was anchored',
    async (mission) => {
      await change(mission, 4, (content) => ({ ...content, correlationId: 'another' }));
      await rewrite(mission);
    },
    ['entry 5 has another digest than in the anchor'],
  ],
];

describe('npm run hub -- audit verify', () => {
  test('reports every kind of change of a mission log in the table', async () => {
    const missions = new Map<string, string>();
    for (const [what] of tamperings) missions.set(what, await played(what));
    const folder = await mkdtemp(join(tmpdir(), 'luftbro-anchors-'));
    try {
      const verify = () => runHub(['audit', 'verify', '--table', aws.tableName, '--anchors', folder]);
      const ends = await Promise.all(
        [...missions].flatMap(([what, mission]) =>
          what.endsWith('anchored')
            ? [
                itemAt(mission, 5).then(({ digest }) => ({
                  log: 'missions' as const,
                  chain: mission,
                  number: 5,
                  digest: String(digest),
                })),
              ]
            : [],
        ),
      );
      const at = '2026-02-01T02:00:00.000Z';
      const { file } = anchorFile(
        { anchor: 1, previous: '', hub: aws.tableName, at, pass: { from: at, since: '', complete: true } },
        ends,
      );
      await writeFile(join(folder, file.name), file.text);

      const before = await verify();
      expect(before.errors).toBe('');
      expect(before.code).toBe(0);
      expect(before.out).toContain(
        `${5 * tamperings.length} entries of ${tamperings.length} missions and resources, all as they were written`,
      );

      for (const [what, tamper] of tamperings) await tamper(missions.get(what) ?? '');
      const { code, errors } = await verify();
      expect(code).toBe(1);
      const reported = new Map(
        errors
          .split(/^Mission /m)
          .slice(1)
          .map((block) => [block.slice(0, 36), block]),
      );
      for (const [what, , expected] of tamperings) {
        const block = reported.get(missions.get(what) ?? '') ?? '';
        if (expected.length === 0) expect(block, what).toBe('');
        for (const one of expected) expect(block, what).toContain(one);
      }
      expect(errors).toContain(`${tamperings.length - 1} logs are not as written`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
