import type { Allowance, Budget, RequestBudgets } from '../dynamodb/rate-limits.ts';

/** Rate limits of one process: counts of the current window, which end with the process. `now`: milliseconds since the epoch. */
export const requestBudgets = <Of extends Budget>(
  allowances: Readonly<Record<Of, Allowance>>,
  now: () => number = Date.now,
): RequestBudgets<Of> => {
  /** By budget: the window, and the requests of each client in it. */
  const windows = new Map<Of, { readonly start: number; readonly spent: Map<string, number> }>();
  return {
    async spend({ parent, client }, budget) {
      const { seconds, most } = allowances[budget];
      const at = now() / 1000;
      const start = Math.floor(at / seconds) * seconds;
      const known = windows.get(budget);
      const window = known?.start === start ? known : { start, spent: new Map<string, number>() };
      windows.set(budget, window);
      const name = `${parent} ${client}`;
      const count = (window.spent.get(name) ?? 0) + 1;
      window.spent.set(name, count);
      return {
        count,
        most,
        ...(count > most ? { waitFor: Math.max(1, Math.ceil(start + seconds - at)) } : {}),
        giveBack: async () => {
          window.spent.set(name, (window.spent.get(name) ?? 1) - 1);
        },
      };
    },
  };
};
