const tickMilliseconds = 100;

/**
 * Calls back when this process has run for so many milliseconds; the returned function cancels that. Time in which the machine was
 * suspended does not count, for instance while a laptop is closed: such a timeout would report a fault that no code caused.
 */
export const afterRunning = (milliseconds: number, callBack: () => void): (() => void) => {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    const next = Math.min(left, tickMilliseconds);
    timer = setTimeout(() => (left > tickMilliseconds ? wait(left - next) : callBack()), next);
  };
  wait(milliseconds);
  return () => clearTimeout(timer);
};
