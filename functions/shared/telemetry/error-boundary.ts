import { Unavailable } from '../../../core/mission/errors.ts';
import { kindOf, log } from './log.ts';

/** An error that Lambda may report: the runtime writes the message to the log and to the trace, and a message can quote data. */
export const redactedError = (error: unknown): Error => {
  const redacted = new Error('See the log of the function for what failed and where.');
  redacted.name = error instanceof Error ? error.name : 'Error';
  return redacted;
};

/**
 * Wraps a handler that has no HTTP caller: an error that it throws is logged by its kind, and rethrown without its message. Storage
 * that could not be reached is no fault of the hub.
 */
export const withErrorBoundary =
  <Input extends readonly unknown[], Result>(handle: (...input: Input) => Promise<Result>) =>
  async (...input: Input): Promise<Result> => {
    try {
      return await handle(...input);
    } catch (error) {
      log(error instanceof Unavailable ? 'STORAGE_UNAVAILABLE' : 'UNEXPECTED', kindOf(error));
      throw redactedError(error);
    }
  };
