/* oxlint-disable unicorn/require-post-message-target-origin -- that is for browser windows; threads have no origin */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import {
  functionMessage,
  type FunctionMessage,
  type FunctionStart,
  type Invocation,
  type Thrown,
} from './function-protocol.ts';
import type { Log } from '../log.ts';
import { accessKeyOf } from './permissions.ts';
import { afterRunning } from './running-time.ts';
import type { Resource, Stack } from './stack.ts';

/** The stack's functions: the very bundles that go to Lambda, each in threads of its own, one event at a time in each. */

const functionSchema = z.strictObject({
  Code: z.strictObject({ S3Bucket: z.unknown(), S3Key: z.string() }),
  Handler: z.string(),
  Runtime: z.string().regex(/^nodejs/, 'is not a Node.js runtime'),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).default({ Variables: {} }),
  FunctionName: z.string().optional(),
  // Lambda's own defaults.
  MemorySize: z.int().default(128),
  Timeout: z.int().default(3),
  // Nothing to do on one machine.
  Architectures: z.unknown().optional(),
  Description: z.unknown().optional(),
  LoggingConfig: z.unknown().optional(),
  // A function has no more instances here than a laptop can bear.
  ReservedConcurrentExecutions: z.int().optional(),
  Role: z.unknown().optional(),
  Tags: z.unknown().optional(),
  TracingConfig: z.unknown().optional(),
});
type FunctionProperties = z.output<typeof functionSchema>;

/** A failure is a value: what called the function decides what becomes of it, as with Lambda. */
export type Invoked =
  | { readonly outcome: 'returned'; readonly payload: string }
  | ({ readonly outcome: 'failed' } & Thrown);

export interface HostedFunction {
  readonly name: string;
  /** A call that no instance has taken yet when `givenUp` aborts is not made any more. */
  readonly invoke: (event: unknown, givenUp?: AbortSignal) => Promise<Invoked>;
}

