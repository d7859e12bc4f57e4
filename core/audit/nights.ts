/** The hour of the night in which nightly jobs begin, UTC: night in Norway all year. */
const beginsAtHour = 1;
const hour = 3_600_000;
const day = 24 * hour;

/** The night of a time, milliseconds: a number that grows by one each night. */
export const nightOf = (time: number): number => Math.floor((time - beginsAtHour * hour) / day);
