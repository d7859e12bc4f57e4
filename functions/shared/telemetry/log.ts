import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@aws-lambda-powertools/logger';
import {
  fieldsOf,
  type LogDetails,
  type LogMessageName,
  logMessages,
} from '../../../schemas/telemetry/log-messages.ts';

/** One logger per function. It writes the messages of `schemas/telemetry/log-messages.ts` only. */
export const logger = new Logger({ serviceName: 'luftbro' });

/** Fields that every line about a request has. */
interface RequestFields {
  readonly correlationId: string;
  readonly requestId: string;
  readonly route?: string;
}

const requestFields = new AsyncLocalStorage<RequestFields>();

/** Handles a request: each line that is logged meanwhile has its fields, also if the process handles others at the same time. */
export const loggedAs = <Result>(fields: RequestFields, handle: () => Result): Result =>
  requestFields.run(fields, handle);

/** Logs a message of the catalogue. Fields that its message does not list are left out, even if `details` has them. */
export const log = <Name extends LogMessageName>(name: Name, details: LogDetails<Name>): void => {
  const { code, level, text } = logMessages[name];
  const fields = fieldsOf(name);
  const listed = Object.entries(details).filter(([field]) => fields.includes(field));
  logger[level](text, { code, ...requestFields.getStore(), ...Object.fromEntries(listed) });
};

/** Where an error was thrown. Its stack begins with its message, and a message can have lines that look like places. */
const placeOf = ({ stack = '', message }: Error): string | undefined =>
  stack
    .slice(stack.indexOf(message) + message.length)
    .split('\n')
    .find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    ?.trim();

/** What may be logged of an error: its kind and where it was thrown. Its message can quote data. */
export const kindOf = (error: unknown) => {
  if (!(error instanceof Error)) return { error: typeof error };
  return {
    error: error.name,
    cause: error.cause instanceof Error ? error.cause.name : undefined,
    at: placeOf(error),
  };
};
