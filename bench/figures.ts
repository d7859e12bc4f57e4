/** One table of the bench: the figures and their limits. */
export interface Figures {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Limits of the figures and how they were measured, one sentence each. */
  readonly notes: readonly string[];
}

/** For the terminal. */
export const asText = ({ title, columns, rows, notes }: Figures): string => {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
  return [
    title,
    line(columns),
    line(widths.map((width) => '─'.repeat(width))),
    ...rows.map(line),
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
};

/** For `docs/performance.md`. */
export const asMarkdown = ({ title, columns, rows, notes }: Figures): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${columns.map((_column, index) => (index === 0 ? '---|' : '---:|')).join('')}`;
  return [`### ${title}`, line(columns), rule, ...rows.map(line), '', notes.join(' ')].join('\n');
};

const digits = (value: number): number => (Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** Rounds to three significant digits. */
export const number = (value: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits(value)));

export const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;
