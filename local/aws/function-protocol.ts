import { z } from 'zod';

/** Messages between the host and a function's thread. */

const thrown = z.object({ errorType: z.string(), errorMessage: z.string(), trace: z.array(z.string()) });
export type Thrown = z.output<typeof thrown>;

export const functionMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  thrown.extend({ kind: z.literal('unusable') }),
  z.object({ kind: z.literal('returned'), payload: z.string() }),
  thrown.extend({ kind: z.literal('threw') }),
]);
export type FunctionMessage = z.output<typeof functionMessage>;

export interface FunctionStart {
  readonly moduleUrl: string;
  readonly exportName: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memoryMegabytes: number;
}

export interface Invocation {
  readonly requestId: string;
  readonly payload: string;
  /** Milliseconds since 1970, when Lambda would stop the function. */
  readonly deadline: number;
}

export const describeError = (error: unknown): Thrown =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };
