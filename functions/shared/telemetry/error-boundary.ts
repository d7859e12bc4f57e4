import { kindOf, log } from './log.ts';

/** An error as Lambda may report it: its runtime writes the message to the log and to the trace, and that could quote data. */
export const quiet = (error: unknown): Error => {
  const said = new Error('See the log of the function for what failed and where.');
  said.name = error instanceof Error ? error.name : 'Error';
  return said;
};

/** Wraps a handler that answers nobody: what it throws is said by its kind alone. */
export const withErrorBoundary =
  <Input extends readonly unknown[], Result>(handle: (...input: Input) => Promise<Result>) =>
  async (...input: Input): Promise<Result> => {
    try {
      return await handle(...input);
    } catch (error) {
      log('UNEXPECTED', kindOf(error));
      throw quiet(error);
    }
  };
