import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Log } from '../log.ts';
import { failed, Instance, type Invoked } from './function-instance.ts';
import type { FunctionStart } from './function-protocol.ts';
import type { FunctionProperties } from './function-properties.ts';
import { accessKeyOf } from './permissions.ts';
import type { Resource } from './stack.ts';

export interface HostedFunction {
  readonly name: string;
  /** A call that no instance has started when `givenUp` aborts is dropped. */
  readonly invoke: (event: unknown, givenUp?: AbortSignal) => Promise<Invoked>;
}

// As many as both lanes of deliveries have workers (infra/stage.ts): most of them wait for endpoints.
const maximumInstances = 16;

/** Limits how many instances load their code at once: with more than processors each takes longer, and may fail by timeout. */
export class Starts {
  readonly #waiting = new Set<() => void>();
  #free = Math.max(2, availableParallelism());

  /** Whether one more may start; if not, `whenFree` is called once when one may. */
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

/** The instances of one function: starts more while calls wait, up to a limit. */
export class FunctionPool implements HostedFunction {
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

  /** Never rejects: a fault inside the function is in the result. */
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
    for (const { answer } of this.#waiting.splice(0)) answer(failed('Closed', 'The hub is stopping.'));
    await Promise.all([...this.#instances].map((instance) => instance.stop('The hub is stopping.')));
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

  /** The oldest call whose caller still waits. */
  #next(): Call | undefined {
    for (let call = this.#waiting[0]; call?.givenUp?.aborted === true; call = this.#waiting[0]) {
      this.#waiting.shift();
      call.answer(failed('GivenUp', 'The caller no longer waits for the answer.'));
    }
    return this.#waiting[0];
  }

  /** Starts one more instance, for any call that waits when its code is loaded. If it cannot be loaded, one waiting call fails. */
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
        this.#answer(call, randomUUID(), { outcome: 'failed', ...unusable });
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
    this.#answer(call, requestId, invoked);
    this.#dispatch();
  }

  #answer({ answer }: Call, requestId: string, invoked: Invoked): void {
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

const moduleFile = (folder: string, module: string): string => {
  const file = ['.mjs', '.js', '.cjs']
    .map((extension) => join(folder, `${module}${extension}`))
    .find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`There is no module ${module} in ${folder}.`);
  return file;
};
