import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDatabase, DatabaseRefused, openDatabase } from '../../../../adapters/sqlite/open.ts';
import { storesOf } from '../../../../adapters/sqlite/stores.ts';
import { temporaryFolder } from '../../../support/sqlite.ts';

describe('openDatabase', () => {
  let folder: string;
  let path: string;
  let remove: () => void;
  beforeEach(() => {
    ({ folder, remove } = temporaryFolder());
    path = join(folder, 'hub.db');
  });
  afterEach(() => remove());

  /** A database with some hundred kilobytes of content, closed. */
  const filled = async (): Promise<void> => {
    const database = openDatabase(path, { by: 'hub' });
    const { accesses, anchorStates } = storesOf(database);
    const missions = Array.from({ length: 500 }, (_, number) => `mission ${number} ${'x'.repeat(400)}`);
    await Promise.all(missions.map((mission) => accesses.link(mission, 'a chain')));
    await anchorStates.replace(undefined, { leasedUntil: 7 });
    database.close();
  };

  const refusal = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(DatabaseRefused);
      return error instanceof Error ? error.message : '';
    }
    throw new Error('it was not refused');
  };

  /** Of the database and its WAL, unless that is empty. */
  const digestsOfFiles = () =>
    ['hub.db', 'hub.db-wal']
      .filter((name) => existsSync(join(folder, name)) && statSync(join(folder, name)).size > 0)
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]);

  test('makes a database that only its owner can read, and finds its content again', async () => {
    await filled();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const database = openDatabase(path, { by: 'hub' });
    expect(await storesOf(database).anchorStates.read()).toEqual({ leasedUntil: 7 });
    database.close();
  });

  test('commits to the disk: WAL, and fsync at each COMMIT', () => {
    const database = openDatabase(path, { by: 'hub' });
    expect(database.statement('PRAGMA synchronous').get({})).toEqual({ synchronous: 2 });
    expect(database.statement('PRAGMA journal_mode').get({})).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  test('refuses a second hub, in this process and in another one, until the first one has ended', () => {
    const first = openDatabase(path, { by: 'hub' });
    expect(refusal(() => openDatabase(path, { by: 'hub' }))).toBe(
      `Another hub uses ${path}. Stop it first, or give this one a folder of its own.`,
    );
    const open = new URL('../../../../adapters/sqlite/open.ts', import.meta.url);
    const other = `const { openDatabase } = await import(${JSON.stringify(open.href)});
      try { openDatabase(process.argv[1], { by: 'hub' }); console.log('opened'); } catch (error) { console.log(error.message); }`;
    const elsewhere = () =>
      spawnSync(process.execPath, ['--input-type=module', '-e', other, path], { encoding: 'utf8' }).stdout.trim();
    expect(elsewhere()).toContain('Another hub uses');
    first.close();
    expect(elsewhere()).toBe('opened');
    openDatabase(path, { by: 'hub' }).close();
  });

  test('lets a command read and write beside a hub', async () => {
    const hub = openDatabase(path, { by: 'hub' });
    const command = openDatabase(path, { by: 'command' });
    await storesOf(command).accesses.link('a mission', 'a chain');
    expect(await storesOf(hub).accesses.chainsNaming('a mission')).toEqual(['a chain']);
    command.close();
    expect(refusal(() => openDatabase(path, { by: 'hub' }))).toContain('Another hub uses');
    hub.close();
  });

  test('refuses a database of a newer release, and changes nothing', async () => {
    await filled();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    const before = digestsOfFiles();
    expect(refusal(() => openDatabase(path, { by: 'hub' }))).toBe(
      `${path} was written by a newer release (version 99 of the database; this release knows 1). Start that release.`,
    );
    expect(digestsOfFiles()).toEqual(before);
  });

  test('refuses the database of another program, and changes nothing', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE other (a)');
    other.close();
    const before = digestsOfFiles();
    expect(refusal(() => openDatabase(path, { by: 'hub' }))).toBe(
      `${path} is the database of another program. Give the hub a file of its own.`,
    );
    expect(digestsOfFiles()).toEqual(before);
  });

  test.each<readonly [string, (bytes: Buffer) => Buffer]>([
    ['a page in the middle is overwritten', (bytes) => bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 4096)],
    ['a page in the middle is zeros', (bytes) => bytes.fill(0, 20 * 4096, 21 * 4096)],
    ['the schema is overwritten', (bytes) => bytes.fill(0x5a, 100, 4096)],
    ['the header is overwritten', (bytes) => bytes.fill(0x5a, 0, 100)],
    ['the end is missing', (bytes) => bytes.subarray(0, bytes.length - 10 * 4096)],
    ['it is a text', () => Buffer.from('not a database '.repeat(1_000))],
  ])('names a damaged database and leaves it as it is: %s', async (_what, damage) => {
    await filled();
    writeFileSync(path, damage(readFileSync(path)));
    const before = digestsOfFiles();
    for (const open of [() => openDatabase(path, { by: 'hub' }), () => checkDatabase(path)])
      expect(refusal(open)).toMatch(
        /hub\.db is damaged: [^]+\. Keep the file as it is, and restore a backup to another folder\.$/,
      );
    expect(digestsOfFiles()).toEqual(before);
  });

  test('leaves the WAL of a damaged database as it is', async () => {
    await filled();
    const database = openDatabase(path, { by: 'hub' });
    await storesOf(database).accesses.link('a late mission', 'a chain');
    // As a power cut leaves it: the newest commits are in the WAL only.
    for (const name of ['hub.db', 'hub.db-wal']) copyFileSync(join(folder, name), join(folder, `copy-${name}`));
    database.close();
    for (const name of ['hub.db', 'hub.db-wal']) copyFileSync(join(folder, `copy-${name}`), join(folder, name));
    writeFileSync(path, readFileSync(path).fill(0x5a, 20 * 4096, 21 * 4096));
    const before = digestsOfFiles();
    expect(before).toHaveLength(2);
    expect(refusal(() => openDatabase(path, { by: 'hub' }))).toContain('is damaged');
    expect(digestsOfFiles()).toEqual(before);
  });

  test('says why a file cannot be opened', () => {
    expect(refusal(() => openDatabase(join(folder, 'none', 'hub.db'), { by: 'hub' }))).toMatch(
      /hub\.db cannot be opened: .+\. Check the folder and its rights\.$/,
    );
  });

  test('leaves entries and reads as they were written, whatever statement is run', async () => {
    const database = openDatabase(path, { by: 'hub' });
    const insert = database.statement(
      `INSERT INTO entries VALUES ('m', 1, 'mission-request', 's', 'i', 't', 1, 'd', x'00')`,
    );
    await database.write(() => insert.run({}));
    for (const change of ["UPDATE entries SET digest = 'e'", 'DELETE FROM entries']) {
      const statement = database.statement(change);
      await expect(database.write(() => statement.run({}))).rejects.toThrow('an entry of a mission log is never');
    }
    database.close();
  });
});
