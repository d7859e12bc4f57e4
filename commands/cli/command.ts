/** One command of `npm run hub`: takes the arguments after its name, resolves to the exit code. */
export type Command = (args: readonly string[]) => Promise<number>;
