import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Order, started, type Started, type Traffic, traffic } from './aws-protocol.ts';

/** The embedded AWS in a separate process. */
export interface Aws extends Started {
  /** Sets the mode from now on; returns the traffic since the last call. */
  readonly setMode: (order: Order) => Promise<Traffic>;
  readonly close: () => Promise<void>;
}

/** Rejects if the process ends before its first message. */
const heard = async (child: ChildProcess): Promise<unknown> => {
  const ended = new AbortController();
  const gone = (): void => ended.abort(new Error('the process of the embedded AWS has ended'));
  child.once('exit', gone);
  try {
    const [message]: unknown[] = await once(child, 'message', { signal: ended.signal });
    return message;
  } finally {
    child.off('exit', gone);
  }
};

export const startAws = async (assembly: string): Promise<Aws> => {
  const child = fork(fileURLToPath(new URL('./aws-process.ts', import.meta.url)), [assembly], { execArgv: [] });
  const where = started.parse(await heard(child));
  return {
    ...where,
    setMode: async (order) => {
      const answer = heard(child);
      child.send(order);
      return traffic.parse(await answer);
    },
    close: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
};
