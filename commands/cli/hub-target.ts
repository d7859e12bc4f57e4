import type { WrongUse } from './command-line.ts';
import { ownDataDir, readHubEnv } from '../../local/data-folder.ts';

/** Which hub a command works on: `--local [--data-dir <folder>]`, or `--table <name>`. */
export const hubOptions = {
  local: { type: 'boolean', default: false },
  'data-dir': { type: 'string', default: ownDataDir },
  table: { type: 'string' },
} as const;

interface GivenHub {
  readonly values: { readonly local: boolean; readonly 'data-dir': string; readonly table?: string | undefined };
  readonly wrongUse: WrongUse;
}

/** The table of the deployed hub that `--table` names; `undefined` for the hub on this machine. */
export const deployedTable = ({ values: { local, table }, wrongUse }: GivenHub): string | undefined => {
  if (local) return table === undefined ? undefined : wrongUse('--local and --table exclude each other. Give one.');
  return table ?? wrongUse('No hub given. Use --local or --table <name>.');
};

/** The table of the hub that the options name. If no hub runs on this machine, prints that and returns `undefined`. */
export const tableGiven = (given: GivenHub): string | undefined =>
  deployedTable(given) ?? readHubEnv(given.values['data-dir']);

/** How every command says that a hub's table cannot be reached. */
export const unreachable = (what: string, why: string, { local }: { readonly local: boolean }): string =>
  `${what} cannot be reached (${why}).${local ? ' Is the hub running (npm start)?' : ''}`;
