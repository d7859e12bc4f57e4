import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Directory } from '../../mission/ports.ts';
import { hub, type Party } from '../../mission/state.ts';
import type { DirectoryData } from '../../schemas/directory.ts';
import { keys, pack, reach, type Table, unpack } from './table.ts';

const nobody: DirectoryData = { parties: [], coverage: [], resources: [] };

/** Answers what is asked of a directory. The hub is a party of every one. */
export const directoryOf = ({ parties, coverage, resources }: DirectoryData): Directory => {
  const byNumber = new Map<string, Party>([...parties, hub].map((party) => [party.organisation, party]));
  const inOrder = [...byNumber.values()].sort((one, other) => (one.organisation < other.organisation ? -1 : 1));
  const coordinators = new Map(coverage.map(({ area, organisation }) => [area, organisation]));
  const byAddress = new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));
  return {
    partyOf: (organisation) => byNumber.get(organisation),
    partiesOf: (role) => inOrder.filter((party) => party.role === role),
    coordinatorFor: (municipality) => {
      // The first two digits of a municipality's number are its county's.
      const number = coordinators.get(municipality) ?? coordinators.get(municipality.slice(0, 2));
      return number === undefined ? undefined : byNumber.get(number);
    },
    resourceOf: (type, id) => byAddress.get(`${type}/${id}`),
  };
};

/** Replaces the directory. Running functions see it within a minute. */
export const saveDirectory = async ({ client, name: TableName }: Table, directory: DirectoryData): Promise<void> => {
  const { parties, ...places } = directory;
  await reach(() =>
    client.send(
      new PutCommand({
        TableName,
        // The parties by themselves, so that a function of the release before, which knows nothing else, reads them too.
        Item: { ...keys.directory, parties: parties.length, packed: pack(parties), places: pack(places) },
      }),
    ),
  );
};

/** The directory of a table; an empty one if none was ever loaded. */
export const loadDirectory = async ({ client, name: TableName }: Table): Promise<DirectoryData> => {
  const { Item } = await reach(() => client.send(new GetCommand({ TableName, Key: keys.directory })));
  if (Item === undefined) return nobody;
  const places = Item['places'] === undefined ? {} : unpack(Item['places']);
  return { ...nobody, parties: unpack(Item['packed']), ...places };
};

/** Who is who changes rarely: a function keeps the directory for a minute. An empty one is asked for anew each time. */
const keepMilliseconds = 60_000;

export const cachedDirectory = (table: Table, now: () => number = Date.now): (() => Promise<Directory>) => {
  let kept: { readonly directory: Directory; readonly until: number } | undefined;
  return async () => {
    if (kept !== undefined && now() < kept.until) return kept.directory;
    const data = await loadDirectory(table);
    const directory = directoryOf(data);
    kept = data.parties.length === 0 ? undefined : { directory, until: now() + keepMilliseconds };
    return directory;
  };
};
