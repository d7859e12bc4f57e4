import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Directory } from '../../mission/ports.ts';
import { hub, type Party } from '../../mission/state.ts';
import type { DirectoryData, DirectoryParty } from '../../schemas/directory.ts';
import type { FaultCode } from '../../schemas/faults.ts';
import { keys, pack, reach, type Table, unpack } from './table.ts';

const nobody: DirectoryData = { parties: [], coverage: [], resources: [] };

/** Organisation numbers of a token: the legal entity, one of its units, and the supplier whose system calls for them. */
interface Calling {
  readonly parent: string;
  readonly child?: string;
  readonly supplier?: string;
}

/** A directory that also says whose call it is, and where its notifications may go. */
export interface PartyDirectory extends Directory {
  /** The party that calls, or why it is none. */
  callerOf(calling: Calling): Party | Extract<FaultCode, 'unknown-caller' | 'unknown-unit' | 'supplier-not-granted'>;
  /** Whether an organisation's notifications may go to an endpoint, as far as the directory limits its hosts. */
  notifiesAt(organisation: string, endpoint: string): boolean;
}

const numbersOf = ({ organisation, units = [] }: DirectoryParty): readonly string[] => [organisation, ...units];

/** A party without what only decides who may call for it. */
const asParty = ({ organisation, name, role, phone }: DirectoryParty): Party => ({
  organisation,
  name,
  role,
  ...(phone === undefined ? {} : { phone }),
});

const callers = (parties: readonly DirectoryParty[]): PartyDirectory['callerOf'] => {
  const byAnyNumber = new Map(parties.flatMap((party) => numbersOf(party).map((number) => [number, party])));
  return ({ parent, child = parent, supplier }) => {
    const party = byAnyNumber.get(child);
    if (party === undefined) return byAnyNumber.has(parent) ? 'unknown-unit' : 'unknown-caller';
    const known = [...numbersOf(party), party.parent];
    // The issuer takes a client's word for the child: under a parent that is not its own it is somebody else's unit.
    if (!known.includes(parent)) return 'unknown-unit';
    const may = supplier === undefined || known.includes(supplier) || party.suppliers?.includes(supplier) === true;
    return may ? asParty(party) : 'supplier-not-granted';
  };
};

const hostLimits = (parties: readonly DirectoryParty[]): PartyDirectory['notifiesAt'] => {
  const limits = new Map(
    parties.map(({ organisation, notificationHosts }) => [organisation, notificationHosts] as const),
  );
  return (organisation, endpoint) => {
    const hosts = limits.get(organisation);
    return hosts === undefined || (URL.canParse(endpoint) && hosts.includes(new URL(endpoint).hostname));
  };
};

/** Answers what is asked of a directory. The hub is a party of every one. */
export const directoryOf = ({ parties, coverage, resources }: DirectoryData): PartyDirectory => {
  const byNumber = new Map<string, Party>([...parties.map(asParty), hub].map((party) => [party.organisation, party]));
  const inOrder = [...byNumber.values()].sort((one, other) => (one.organisation < other.organisation ? -1 : 1));
  const coordinators = new Map(coverage.map(({ area, organisation }) => [area, organisation]));
  const byAddress = new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));
  return {
    callerOf: callers(parties),
    notifiesAt: hostLimits(parties),
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

export const cachedDirectory = (table: Table, now: () => number = Date.now): (() => Promise<PartyDirectory>) => {
  let kept: { readonly directory: PartyDirectory; readonly until: number } | undefined;
  return async () => {
    if (kept !== undefined && now() < kept.until) return kept.directory;
    const data = await loadDirectory(table);
    const directory = directoryOf(data);
    kept = data.parties.length === 0 ? undefined : { directory, until: now() + keepMilliseconds };
    return directory;
  };
};
