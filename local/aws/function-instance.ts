/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { Worker } from 'node:worker_threads';
import type { Log } from '../log.ts';
import {
  functionMessage,
  type FunctionMessage,
  type FunctionStart,
  type Invocation,
  type Thrown,
} from './function-protocol.ts';
import { afterRunning } from './running-time.ts';

/** The result of a call. A failure is a value: the caller decides what follows, as with Lambda. */
export type Invoked =
  | { readonly outcome: 'returned'; readonly payload: string }
  | ({ readonly outcome: 'failed' } & Thrown);

const initSeconds = 10;

interface InstanceSettings {
  readonly start: FunctionStart;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** One thread with the function's code, for one event at a time. Once it has ended, for any reason, it is not used again. */
export class Instance {
  /** Settles when the code is loaded; with the error if it could not be. */
  readonly ready: Promise<Thrown | undefined>;
  readonly #worker: Worker;
  #ended: Thrown | undefined;
  #onMessage: (message: FunctionMessage) => void = () => {};
  #onEnd: (why: Thrown) => void = () => {};

  constructor({ start, env, log }: InstanceSettings) {
    this.#worker = new Worker(new URL('./function-worker.ts', import.meta.url), {
      workerData: start,
      env,
      execArgv: [],
      stdout: true,
      stderr: true,
      // With V8's default, larger young generation a thread that runs out of memory ends the whole process. One case remains:
      // a single allocation of more than 16 MB at the limit ends the host as a `kill -9` would.
      resourceLimits: { maxOldGenerationSizeMb: start.memoryMegabytes, maxYoungGenerationSizeMb: 16 },
    });
    this.#worker.stdout.on('data', (chunk: Buffer) => log.write(chunk));
    this.#worker.stderr.on('data', (chunk: Buffer) => log.write(chunk));
    this.#worker.on('error', (error) =>
      this.#end({ errorType: 'Runtime.UnhandledError', errorMessage: String(error), trace: stackOf(error) }),
    );
    this.#worker.on('exit', (code) =>
      this.#end(crash('Runtime.ExitError', `The function ended its process (exit code ${code}).`)),
    );
    this.#worker.on('message', (message: unknown) => this.#onMessage(functionMessage.parse(message)));

    this.ready = this.#next(initSeconds, `The function's code was not loaded within ${initSeconds} seconds.`).then(
      (next) => {
        if (next.kind === 'ready') return undefined;
        const { errorType, errorMessage, trace } =
          next.kind === 'returned' ? crash('Runtime.Protocol', 'It answered before it was called.') : next;
        this.#end({ errorType, errorMessage, trace });
        return { errorType, errorMessage, trace };
      },
    );
  }

  get usable(): boolean {
    return this.#ended === undefined;
  }

  /** Runs one event. Call it only when the instance is ready. */
  async serve(requestId: string, payload: string, timeoutSeconds: number): Promise<Invoked> {
    const next = this.#next(timeoutSeconds, `Task timed out after ${timeoutSeconds} seconds.`);
    const invocation: Invocation = { requestId, payload, deadline: Date.now() + timeoutSeconds * 1000 };
    this.#worker.postMessage(invocation);
    const message = await next;
    switch (message.kind) {
      case 'returned':
        return { outcome: 'returned', payload: message.payload };
      case 'threw':
      case 'unusable':
        return failed(message.errorType, message.errorMessage, message.trace);
      case 'ready':
        return failed('Runtime.Protocol', 'It started twice.');
    }
  }

  async stop(why: string): Promise<void> {
    this.#end(crash('Runtime.Stopped', why));
    await this.#worker.terminate();
  }

  /** The next message of the thread. If it ends or the time passes, a message is made for it. */
  #next(seconds: number, tooLate: string): Promise<FunctionMessage> {
    const { promise, resolve } = Promise.withResolvers<FunctionMessage>();
    if (this.#ended !== undefined) return Promise.resolve({ kind: 'threw', ...this.#ended });
    const inTime = afterRunning(seconds * 1000, () => this.#end(crash('Sandbox.Timedout', tooLate)));
    const settle = (message: FunctionMessage): void => {
      inTime();
      this.#onMessage = () => {};
      this.#onEnd = () => {};
      resolve(message);
    };
    this.#onMessage = settle;
    this.#onEnd = (why) => settle({ kind: 'threw', ...why });
    return promise;
  }

  #end(why: Thrown): void {
    if (this.#ended !== undefined) return;
    this.#ended = why;
    this.#onEnd(why);
    void this.#worker.terminate();
  }
}

const crash = (errorType: string, errorMessage: string): Thrown => ({ errorType, errorMessage, trace: [] });

export const failed = (errorType: string, errorMessage: string, trace: readonly string[] = []): Invoked => ({
  outcome: 'failed',
  errorType,
  errorMessage,
  trace: [...trace],
});

const stackOf = (error: unknown): string[] => (error instanceof Error ? (error.stack ?? '').split('\n') : []);
