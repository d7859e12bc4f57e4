import type { CodeSystem, MessageDefinition, OperationDefinition, StructureDefinition, ValueSet } from 'fhir/r4.d.ts';
import type { Guidelines } from '../guideline.ts';
import type { Edition } from './artefact.ts';
import { codeSystems } from './code-systems.ts';
import { extensionDefinitions } from './extensions.ts';
import { messageDefinitions } from './message-definitions.ts';
import { operationDefinitions } from './operation-definitions.ts';
import { structureDefinitions } from './structure-definitions.ts';
import { valueSets } from './value-sets.ts';

/** A published definition. */
export type Artefact = CodeSystem | ValueSet | MessageDefinition | StructureDefinition | OperationDefinition;

interface Library {
  readonly all: readonly Artefact[];
  /** By id. Each version of a guideline's code system, also the one in force, has the id `<id>-<version>` too. */
  read(type: string, id: string): Artefact | undefined;
  /** All of a type. */
  ofType(type: string): readonly Artefact[];
}

/** All published definitions of the hub except its CapabilityStatement, at a certain time. */
export const published = (edition: Edition, guidelines: Guidelines, at: string): Library => {
  const all: readonly Artefact[] = [
    ...codeSystems(edition, guidelines, at),
    ...valueSets(edition),
    ...messageDefinitions(edition),
    ...structureDefinitions(edition),
    ...extensionDefinitions(edition),
    ...operationDefinitions(edition),
  ];
  const ofType = (type: string): readonly Artefact[] => all.filter(({ resourceType }) => resourceType === type);
  return {
    all,
    read: (type, id) => {
      const candidates = ofType(type);
      const named = candidates.find((one) => one.id === id);
      const versioned = candidates.find((one) => `${one.id}-${one.version}` === id);
      return named ?? (versioned === undefined ? undefined : { ...versioned, id });
    },
    ofType,
  };
};
