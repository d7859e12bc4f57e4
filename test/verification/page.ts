import { commandOf, type Fault, harms } from './fault.ts';
import { areas, faults } from './faults.ts';

/** The section "Faults found" of docs/verification.md, from `faults.ts`. */

const heading = '## Faults found';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = (fault: Fault): string => `| ${cell(fault.what)} | ${fault.harm} | \`${commandOf(fault)}\` |`;

const intro = `${faults.length} faults that were in the code and are fixed, found by tests, runs under faults, reviews and use. Each has a guard. The command removes the guard in a copy of the sources, and shows which test or invariant fails then; it exits with 1 if none does. A guard that a test detects takes seconds, one that the simulation detects up to some minutes. \`npm run simulate -- --guards\` runs all of them, and \`--guards --quick\` those that tests detect.

What a fault did: ${Object.entries(harms)
  .map(([harm, meaning]) => `*${harm}*: ${meaning}`)
  .join('; ')}.

The table is written from \`test/verification/faults/\` by \`npx node test/verification/write-page.ts\`. A fault that is found is added there, with its guard. Faults without a guard that can be removed in one place (an alarm that looked at the wrong metric, a wrong limit of a queue) have tests of their own in \`test/infra/\`.`;

/** As written to the page, without the heading. */
const section = (): string =>
  [
    intro,
    ...areas.map(
      ({ title, faults: listed }) =>
        `### ${title}\n| fault | did | shown by |\n|---|---|---|\n${listed.map(row).join('\n')}`,
    ),
  ].join('\n\n');

/** A page with its section replaced; the section is the last one. */
export const withSection = (page: string): string => {
  const at = page.indexOf(`${heading}\n`);
  if (at === -1) throw new Error(`the page has no "${heading}"`);
  return `${page.slice(0, at)}${heading}\n${section()}\n`;
};
