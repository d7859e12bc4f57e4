/** The output of the demo: the mission, line by line, as it happens. */

const plain = process.env['NO_COLOR'] !== undefined || !process.stdout.isTTY;
const paint = (code: number, text: string): string => (plain ? text : `\u001b[${code}m${text}\u001b[0m`);

export const bold = (text: string): string => paint(1, text);
export const dim = (text: string): string => paint(2, text);
export const green = (text: string): string => paint(32, text);
export const red = (text: string): string => paint(31, text);

const startedAt = performance.now();
const clock = (): string => `${((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)} s`;

export const say = (text: string): void => console.log(`${dim(clock())}  ${text}`);

/** The heading of the next part of the mission. */
export const heading = (title: string): void => console.log(`\n${bold(title)}`);
