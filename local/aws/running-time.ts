/** Milliseconds. */
const beat = 100;

/**
 * Calls back when this process has run for so many milliseconds; what is returned takes it back. Time in which the machine stood
 * still does not count, as after a laptop was closed: nobody was late.
 */
export const afterRunning = (milliseconds: number, callBack: () => void): (() => void) => {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    const next = Math.min(left, beat);
    timer = setTimeout(() => (left > beat ? wait(left - next) : callBack()), next);
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
};
