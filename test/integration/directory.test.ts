import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteCommand } from '../../adapters/dynamodb/commands.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HubClosed } from '../../core/mission/errors.ts';
import { cachedDirectory, loadDirectory, saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { keys, openTable, type Table } from '../../adapters/dynamodb/table.ts';
import { worklist } from '../../adapters/dynamodb/worklist.ts';
import { runHub } from '../support/commands.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import {
  exampleLog,
  organisationOf,
  sampleDirectoryData,
  sampleDirectoryText,
  sampleParties,
} from '../support/examples.ts';

let aws: EmbeddedAws;
let table: Table;
let folder: string;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  table = openTable(aws.tableName);
  withoutTimeLimits(table.client);
  folder = await mkdtemp(join(tmpdir(), 'luftbro-directory-'));
});

afterAll(async () => {
  await aws.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await table.client.send(new DeleteCommand({ TableName: table.name, Key: keys.directory }));
});

const la = organisationOf('amk-la-oslo');
const nobody = { parties: [], coverage: [], resources: [] };
const withoutOne = { ...sampleDirectoryData, parties: sampleParties.slice(1) };

describe('the directory in the table', () => {
  test('is empty until one is loaded', async () => expect(await loadDirectory(table)).toEqual(nobody));

  test('is read as it was saved, the last one only', async () => {
    await saveDirectory(table, withoutOne);
    await saveDirectory(table, sampleDirectoryData);
    expect(await loadDirectory(table)).toEqual(sampleDirectoryData);
  });

  test('is cached for a minute; while it is empty the hub is closed, and each request reads it again', async () => {
    let now = 0;
    const directory = cachedDirectory(table, () => now);
    await expect(directory()).rejects.toThrow(HubClosed);
    await saveDirectory(table, sampleDirectoryData);
    expect((await directory()).partyOf(la)).toBeDefined();
    expect((await directory()).coordinatorFor('3411')?.organisation).toBe(la);
    await saveDirectory(table, nobody);
    now = 59_999;
    expect((await directory()).partyOf(la)).toBeDefined();
    now = 60_000;
    await expect(directory()).rejects.toThrow(HubClosed);
  });
});

