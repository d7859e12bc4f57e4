import { deadLetters } from '../../adapters/dynamodb/dead-letters.ts';
import { directoryOf, loadDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { missionLog } from '../../adapters/dynamodb/mission-log.ts';
import { subscriptions } from '../../adapters/dynamodb/subscriptions.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { deliveryQueue, openQueues } from '../../adapters/sqs/queues.ts';
import { commandLine, endWith } from '../cli/command-line.ts';
import { hubOptions, tableGiven } from '../cli/hub-target.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import { redrive } from '../../core/delivery/dead-letters.ts';
import { ifReadable } from '../../schemas/newer-release.ts';
import { calls, details, type Letter, line, nameOf, readName } from './report.ts';

/**
 * `npm run dead-letters -- list | show | redrive | discard`: notifications that the hub has given up. Redriving sends them
 * again in their order, and twice is harmless; discarding says that the party knows by other means.
 */
const usage = `Usage: npm run dead-letters -- <command> [which] <where>
  list                       what was given up, longest ago first, and whom to phone
  show <name> …              all that is known of each
  redrive <name> … | which   tries them again, in their order
  discard <name> … | which   puts them away: the party has been told by other means
which:  --subscription <id>  --organisation <number>  --all
where:  --local [--data-dir <folder>]         the hub that runs on this machine (npm start)
        --table <name> --queue <url>          a deployed hub: TableName and DeliveryQueueUrl of the stack's outputs
A name is <subscription>.<number>, as list shows it.`;

const told = commandLine(
  usage,
  {
    ...hubOptions,
    queue: { type: 'string' },
    subscription: { type: 'string' },
    organisation: { type: 'string' },
    all: { type: 'boolean', default: false },
  },
  Number.POSITIVE_INFINITY,
);

const { values, wrongUse } = told;
const command = told.command(['list', 'show', 'redrive', 'discard']);
const [, ...names] = told.words;

/** Letters that are looked up side by side. */
const sideBySide = 16;

const openHub = async (tableName: string, queueUrl: string) => {
  const table = openTable(tableName);
  const directory = directoryOf(await loadDirectory(table));
  return {
    missions: missionLog(table),
    subscriptions: subscriptions(table),
    deadLetters: deadLetters(table),
    queue: deliveryQueue(openQueues(), queueUrl),
    directory,
    now: Date.now,
  };
};

type Hub = Awaited<ReturnType<typeof openHub>>;

const everything = async (hub: Hub): Promise<readonly Notification[]> => {
  const found: Notification[] = [];
  for (let from: string | undefined; ; ) {
    const page = await hub.deadLetters.list(100, from);
    found.push(...page.items);
    if (page.next === undefined) return found;
    from = page.next;
  }
};

/** Those that are named, or all that fit. */
const chosen = (letters: readonly Notification[]): readonly Notification[] => {
  if (names.length > 0) {
    const wanted = new Set(names);
    return letters.filter((letter) => wanted.has(nameOf(letter)));
  }
  const { subscription, organisation } = values;
  return letters.filter(
    (letter) =>
      (subscription === undefined || letter.subscription === subscription) &&
      (organisation === undefined || letter.organisation === organisation),
  );
};

const look = async (hub: Hub, notification: Notification): Promise<Letter> => {
  const { mission, entry: number, organisation } = notification;
  const warningsOf = async (): Promise<readonly number[]> => {
    const last = await hub.missions.last(mission);
    const later = await hub.missions.entries(mission, number + 1, last?.number ?? number);
    return later
      .filter(({ facts }) => facts.undelivered?.organisation === organisation && facts.undelivered.entry === number)
      .map((warning) => warning.number);
  };
  const [entry, subscription, warnings] = await Promise.all([
    ifReadable(() => hub.missions.entry(mission, number)),
    hub.subscriptions.read(notification.subscription),
    ifReadable(warningsOf),
  ]);
  return { notification, entry, subscription, warnings, party: hub.directory.partyOf(organisation) };
};

const list = async (hub: Hub, letters: readonly Notification[]): Promise<number> => {
  const looked: Letter[] = [];
  for (let at = 0; at < letters.length; at += sideBySide) {
    const some = await Promise.all(letters.slice(at, at + sideBySide).map((letter) => look(hub, letter)));
    for (const letter of some) console.log(line(letter));
    looked.push(...some);
  }
  console.log(
    letters.length === 0
      ? 'No dead letters.'
      : `${letters.length} dead ${letters.length === 1 ? 'letter' : 'letters'}. To be phoned:`,
  );
  for (const call of calls(looked)) console.log(`  ${call}`);
  return 0;
};

const run = async (hub: Hub): Promise<number> => {
  const letters = await everything(hub);
  const gone = names.filter((name) => !letters.some((letter) => nameOf(letter) === name));
  if (gone.length > 0) {
    console.error(`Not among the dead letters (redriven, discarded, or never given up): ${gone.join(', ')}`);
    return 1;
  }
  const wanted = chosen(letters);
  if (command === 'list') return list(hub, wanted);
  if (wanted.length === 0) {
    console.log('No dead letter fits: nothing to do.');
    return 0;
  }
  switch (command) {
    case 'show':
      for (const letter of wanted) console.log(`${details(await look(hub, letter)).join('\n  ')}\n`);
      return 0;
    case 'redrive': {
      const redriven = await redrive(hub, wanted);
      for (const { letter, outcome } of redriven)
        console.log(`${nameOf(letter)}  ${outcome === 'redriven' ? 'on its way again' : 'somebody else was quicker'}`);
      console.log('What still cannot be delivered comes back to the dead letters within a quarter of an hour.');
      return 0;
    }
    case 'discard':
      for (const letter of wanted) {
        const { subscription, number } = letter;
        const isMine = await hub.deadLetters.discard(subscription, number, new Date().toISOString());
        console.log(`${nameOf(letter)}  ${isMine ? 'discarded' : 'somebody else was quicker'}`);
      }
      return 0;
  }
};

const main = async (): Promise<number> => {
  const wrong = names.find((name) => readName(name) === undefined);
  if (wrong !== undefined)
    return wrongUse(`${wrong} is no name of a notification: <subscription>.<number>, as list shows it.`);
  const { local, subscription, organisation, all } = values;
  if (command !== 'list' && names.length === 0 && !all && (subscription ?? organisation) === undefined)
    return wrongUse('Say which: names, --subscription, --organisation or --all.');
  if (local && values.queue !== undefined) return wrongUse('Say --local, or --table and --queue, not both.');
  const table = tableGiven(told);
  if (table === undefined) return 1;
  const queue = local ? process.env['DeliveryQueueUrl'] : values.queue;
  return run(await openHub(table, queue ?? wrongUse('Say which queue it delivers from: --queue <url>.')));
};

await endWith(
  main(),
  (why) => `The hub's table or queue cannot be used (${why}).${values.local ? ' Is the hub running (npm start)?' : ''}`,
);
