import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Directory } from '../../mission/ports.ts';
import type { Party } from '../../mission/state.ts';
import { keys, pack, reach, type Table, unpack } from './table.ts';

export const directoryOf = (parties: readonly Party[]): Directory => {
  const byNumber = new Map(parties.map((party) => [party.organisation, party]));
  return { partyOf: (organisation) => byNumber.get(organisation) };
};

/** Replaces the directory. Running functions see it within a minute. */
export const saveDirectory = async ({ client, name: TableName }: Table, parties: readonly Party[]): Promise<void> => {
  await reach(() =>
    client.send(
      new PutCommand({ TableName, Item: { ...keys.directory, parties: parties.length, packed: pack(parties) } }),
    ),
  );
};

export const loadDirectory = async ({ client, name: TableName }: Table): Promise<readonly Party[]> => {
  const answer = await reach(() => client.send(new GetCommand({ TableName, Key: keys.directory })));
  return answer.Item === undefined ? [] : unpack(answer.Item['packed']);
};

/** Who is who changes rarely: a function keeps the directory for a minute. An empty one is asked for anew each time. */
const keepMilliseconds = 60_000;

export const cachedDirectory = (table: Table, now: () => number = Date.now): (() => Promise<Directory>) => {
  let kept: { readonly directory: Directory; readonly until: number } | undefined;
  return async () => {
    if (kept !== undefined && now() < kept.until) return kept.directory;
    const parties = await loadDirectory(table);
    const directory = directoryOf(parties);
    kept = parties.length === 0 ? undefined : { directory, until: now() + keepMilliseconds };
    return directory;
  };
};
