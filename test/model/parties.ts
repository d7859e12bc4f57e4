import type { Directory } from '../../core/mission/directory.ts';
import { hub as hubParty, type Party } from '../../core/mission/state.ts';
import { directory as smallDirectory, parties as fewParties } from '../support/messages.ts';
import type { Kind, Urgency, World } from './mission-model.ts';

/** The parties of the comparison, and what the model must know of them. */

// A third AMK LA and a third hospital: chains of forwards and diversions need more than two.
const parties: Readonly<Record<string, Party>> = {
  ...fewParties,
  thirdLa: { organisation: '100000013', name: 'AMK LA Trondheim', role: 'amk-la' },
  thirdHospital: { organisation: '100000033', name: 'Haukeland emergency department', role: 'hospital' },
};

const allParties = [...Object.values(parties), hubParty];
export const partyOf = (organisation: string): Party | undefined =>
  allParties.find((party) => party.organisation === organisation);
export const directory: Directory = {
  ...smallDirectory,
  partyOf,
  partiesOf: (role) => allParties.filter((party) => party.role === role),
};

export const ofRole = (...roles: readonly string[]): readonly string[] =>
  Object.values(parties).flatMap(({ role, organisation }) => (roles.includes(role) ? [organisation] : []));

const seconds: Readonly<Record<Kind, Readonly<Record<Urgency, number>>>> = {
  coordination: { stat: 60, urgent: 180, routine: 600 },
  resource: { stat: 60, urgent: 60, routine: 60 },
  prearrival: { stat: 120, urgent: 120, routine: 120 },
};

export const world: World = {
  roleOf: (organisation) => partyOf(organisation)?.role,
  covering: (municipality) => directory.coordinatorFor(municipality)?.organisation,
  seconds: (kind, urgency) => seconds[kind][urgency],
};
