import { execFile } from 'node:child_process';

/** Runs the programs of the project as people run them. */

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

export interface Running {
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the program is ended as by `kill -9`; its code is 137 then. */
  readonly killAfter?: number;
}

/** Runs a file of the project until it ends. */
export const runCommand = (file: string, args: readonly string[], { env, killAfter = 0 }: Running = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const options = { env, timeout: killAfter, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 } as const;
    execFile(process.execPath, [file, ...args], options, (error, out, errors) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 137), out, errors }),
    );
  });

/** Runs `npm run hub -- <command> …`. */
export const runHub = (args: readonly string[], running?: Running): Promise<Ran> =>
  runCommand('commands/main.ts', args, running);
