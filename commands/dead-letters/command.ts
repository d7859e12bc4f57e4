import type { Notification } from '../../core/delivery/notifications.ts';
import type { Command } from '../cli/command.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import { hubOptions, tableGiven, unreachable } from '../cli/hub-target.ts';
import { discardAll, listAll, redriveAll, showAll } from './actions.ts';
import { allDeadLetters, type Hub, openHub, openStandalone } from './hub.ts';
import { nameOf, readName } from './report.ts';

/**
 * Notifications that the hub has given up. Redriving sends them again in their order, and twice is harmless; discarding states
 * that the party was informed by other means.
 */
const usage = `Usage: npm run hub -- dead-letters <action> [which] <where>
  list                       what was given up, oldest first, and whom to phone
  show <name> …              all that is known of each
  redrive <name> … | which   tries them again, in their order
  discard <name> … | which   removes them from the list: the party was informed by other means
which:  --subscription <id>  --organisation <number>  --all
where:  --local [--data-dir <folder>]         the hub that runs on this machine (npm start)
        --table <name> --queue <url>          a deployed hub: TableName and QuickLaneUrl of the stack's outputs
        --database <file>                     a standalone hub: hub.db in its folder
A name is <subscription>.<number>, as list shows it.`;

const parse = (args: readonly string[]) =>
  commandLine({
    usage,
    options: {
      ...hubOptions,
      queue: { type: 'string' },
      database: { type: 'string' },
      subscription: { type: 'string' },
      organisation: { type: 'string' },
      all: { type: 'boolean', default: false },
    },
    mostArguments: Number.POSITIVE_INFINITY,
    args,
  });

interface Selection {
  readonly names: readonly string[];
  readonly subscription: string | undefined;
  readonly organisation: string | undefined;
}

/** The letters that are named; without names, those of the subscription and the organisation that are given. */
const selected = (
  letters: readonly Notification[],
  { names, subscription, organisation }: Selection,
): readonly Notification[] =>
  letters.filter((letter) =>
    names.length > 0
      ? names.includes(nameOf(letter))
      : (subscription === undefined || letter.subscription === subscription) &&
        (organisation === undefined || letter.organisation === organisation),
  );

/** The hub that the options name. If no hub runs on this machine, prints that and returns `undefined`. */
const hubGiven = async (cli: ReturnType<typeof parse>): Promise<Hub | undefined> => {
  const { values, wrongUse } = cli;
  const { local, table: deployed, queue, database } = values;
  if (database !== undefined) {
    if (local || deployed !== undefined || queue !== undefined)
      return wrongUse('--database excludes --local, --table and --queue. Give one hub.');
    return openStandalone(database);
  }
  if (local && queue !== undefined)
    return wrongUse('--local and --queue exclude each other. Use --local, or --table and --queue.');
  const table = tableGiven(cli);
  if (table === undefined) return undefined;
  const url = local ? process.env['QuickLaneUrl'] : queue;
  return openHub(table, url ?? wrongUse('No delivery queue given. Use --queue <url>.'));
};

const deadLetters = async (cli: ReturnType<typeof parse>): Promise<number> => {
  const { values, wrongUse } = cli;
  const action = cli.action(['list', 'show', 'redrive', 'discard']);
  const [, ...names] = cli.positionals;
  const wrong = names.find((name) => readName(name) === undefined);
  if (wrong !== undefined)
    return wrongUse(`"${wrong}" is not the name of a notification. Use <subscription>.<number>, as list shows it.`);
  const { subscription, organisation, all } = values;
  if (action !== 'list' && names.length === 0 && !all && (subscription ?? organisation) === undefined)
    return wrongUse('No dead letters selected. Use names, --subscription, --organisation or --all.');
  const hub = await hubGiven(cli);
  if (hub === undefined) return 1;

  const letters = await allDeadLetters(hub);
  const absent = names.filter((name) => !letters.some((letter) => nameOf(letter) === name));
  if (absent.length > 0) {
    console.error(`Not among the dead letters (redriven, discarded, or never given up): ${absent.join(', ')}`);
    return 1;
  }
  const wanted = selected(letters, { names, subscription, organisation });
  if (action !== 'list' && wanted.length === 0) {
    console.log('No dead letter matches: nothing to do.');
    return 0;
  }
  switch (action) {
    case 'list':
      await listAll(hub, wanted);
      break;
    case 'show':
      await showAll(hub, wanted);
      break;
    case 'redrive':
      await redriveAll(hub, wanted);
      break;
    case 'discard':
      await discardAll(hub, wanted);
      break;
  }
  return 0;
};

/** Lists, shows, redrives or discards dead letters. */
export const run: Command = (args) => {
  const cli = parse(args);
  return exitCodeOf(deadLetters(cli), (why) => unreachable("The hub's table or queue", why, cli.values));
};
