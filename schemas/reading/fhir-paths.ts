import type { Claim, Message } from './message.ts';

/** FHIRPaths that faults point to. */

export const headerPath = 'Bundle.entry[0].resource';
export const eventPath = `${headerPath}.eventCoding`;
export const authorPath = `${headerPath}.author`;
export const focusPath = `${headerPath}.focus`;
export const destinationPath = `${headerPath}.destination`;
export const ifMatchPath = 'http.If-Match';

export const destinationPathOf = (index: number): string => `${destinationPath}[${index}]`;
export const receiverPath = (index: number): string => `${destinationPathOf(index)}.receiver`;
export const claimPath = ({ element }: Pick<Claim, 'element'>): string => `${headerPath}.${element}`;

export const fullUrlPath = (index: number): string => `Bundle.entry[${index}].fullUrl`;

/** Of a resource in the Bundle. */
export const resourcePath = (index: number): string => `Bundle.entry[${index}].resource`;

/** Of the resource in focus; the MessageHeader if the message has none in the Bundle. */
export const focusResourcePath = ({ focusIndex }: Pick<Message, 'focusIndex'>): string =>
  focusIndex === undefined ? headerPath : resourcePath(focusIndex);
