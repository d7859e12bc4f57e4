import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** How every command of the project is told what to do, and what it says to whoever told it something else. */

/** Prints the sentence and how the command is used on stderr, and ends the process with 2. */
export type WrongUse = (sentence: string) => never;

/** What was wrong, in the words of the error and of what caused it. */
export const whyOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${whyOf(error.cause)}` : error.message;
};

/** What Node says of an option, as one line and without its advice for words that look like options. */
const faultOf = (error: unknown): string =>
  whyOf(error)
    .replaceAll('\n', ' ')
    .replace(/ To specify .*$/, '')
    .replace(/(?<![.?])$/, '.');

const read = <Options extends ParseArgsOptionsConfig>(options: Options) =>
  parseArgs({ options, allowPositionals: true });

/** Reads the line before anything is done: the options, and as many words as the command takes at the most. `--help` shows how it is used. */
export const commandLine = <const Options extends ParseArgsOptionsConfig>(
  usage: string,
  options: Options,
  mostWords = 0,
) => {
  const wrongUse: WrongUse = (sentence) => {
    console.error(`${sentence}\n\n${usage}`);
    process.exit(2);
  };
  if (process.argv.slice(2).includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  const given = ((): ReturnType<typeof read<Options>> => {
    try {
      return read(options);
    } catch (error) {
      return wrongUse(faultOf(error));
    }
  })();
  const { values, positionals: words } = given;
  const [first] = words;
  // What a shell makes of a variable that is not set.
  if (words.includes('')) wrongUse('A word is empty.');
  for (const [option, value] of Object.entries(values))
    if (value === '' || (Array.isArray(value) && value.includes(''))) wrongUse(`Option '--${option}' is empty.`);
  const tooMany = words[mostWords];
  if (tooMany !== undefined) wrongUse(`"${tooMany}" is one word too many.`);
  return {
    values,
    words,
    wrongUse,
    /** The first word, which is one of these. */
    command: <Name extends string>(names: readonly Name[]): Name =>
      names.find((name) => name === first) ??
      wrongUse(`${first === undefined ? 'Say what to do' : `"${first}" is no command`}: ${names.join(', ')}.`),
    /** The number that an option was given. */
    whole: (option: string, text: string, least = 1): number => {
      const number = Number(text);
      return /^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least
        ? number
        : wrongUse(`--${option} takes a whole number from ${least}, not "${text}".`);
    },
  };
};

/** Ends the process with what the work returns; with 1 and a sentence if it throws. */
export const endWith = async (
  work: Promise<number>,
  sentence: (why: string, error: unknown) => string,
): Promise<void> => {
  process.exitCode = await work.catch((error: unknown) => {
    console.error(sentence(whyOf(error), error));
    return 1;
  });
};