export interface Functions {
  readonly names: readonly string[];
  readonly byLogicalId: (logicalId: string) => HostedFunction;
  readonly byArn: (arn: string) => HostedFunction;
  /** Starts one instance of each, so that the first message does not wait for code to be read. */
  readonly warm: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface FunctionsSettings {
  readonly stack: Stack;
  readonly assets: ReadonlyMap<string, string>;
  /** What Lambda would put into every function's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
}

// More would only make a laptop's processors share.
const maximumInstances = 12;
const initSeconds = 10;

/** How many instances may load their code at once: with more than there are processors each takes longer, and fails late. */
class Starts {
  readonly #waiting = new Set<() => void>();
  #free = Math.max(2, availableParallelism());

  /** Whether one more may start; if not, `whenFree` is called once when that has changed. */
  take(whenFree: () => void): boolean {
    if (this.#free === 0) {
      this.#waiting.add(whenFree);
      return false;
    }
    this.#free -= 1;
    return true;
  }

  release(): void {
    this.#free += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const whenFree of waiting) whenFree();
  }
}

export const createFunctions = ({ stack, assets, environment, log }: FunctionsSettings): Functions => {
  const starts = new Starts();
  const pools = stack.resources('AWS::Lambda::Function', functionSchema).map((resource) => {
    const folder = assets.get(resource.properties.Code.S3Key);
    if (folder === undefined)
      throw new Error(`The code of ${resource.logicalId} is not in cdk.out. Run "npm run synth" again.`);
    return { resource, pool: new FunctionPool({ resource, folder, environment, log, starts }) };
  });
  const find = (what: string, matches: (resource: Resource<FunctionProperties>) => boolean): HostedFunction => {
    const found = pools.find(({ resource }) => matches(resource));
    if (found === undefined) throw new Error(`The stack has no function ${what}.`);
    return found.pool;
  };
  return {
    names: pools.map(({ resource }) => resource.logicalId),
    byLogicalId: (logicalId) => find(logicalId, (resource) => resource.logicalId === logicalId),
    byArn: (arn) => find(arn, (resource) => resource.arn === arn),
    warm: async () => {
      await Promise.all(pools.map(({ pool }) => pool.warm()));
    },
    close: async () => {
      await Promise.all(pools.map(({ pool }) => pool.close()));
    },
  };
};

interface PoolSettings {
  readonly resource: Resource<FunctionProperties>;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly starts: Starts;
}

interface Call {
  readonly payload: string;
  readonly answer: (invoked: Invoked) => void;
  readonly givenUp: AbortSignal | undefined;
}

class FunctionPool implements HostedFunction {
  readonly name: string;
  readonly #timeoutSeconds: number;
  readonly #spawn: () => Instance;
  readonly #log: Log;
  readonly #instances = new Set<Instance>();
  readonly #idle: Instance[] = [];
  readonly #waiting: Call[] = [];
  readonly #starts: Starts;
  readonly #startIsFree = (): void => this.#dispatch();
  #starting = 0;
  #closed = false;

  constructor({ resource, folder, environment, log, starts }: PoolSettings) {
    this.#starts = starts;
    const { Handler, Timeout, MemorySize, Environment } = resource.properties;
    this.name = resource.ref;
    this.#timeoutSeconds = Timeout;
    this.#log = log;
    const dot = Handler.lastIndexOf('.');
    const start: FunctionStart = {
      moduleUrl: pathToFileURL(moduleFile(folder, Handler.slice(0, dot))).href,
      exportName: Handler.slice(dot + 1),
      functionName: resource.ref,
      functionArn: resource.arn,
      memoryMegabytes: MemorySize,
    };
    const env = {
      ...environment,
      AWS_ACCESS_KEY_ID: accessKeyOf(resource.logicalId),
      AWS_LAMBDA_FUNCTION_NAME: resource.ref,
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      LAMBDA_TASK_ROOT: folder,
      ...Environment.Variables,
    };
    this.#spawn = () => new Instance({ start, env, log });
  }

  /** Never rejects: what goes wrong inside the function is told in the answer. */
  invoke(event: unknown, givenUp?: AbortSignal): Promise<Invoked> {
    const { promise, resolve } = Promise.withResolvers<Invoked>();
    this.#waiting.push({ payload: JSON.stringify(event), answer: resolve, givenUp });
    this.#dispatch();
    return promise;
  }

  async warm(): Promise<void> {
    if (this.#instances.size > 0) return;
    const instance = this.#add();
    if ((await instance.ready) === undefined) this.#idle.push(instance);
    else this.#instances.delete(instance);
    this.#dispatch();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { answer } of this.#waiting.splice(0)) answer(failed('Closed', 'The hub is going down.'));
    await Promise.all([...this.#instances].map((instance) => instance.stop('The hub is going down.')));
  }

  #add(): Instance {
    const instance = this.#spawn();
    this.#instances.add(instance);
    return instance;
  }

  #dispatch(): void {
    if (this.#closed) return;
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      const instance = this.#takeIdle();
      if (instance === undefined) break;
      this.#waiting.shift();
      void this.#serve(instance, call);
    }
    while (this.#waiting.length > this.#starting && this.#instances.size < maximumInstances) {
      if (!this.#starts.take(this.#startIsFree)) break;
      void this.#start();
    }
  }

  /** The oldest call that somebody still waits for. */
  #next(): Call | undefined {
    for (let call = this.#waiting[0]; call?.givenUp?.aborted === true; call = this.#waiting[0]) {
      this.#waiting.shift();
      call.answer(failed('GivenUp', 'Nobody waits for the answer any more.'));
    }
    return this.#waiting[0];
  }

  /** One more instance, for whichever call waits when its code is loaded; if it cannot be, one of them is told. */
  async #start(): Promise<void> {
    this.#starting += 1;
    const instance = this.#add();
    const unusable = await instance.ready;
    this.#starting -= 1;
    if (unusable === undefined) this.#idle.push(instance);
    else {
      this.#instances.delete(instance);
      const call = this.#next();
      if (call !== undefined) {
        this.#waiting.shift();
        this.#tell(call, randomUUID(), { outcome: 'failed', ...unusable });
      }
    }
    this.#starts.release();
    this.#dispatch();
  }

  #takeIdle(): Instance | undefined {
    for (let instance = this.#idle.pop(); instance !== undefined; instance = this.#idle.pop()) {
      if (instance.usable) return instance;
      // It ended by itself, between two events.
      this.#instances.delete(instance);
    }
    return undefined;
  }

  async #serve(instance: Instance, call: Call): Promise<void> {
    const requestId = randomUUID();
    const invoked = await instance.serve(requestId, call.payload, this.#timeoutSeconds);
    if (instance.usable) this.#idle.push(instance);
    else this.#instances.delete(instance);
    this.#tell(call, requestId, invoked);
    this.#dispatch();
  }

  #tell({ answer }: Call, requestId: string, invoked: Invoked): void {
    if (invoked.outcome === 'failed' && !this.#closed) {
      const { errorType, errorMessage, trace } = invoked;
      this.#log.event('ERROR', `${this.name} failed`, {
        function: this.name,
        requestId,
        errorType,
        errorMessage,
        trace,
      });
    }
    answer(invoked);
  }
}

interface InstanceSettings {
  readonly start: FunctionStart;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** One thread with the function's code in it. Once it has ended, for whatever reason, it is not used again. */
class Instance {
  /** Settles when the code is loaded; with what was wrong if it could not be. */
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
      // With V8's own, larger young generation a thread that runs out of memory takes the whole process with it. What is
      // left of that: one allocation of more than 16 MB at the limit ends the host as a `kill -9` would.
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
          next.kind === 'returned' ? crash('Runtime.Protocol', 'It answered before it was asked.') : next;
        this.#end({ errorType, errorMessage, trace });
        return { errorType, errorMessage, trace };
      },
    );
  }

  get usable(): boolean {
    return this.#ended === undefined;
  }

  /** Once it is ready. */
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

  /** The next thing that the thread says; its end and the passing of the time are said for it. */
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

const failed = (errorType: string, errorMessage: string, trace: readonly string[] = []): Invoked => ({
  outcome: 'failed',
  errorType,
  errorMessage,
  trace: [...trace],
});

const stackOf = (error: unknown): string[] => (error instanceof Error ? (error.stack ?? '').split('\n') : []);

const moduleFile = (folder: string, module: string): string => {
  const file = ['.mjs', '.js', '.cjs']
    .map((extension) => join(folder, `${module}${extension}`))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`There is no module ${module} in ${folder}.`);
  return file;
};
