import { canonicalBase } from '../names.ts';
import type { PublishedType } from './types.ts';

/** Published definitions of the hub. All are derived from the catalogue, the guidelines and the code tables. */
export type ArtefactType = PublishedType | 'CapabilityStatement';

/** Version and date of the published definitions. The code systems of the guideline have those of the guideline instead. */
export interface Edition {
  /** Of the hub's release. */
  readonly version: string;
  /** The day the published content last changed, `YYYY-MM-DD`. */
  readonly date: string;
}

export const canonicalOf = (type: ArtefactType, id: string): string => `${canonicalBase}/${type}/${id}`;

/** `mission-request` → `MissionRequest`: names of artefacts must be usable in programs (R4 invariant inv-0 and similar). */
const nameOf = (id: string): string =>
  id
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');

/** The elements that every artefact has. */
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
