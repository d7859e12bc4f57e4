import type { Fault } from '../faults.ts';
import type { MessageHeader } from '../fhir/resources.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { contradiction } from './contradiction.ts';
import { claimPath, receiverPath } from './fhir-paths.ts';
import type { Claim } from './message.ts';
import type { OrganisationReader } from './read-organisation.ts';
import { inHeader } from './resolver.ts';

/** The organisations that the MessageHeader names. */

/** Organisation numbers of the receivers, one for each destination that has a receiver. */
export const readDestinations = (
  header: MessageHeader,
  organisations: OrganisationReader,
): Parsed<readonly string[]> => {
  const numbers: string[] = [];
  const faults: Fault[] = [];
  header.destination?.forEach(({ receiver }, index) => {
    if (receiver === undefined) return;
    const at = receiverPath(index);
    const named = organisations.numbersOf(receiver, { ...inHeader, at });
    if (!named.ok) {
      faults.push(...named.faults);
      return;
    }
    const [only, second] = named.value;
    if (only === undefined) {
      const detail = 'must be an organisation: give its organisation number';
      faults.push({ code: 'unresolved-reference', at, detail });
    } else if (second !== undefined)
      faults.push(contradiction(only, second, 'They are different organisations, and a receiver is one.'));
    else numbers.push(only.organisation);
  });
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: numbers };
};

/** The organisations in whose name the message is sent: all numbers that a reader may take from the header. */
export const readClaims = (header: MessageHeader, organisations: OrganisationReader): Parsed<readonly Claim[]> => {
  const claims: Claim[] = [];
  const faults: Fault[] = [];
  for (const element of ['sender', 'responsible'] as const) {
    const named = organisations.numbersOf(header[element], { ...inHeader, at: claimPath({ element }) });
    if (named.ok) claims.push(...named.value.map(({ organisation }) => ({ element, organisation })));
    else faults.push(...named.faults);
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: claims };
};
