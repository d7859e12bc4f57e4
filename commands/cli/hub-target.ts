import type { WrongUse } from './command-line.ts';
import { ownDataDir, readHubEnv } from '../../local/data-folder.ts';

/** `--local [--data-dir <folder>]` or `--table <name>`. */
export const hubOptions = {
  local: { type: 'boolean', default: false },
  'data-dir': { type: 'string', default: ownDataDir },
  table: { type: 'string' },
} as const;

interface HubGiven {
  readonly values: { readonly local: boolean; readonly 'data-dir': string; readonly table?: string | undefined };
  readonly wrongUse: WrongUse;
}

/** The table of the deployed hub that was named; `undefined` if it is the hub on this machine. */
export const deployedTable = ({ values: { local, table }, wrongUse }: HubGiven): string | undefined => {
  if (local) return table === undefined ? undefined : wrongUse('Say --local or --table, not both.');
  return table ?? wrongUse('Say which hub: --local, or --table <name>.');
};

/** The table of the hub that was said. Says so and is `undefined` if it is none. */
export const tableGiven = (given: HubGiven): string | undefined =>
  deployedTable(given) ?? readHubEnv(given.values['data-dir']);
