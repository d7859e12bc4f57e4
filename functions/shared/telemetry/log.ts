import { Logger } from '@aws-lambda-powertools/logger';
import {
  fieldsOf,
  type LogDetails,
  type LogMessageName,
  logMessages,
} from '../../../schemas/telemetry/log-messages.ts';

/** One logger per function. What it may say is listed in `schemas/telemetry/log-messages.ts`. */
export const logger = new Logger({ serviceName: 'luftbro' });

/** Says a message of the catalogue. Fields that it does not list are left out, whatever an object brings along. */
export const log = <Name extends LogMessageName>(name: Name, details: LogDetails<Name>): void => {
  const { code, level, text } = logMessages[name];
  const fields = fieldsOf(name);
  const said = Object.entries(details).filter(([field]) => fields.includes(field));
  logger[level](text, { code, ...Object.fromEntries(said) });
};

/** Where an error was thrown. Its stack begins with its message, which may have lines that look like places. */
const placeOf = ({ stack = '', message }: Error): string | undefined =>
  stack
    .slice(stack.indexOf(message) + message.length)
    .split('\n')
    .find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
    ?.trim();

/** What of an error may be logged: its kind and where it was thrown. Its message could quote data. */
export const kindOf = (error: unknown) => {
  if (!(error instanceof Error)) return { error: typeof error };
  return {
    error: error.name,
    cause: error.cause instanceof Error ? error.cause.name : undefined,
    at: placeOf(error),
  };
};
