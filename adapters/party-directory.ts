import type { Directory } from '../core/mission/directory.ts';
import { HubClosed } from '../core/mission/errors.ts';
import { hub, type Party } from '../core/mission/state.ts';
import type { DirectoryData, DirectoryParty } from '../schemas/directory/directory.ts';
import type { FaultCode } from '../schemas/faults.ts';
import { normalUrl, parseReference } from '../schemas/fhir/addresses.ts';
import { reference } from '../schemas/fhir/datatypes.ts';

/** The directory as functions use it, whatever stores it. */

export const emptyDirectory: DirectoryData = { parties: [], coverage: [], resources: [] };

/** Organisation numbers of a token: the legal entity, one of its units, and the supplier whose system calls for them. */
interface Calling {
  readonly parent: string;
  readonly child?: string;
  readonly supplier?: string;
}

/** A directory that also knows the party of a caller, and the hosts of its endpoints. */
export interface PartyDirectory extends Directory {
  /** The party that calls, or the fault. */
  callerOf(calling: Calling): Party | Extract<FaultCode, 'unknown-caller' | 'unknown-unit' | 'supplier-not-granted'>;
  /** Whether an organisation's notifications may go to an endpoint, as far as the directory limits its hosts. */
  notifiesAt(organisation: string, endpoint: string): boolean;
}

const numbersOf = ({ organisation, units = [] }: DirectoryParty): readonly string[] => [organisation, ...units];

const allNumbersOf = (party: DirectoryParty): readonly string[] => [
  ...numbersOf(party),
  ...(party.parent === undefined ? [] : [party.parent]),
];

/** A party without the numbers that decide which clients may call for it. */
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
    const known = allNumbersOf(party);
    // The issuer does not verify the child. Under a parent that is not its own, it is a unit of another organisation.
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

/** The owners of each endpoint, by the address in one spelling. */
const ownersOf = (resources: DirectoryData['resources']): ReadonlyMap<string, readonly string[]> => {
  const owners = new Map<string, string[]>();
  for (const { resourceType, address, managingOrganization, status } of resources) {
    const owner = reference.safeParse(managingOrganization).data?.reference;
    const named = owner === undefined ? undefined : parseReference(owner);
    if (resourceType !== 'Endpoint' || typeof address !== 'string' || status === 'entered-in-error') continue;
    if (named?.form !== 'relative') continue;
    const url = normalUrl(address);
    const known = owners.get(url) ?? [];
    if (!known.includes(named.id)) owners.set(url, [...known, named.id]);
  }
  return owners;
};

/** A directory in memory. The hub is a party of every directory. */
export const directoryOf = ({ parties, coverage, resources }: DirectoryData): PartyDirectory => {
  const byNumber = new Map<string, Party>([...parties.map(asParty), hub].map((party) => [party.organisation, party]));
  const inOrder = [...byNumber.values()].sort((one, other) => (one.organisation < other.organisation ? -1 : 1));
  const coordinators = new Map(coverage.map(({ area, organisation }) => [area, organisation]));
  const numbers = new Map(parties.map((party) => [party.organisation, allNumbersOf(party)] as const));
  const allNumbers = new Set([hub.organisation, ...parties.flatMap(allNumbersOf)]);
  const byAddress = new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));
  // Most functions never ask for the owner of an endpoint.
  let owners: ReadonlyMap<string, readonly string[]> | undefined;
  return {
    callerOf: callers(parties),
    notifiesAt: hostLimits(parties),
    partyOf: (organisation) => byNumber.get(organisation),
    numbersOf: (organisation) => numbers.get(organisation) ?? [organisation],
    hasNumber: (organisation) => allNumbers.has(organisation),
    partiesOf: (role) => inOrder.filter((party) => party.role === role),
    coordinatorFor: (municipality) => {
      // The first two digits of a municipality's number are its county's.
      const number = coordinators.get(municipality) ?? coordinators.get(municipality.slice(0, 2));
      return number === undefined ? undefined : byNumber.get(number);
    },
    partiesAt: (endpoint) => {
      owners ??= ownersOf(resources);
      return owners.get(normalUrl(endpoint)) ?? [];
    },
    resourceOf: (type, id) => byAddress.get(`${type}/${id}`),
  };
};

/** Stored with the directory while the hub is closed. */
export interface Closure {
  /** ISO 8601. */
  readonly at: string;
  /** Base URL of the hub that takes messages meanwhile. */
  readonly elsewhere?: string;
  /** A restore from this backup, by its digest, has begun; `whole` once it is complete. */
  readonly restoring?: { readonly backup: string; readonly whole: boolean };
}

/** The directory and the closure as they are stored. */
export interface StoredDirectory {
  readonly data: DirectoryData;
  readonly closure: Closure | undefined;
}

const keepMilliseconds = 60_000;

/**
 * The directory changes rarely: it is cached for a minute. Throws `HubClosed` if the hub is closed or the directory is
 * empty: a hub without parties must not refuse callers for good. Then nothing is cached.
 */
export const cachedFor = (read: () => Promise<StoredDirectory>, now: () => number): (() => Promise<PartyDirectory>) => {
  let kept: { readonly directory: PartyDirectory; readonly until: number } | undefined;
  return async () => {
    if (kept !== undefined && now() < kept.until) return kept.directory;
    const { data, closure } = await read();
    // Every function begins with the directory, so a closed hub does nothing.
    if (closure !== undefined) throw new HubClosed(closure.elsewhere);
    if (data.parties.length === 0) throw new HubClosed(undefined);
    kept = { directory: directoryOf(data), until: now() + keepMilliseconds };
    return kept.directory;
  };
};
