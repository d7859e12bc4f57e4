import type { Claim, Message } from '../../schemas/messages/read-message.ts';

/** FHIRPaths that refusals point to. */

export const header = 'Bundle.entry[0].resource';
export const eventAt = `${header}.eventCoding`;
export const claimAt = ({ element }: Claim): string => `${header}.${element}`;
export const destinationAt = `${header}.destination`;

export const placeOf = ({ focusIndex }: Message): string =>
  focusIndex === undefined ? header : `Bundle.entry[${focusIndex}].resource`;
