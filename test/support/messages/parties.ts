import type { Directory } from '../../../core/mission/directory.ts';
import { hub, type Party } from '../../../core/mission/state.ts';
import { firstGuidelines } from '../../../schemas/guideline.ts';

/** The parties of the unit tests and their directory. */

/** Made-up organisation numbers: no real one begins with 1. */
export const parties = {
  amk: { organisation: '100000001', name: 'AMK Innlandet', role: 'local-amk', phone: '+47 00 00 00 01' },
  otherAmk: { organisation: '100000002', name: 'AMK Agder', role: 'local-amk', phone: '+47 00 00 00 02' },
  la: { organisation: '100000011', name: 'AMK LA Oslo', role: 'amk-la', phone: '+47 00 00 00 11' },
  otherLa: { organisation: '100000012', name: 'AMK LA Bergen', role: 'amk-la', phone: '+47 00 00 00 12' },
  operator: { organisation: '100000021', name: 'Helicopter Dombås', role: 'operator', phone: '+47 00 00 00 21' },
  otherOperator: { organisation: '100000022', name: 'Helicopter Ål', role: 'operator' },
  thirdOperator: { organisation: '100000023', name: 'Rescue helicopter Rygge', role: 'operator' },
  hospital: {
    organisation: '100000031',
    name: 'Ullevål emergency department',
    role: 'hospital',
    phone: '+47 00 00 00 31',
  },
  otherHospital: { organisation: '100000032', name: 'St. Olavs emergency department', role: 'hospital' },
  observer: { organisation: '100000041', name: 'Hovedredningssentralen', role: 'observer' },
  quality: { organisation: '100000051', name: 'Luftambulansetjenesten', role: 'quality' },
} as const satisfies Record<string, Party>;

/** An organisation number that is not in the directory. */
export const unknownOrganisation = '199999999';

const everybody: ReadonlyMap<string, Party> = new Map(
  [...Object.values(parties), hub].map((one: Party) => [one.organisation, one]),
);

export const partyOf = (organisation: string): Party | undefined => everybody.get(organisation);

/** A unit of the AMK, and the legal entity above it. */
export const ofAmk = { unit: '100000091', legalEntity: '100000092' };

const unitsAndLegalEntity: ReadonlyMap<string, readonly string[]> = new Map([
  [parties.amk.organisation, Object.values(ofAmk)],
]);

/** County 34 is covered by one AMK LA, 46 by the other; nobody covers the rest. */
export const directory: Directory = {
  partyOf,
  numbersOf: (organisation) => [organisation, ...(unitsAndLegalEntity.get(organisation) ?? [])],
  partiesOf: (role) => [...everybody.values()].filter((one) => one.role === role),
  coordinatorFor: (municipality) =>
    municipality.startsWith('34') ? parties.la : municipality.startsWith('46') ? parties.otherLa : undefined,
  hasNumber: (organisation) => Object.values(parties).some((party) => party.organisation === organisation),
  partiesAt: () => [],
  resourceOf: () => undefined,
};

/** Who sends, and what the rules need besides. */
export const sentBy = (sender: Party) => ({ sender, directory, guidelines: firstGuidelines });
