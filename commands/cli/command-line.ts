import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** Reads the command line of every program in the project, and ends the program with its exit code. */

/** Prints the sentence and the usage on stderr, and ends the process with exit code 2. */
export type WrongUse = (sentence: string) => never;

/** The message of an error and of its causes. */
export const whyOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${whyOf(error.cause)}` : error.message;
};

/** Node's message about an option, on one line and without its advice on arguments that look like options. */
const faultOf = (error: unknown): string =>
  whyOf(error)
    .replaceAll('\n', ' ')
    .replace(/ To specify .*$/, '')
    .replace(/(?<![.?])$/, '.');

const read = <Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) =>
  parseArgs({ args: [...args], options, allowPositionals: true });

interface CommandLineSettings<Options> {
  /** What `--help` prints, and what follows the sentence about a wrong use. */
  readonly usage: string;
  readonly options: Options;
  /** The largest number of arguments that are not options. */
  readonly mostArguments?: number;
  readonly args?: readonly string[];
}

/**
 * Parses the whole command line before anything is done. `--help` prints the usage and ends the process with 0; an unknown or
 * empty option and an argument too many end it with 2.
 */
export const commandLine = <const Options extends ParseArgsOptionsConfig>({
  usage,
  options,
  mostArguments = 0,
  args = process.argv.slice(2),
}: CommandLineSettings<Options>) => {
  const wrongUse: WrongUse = (sentence) => {
    console.error(`${sentence}\n\n${usage}`);
    process.exit(2);
  };
  if (args.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  const given = ((): ReturnType<typeof read<Options>> => {
    try {
      return read(args, options);
    } catch (error) {
      return wrongUse(faultOf(error));
    }
  })();
  const { values, positionals } = given;
  const [first] = positionals;
  // A shell passes an empty argument for a variable that is not set.
  if (positionals.includes('')) wrongUse('An argument is empty.');
  for (const [option, value] of Object.entries(values))
    if (value === '' || (Array.isArray(value) && value.includes(''))) wrongUse(`Option '--${option}' is empty.`);
  const tooMany = positionals[mostArguments];
  if (tooMany !== undefined) wrongUse(`Unexpected argument "${tooMany}".`);
  return {
    values,
    positionals,
    wrongUse,
    /** The first argument, which must be one of these actions. */
    action: <Name extends string>(names: readonly Name[]): Name =>
      names.find((name) => name === first) ??
      wrongUse(`${first === undefined ? 'No action given' : `Unknown action "${first}"`}. Use ${names.join(', ')}.`),
    /** The value of an option that takes a whole number. */
    whole: (option: string, text: string, least = 1): number => {
      const number = Number(text);
      return /^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least
        ? number
        : wrongUse(`--${option} takes a whole number from ${least}, not "${text}".`);
    },
  };
};

/** Resolves to what the work resolves to; if the work throws, prints a sentence on stderr and resolves to 1. */
export const exitCodeOf = async (
  work: Promise<number>,
  sentence: (why: string, error: unknown) => string,
): Promise<number> => {
  try {
    return await work;
  } catch (error) {
    console.error(sentence(whyOf(error), error));
    return 1;
  }
};
