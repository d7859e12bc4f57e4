import type { KnownParties } from '../core/audit/reconcile/logged.ts';
import { codesOf, roles } from '../schemas/codes.ts';
import { defined } from '../schemas/defined.ts';
import type { DirectoryData } from '../schemas/directory/directory.ts';
import { directoryOf } from './party-directory.ts';

/** The directory as the auditor reads it. `loadedAt`: since when it is so, ISO 8601. */
export const partiesOf = (data: DirectoryData, loadedAt: string | undefined): KnownParties => {
  const directory = directoryOf(data);
  return {
    roleOf: (organisation) => directory.partyOf(organisation)?.role,
    ofRole: (wanted) =>
      codesOf(roles)
        .filter((role) => role === wanted)
        .flatMap((role) => directory.partiesOf(role).map(({ organisation }) => organisation)),
    covering: (municipality) => directory.coordinatorFor(municipality)?.organisation,
    ...defined({ loadedAt }),
  };
};