describe('npm run hub -- directory', () => {
  const run = async (...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> => {
    const { code, out, errors } = await runHub(['directory', ...args]);
    return { code, text: out + errors };
  };
  const fileOf = async (text: string): Promise<string> => {
    const file = join(folder, 'directory.json');
    await writeFile(file, text);
    return file;
  };
  const load = (...more: readonly string[]) => run('local/sample/directory.json', '--table', table.name, ...more);

  test('prints its usage without a file', async () =>
    expect(await run()).toMatchObject({ code: 2, text: expect.stringContaining('Usage') }));

  test('lists every fault of a file', async () => {
    const file = await fileOf(sampleDirectoryText.replaceAll('"amk-la"', '"la"').replace('+47 00 00 01 05', '113'));
    const { code, text } = await run(file, '--table', table.name);
    expect(code).toBe(1);
    expect(text).toMatch(/Bundle\.entry\[0\]\.resource\.type: needs one role/);
    expect(text).toMatch(/telecom\[0\]\.value: is not a phone number/);
    expect(await loadDirectory(table)).toEqual(nobody);
  });

  test.each([
    ['not there', 'none.json', undefined],
    ['not JSON', undefined, '{'],
  ])('refuses a file that is %s', async (_name, missing, text) => {
    const answer = await run(missing ?? (await fileOf(text ?? '')));
    expect(answer).toMatchObject({ code: 1, text: expect.stringContaining('cannot be used') });
  });

  test('lists the contents of the file without a table', async () => {
    const { code, text } = await run('local/sample/directory.json');
    expect(code).toBe(0);
    expect(text).toContain('17 areas covered');
    expect(text).not.toContain('Warnings');
    expect(text).toContain('To load it, use --table');
  });

  test('warns of areas that nobody covers', async () =>
    expect(await run(await fileOf(sampleDirectoryText.replace('"NO-55"', '"NO-54"')))).toMatchObject({
      code: 0,
      text: expect.stringContaining('nobody covers 55 Troms'),
    }));

  test.each([
    ['of a table', () => ['--table', table.name]],
    ['of a file, where the table is out of reach', () => ['local/sample/directory.json']],
  ])('prints all phone numbers, from the directory %s', async (_name, where) => {
    await saveDirectory(table, sampleDirectoryData);
    const { code, text } = await run('--phones', ...where());
    expect(code).toBe(0);
    for (const { organisation, name, phone = 'no phone in the directory' } of sampleParties)
      expect(text).toContain(`  ${phone}  ${name}, ${organisation}`);
    expect(text).toMatch(/AMK LA Oslo \(eksempel\), \d{9} {2}\(03 Oslo, /);
  });

  test('refuses an empty directory and several sources for phone numbers', async () => {
    expect(await run('--phones', '--table', table.name)).toMatchObject({
      code: 1,
      text: expect.stringContaining('is empty'),
    });
    for (const wrong of [['--phones'], ['--phones', 'local/sample/directory.json', '--table', table.name], ['--local']])
      expect(await run(...wrong)).toMatchObject({ code: 2, text: expect.stringContaining('Usage') });
  });

  test('loads a file once, and lists what is new', async () => {
    const first = await load();
    expect(first.code).toBe(0);
    expect(first.text).toContain(`new organisation ${la}: amk-la, AMK LA Oslo (eksempel)`);
    expect(await loadDirectory(table)).toEqual(sampleDirectoryData);
    expect(await load()).toMatchObject({ code: 0, text: expect.stringContaining('nothing to do') });
  });

  test('drops an organisation only with --drop', async () => {
    const other = { organisation: '319000011', name: 'Nedlagt base', role: 'operator' } as const;
    const before = { ...sampleDirectoryData, parties: [...sampleParties, other] };
    await saveDirectory(table, before);
    const refused = await load();
    expect(refused.code).toBe(1);
    expect(refused.text).toContain('no more organisation 319000011');
    expect(refused.text).toMatch(/--drop[^]*319000011, operator, Nedlagt base/);
    expect(await loadDirectory(table)).toEqual(before);

    expect((await load('--drop')).code).toBe(0);
    expect(await loadDirectory(table)).toEqual(sampleDirectoryData);
  });

  test('never drops an organisation that has open Tasks', async () => {
    const [request] = exampleLog(1);
    const [asked] = request?.state.tasks ?? [];
    if (request === undefined || asked === undefined) throw new Error('the example asks nobody');
    const busy = { organisation: '319000011', name: 'AMK LA Nedlagt', role: 'amk-la' } as const;
    const idle = { organisation: '319000022', name: 'Nedlagt base', role: 'operator' } as const;
    const before = { ...sampleDirectoryData, parties: [...sampleParties, busy, idle] };
    await saveDirectory(table, before);
    const tasks = worklist(table);
    const task = { ...asked, owner: busy.organisation };
    await tasks.put(task, request.state);
    for (const refused of [await load(), await load('--drop')]) {
      expect(refused.code).toBe(1);
      expect(refused.text).toMatch(/still have open Tasks; [^\n]*name and phone would be missing/);
      expect(refused.text).toContain(
        `  319000011, amk-la, AMK LA Nedlagt: Decide on a mission request, requested, opened ${asked.openedAt}, Task/${asked.id}\n`,
      );
      expect(refused.text).not.toContain('319000022, operator, Nedlagt base\n');
      expect(await loadDirectory(table)).toEqual(before);
    }

    await tasks.put({ ...task, status: 'completed' }, { ...request.state, version: 2 });
    expect((await load('--drop')).code).toBe(0);
    expect(await loadDirectory(table)).toEqual(sampleDirectoryData);
  });
});
