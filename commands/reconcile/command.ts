import { setTimeout as wait } from 'node:timers/promises';
import { reconcilePorts } from '../../adapters/dynamodb/reconcile.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { reconcile } from '../../core/audit/reconcile/reconcile.ts';
import { isMissionId } from '../../schemas/identifiers.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import type { Command } from '../cli/command.ts';
import { hubOptions, tableGiven, unreachable } from '../cli/hub-target.ts';
import { printResult } from './report.ts';
import { sinceOf } from './since.ts';

const usage = `Usage: npm run hub -- reconcile [--since <time>] [--mission <id>] [--json] <where>
  Recomputes from the mission logs who had to be notified of each entry, and compares with the receipts. Lists parties that were
  not notified although nobody was alerted, and notifications that should not have been sent. Exit code 0 if there are none, else 1.
--since <time>   entries and receipts since then: 24h, 7d, or 2026-02-01T00:00:00Z; all if it is not given
--mission <id>   one mission
--json           the whole result as JSON
where:  --local [--data-dir <folder>]   the hub that runs on this machine (npm start)
        --table <name>                  a deployed hub: TableName of the stack's outputs`;

const progressMilliseconds = 5_000;

/** Says on stderr every five seconds how far it is. */
const progress = () => {
  let printedAt = performance.now();
  return (done: number, missions: number): void => {
    if (performance.now() - printedAt < progressMilliseconds) return;
    printedAt = performance.now();
    console.error(`${done} of ${missions} missions`);
  };
};

const parse = (args: readonly string[]) =>
  commandLine({
    usage,
    options: {
      ...hubOptions,
      since: { type: 'string' },
      mission: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    args,
  });

const compare = async (cli: ReturnType<typeof parse>): Promise<number> => {
  const { values, wrongUse } = cli;
  const { mission, json } = values;
  if (mission !== undefined && !isMissionId(mission)) return wrongUse(`"${mission}" is not the id of a mission.`);
  const since = values.since === undefined ? undefined : sinceOf(values.since, Date.now());
  if (values.since !== undefined && since === undefined)
    return wrongUse(`"${values.since}" is no time. Give hours or days, as 24h or 7d, or a date with time and zone.`);
  const tableName = tableGiven(cli);
  if (tableName === undefined) return 1;
  const ports = await reconcilePorts(openTable(tableName), { now: () => Date.now(), sleep: (time) => wait(time) });
  const result = await reconcile(ports, {
    onProgress: progress(),
    ...(since === undefined ? {} : { since }),
    ...(mission === undefined ? {} : { isWanted: (one) => one === mission }),
  });
  if (mission !== undefined && result.missions === 0) {
    console.error(`There is no mission ${mission}${since === undefined ? '' : ` with an entry since ${since}`}.`);
    return 1;
  }
  return printResult(result, json);
};

/** Compares who had to be notified with who was. */
export const run: Command = (args) => {
  const cli = parse(args);
  return exitCodeOf(compare(cli), (why) => unreachable("The hub's table", why, cli.values));
};
