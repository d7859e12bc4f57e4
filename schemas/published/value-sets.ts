import type { ValueSet } from 'fhir/r4.d.ts';
import type { CodeTable } from '../codes.ts';
import { catalogue } from '../messages/catalogue.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';
import { codesForMessages } from './code-systems.ts';

export const valueSetUrl = (table: CodeTable): string => canonicalOf('ValueSet', table);

/** Tables that a message uses codes of. */
const boundTables = (): readonly CodeTable[] => [
  ...new Set(
    catalogue.flatMap(({ elements }) => elements.flatMap(({ codes }) => (codes === undefined ? [] : [codes]))),
  ),
];

const valueSet = (table: CodeTable, { version, date }: Edition): ValueSet => {
  const concept = codesForMessages(table);
  return {
    ...artefact('ValueSet', table, `Codes of ${table} in messages`, version),
    date,
    compose: {
      include: [
        {
          system: canonicalOf('CodeSystem', table),
          ...(concept === undefined ? {} : { concept: concept.map(({ code }) => ({ code })) }),
        },
      ],
    },
  };
};

/** One value set for each table that a profile binds to. */
export const valueSets = (edition: Edition): readonly ValueSet[] =>
  boundTables().map((table) => valueSet(table, edition));
