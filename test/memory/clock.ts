import type { Clock } from '../../core/mission/clock.ts';

/** A clock that moves only when it is advanced. */
export interface ManualClock extends Clock {
  advance(milliseconds: number): void;
  iso(): string;
}

export const manualClock = (start = '2026-02-01T11:00:00.000Z'): ManualClock => {
  let time = Date.parse(start);
  return {
    now: () => time,
    iso: () => new Date(time).toISOString(),
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
};
