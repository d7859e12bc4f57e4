/** The tables of `partner/examples/README.md`: each message with its sender, in the order in which they are sent. */

export interface Step {
  readonly file: string;
  /** Client id of the sender. */
  readonly client: string;
  /** What it does, in words. */
  readonly what: string;
}

const row = /^\| \d+ \| [\d:]+ \| `(?<file>[^`]+)` \| `(?<client>[^`]+)` \| [^|]* \| (?<what>[^|]+) \|/gm;

/** One list for each section of the README that has such a table. */
export const stepsIn = (readme: string): readonly (readonly Step[])[] =>
  readme
    .split(/^## /m)
    .map((section) =>
      [...section.matchAll(row)].map(({ groups }) => ({
        file: groups?.['file'] ?? '',
        client: groups?.['client'] ?? '',
        what: groups?.['what'] ?? '',
      })),
    )
    .filter((steps) => steps.length > 0);
