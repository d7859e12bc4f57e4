import type { Fault } from '../faults.ts';
import { belowBase } from '../fhir/addresses.ts';
import type { MessageEntry } from '../fhir/resources.ts';
import { parseAddress } from '../identifiers.ts';
import { isObject } from '../json/json.ts';
import { canonicalBase, systems } from '../names.ts';
import { fullUrlPath, resourcePath } from './fhir-paths.ts';

/**
 * Addresses, ids and numbers that only the hub gives. Receivers get the resources of a message as they were sent, beside those of
 * the hub, so a sender's resource must not look like one that the hub wrote.
 */

const fault = (at: string, detail: string): Fault => ({ code: 'reserved-address', at, detail });

/** Resources below a URL of the hub, and resources that name the hub as their source. `base`: public base URL of the hub. */
export const reservedAddressFaults = (entries: readonly MessageEntry[], base: string): readonly Fault[] => {
  const reserved = [base, canonicalBase].map(belowBase);
  const isHubs = (url: unknown): boolean => typeof url === 'string' && reserved.some((isReserved) => isReserved(url));
  return entries.flatMap(({ fullUrl, resource: { meta } }, index) => [
    ...(isHubs(fullUrl) ? [fault(fullUrlPath(index), 'is an address of the hub: give urn:uuid: and a UUID')] : []),
    ...(isObject(meta) && isHubs(meta['source'])
      ? [fault(`${resourcePath(index)}.meta.source`, 'names the hub as the source: name your own system, or nothing')]
      : []),
  ]);
};

/** Whether an identifier is the number of a mission. */
export const isMissionNumber = (identifier: unknown): boolean =>
  isObject(identifier) && identifier['system'] === systems.mission;

/**
 * Resources beside the one that the message is about (`focusIndex`) that have an id or a mission number of the hub: a receiver
 * could take such a copy for the hub's own. A ServiceRequest in focus (`focused`) may name the mission by its number.
 */
export const copyFaults = (
  entries: readonly MessageEntry[],
  { focusIndex, focused }: { readonly focusIndex?: number; readonly focused: readonly number[] },
): readonly Fault[] =>
  entries.flatMap(({ resource: { id, identifier, resourceType } }, index) => {
    if (index === focusIndex || index === 0) return [];
    const numbered =
      resourceType === 'ServiceRequest' && Array.isArray(identifier) && !focused.includes(index)
        ? identifier.findIndex(isMissionNumber)
        : -1;
    return [
      ...(typeof id === 'string' && parseAddress(id) !== undefined
        ? [
            fault(
              `${resourcePath(index)}.id`,
              "is an id of the hub, and the message is not about this resource: refer to the hub's resource instead of sending a copy",
            ),
          ]
        : []),
      ...(numbered === -1
        ? []
        : [
            fault(
              `${resourcePath(index)}.identifier[${numbered}]`,
              'is a mission number of the hub, and the message does not describe this mission: name the mission by identifier in a reference, without a ServiceRequest',
            ),
          ]),
    ];
  });
