import { canonicalBase } from '../names.ts';
import type { PublishedType } from './types.ts';

/** What the hub publishes of itself: everything is derived from the catalogue, the guidelines and the code tables. */
export type ArtefactType = PublishedType | 'CapabilityStatement';

/** Version and day of what is published; the guideline's code systems carry the guideline's instead. */
export interface Edition {
  /** Of the hub's release. */
  readonly version: string;
  /** The day the published content last changed, `YYYY-MM-DD`. */
  readonly date: string;
}

export const canonicalOf = (type: ArtefactType, id: string): string => `${canonicalBase}/${type}/${id}`;

/** `mission-request` → `MissionRequest`: names of artefacts are names for programs (R4 invariant inv-0 and its like). */
const nameOf = (id: string): string =>
  id
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** What every artefact says of itself. */
export const artefact = <Type extends ArtefactType>(
  resourceType: Type,
  id: string,
  title: string,
  version: string,
) => ({
  resourceType,
  id,
  url: canonicalOf(resourceType, id),
  version,
  name: nameOf(id),
  title,
  status: 'active' as const,
  experimental: true,
  publisher: 'luftbro',
});
