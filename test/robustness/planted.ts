import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Violation } from './check/check.ts';
import { run } from './run.ts';

/** Faults that are planted in a copy of the hub's sources: `npm run verify -- --planted` must find each by its property. */

export interface PlantedFault {
  readonly what: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The property that must be violated; others may be too. */
  readonly foundBy: string;
}

export const plantedFaults: readonly PlantedFault[] = [
  {
    what: 'Numbers of before a start are given again',
    file: 'core/fhir/notification.ts',
    find: "{ name: 'event-number', valueString: String(event.notification.number) },",
    replace:
      "{ name: 'event-number', valueString: String(event.notification.number - (process.uptime() < 60 ? 1 : 0)) },",
    foundBy: 'unique',
  },
  {
    what: 'Two entries that are numbered at once get one number',
    file: 'adapters/dynamodb/notifications.ts',
    find: "ConditionExpression: 'attribute_not_exists(pk)',",
    replace: '',
    foundBy: 'unique',
  },
  {
    what: 'One message in ten is accepted and not stored',
    file: 'adapters/dynamodb/mission-log.ts',
    find: 'const written = await holds(() =>',
    replace:
      'const written = (entry.number > 1 && entry.sender.length === 9 && Math.random() < 0.1) || await holds(() =>',
    foundBy: 'atomic',
  },
  {
    what: 'A later event does not wait for an earlier one of its mission',
    file: 'core/delivery/deliver.ts',
    find: "while (previous?.status === 'pending') {",
    replace: 'while (previous === null) {',
    foundBy: 'ordered',
  },
  {
    what: 'The filter of a subscription is ignored',
    file: 'core/delivery/fan-out.ts',
    find: 'const wants = ({ filter, organisation }: Subscriber, entry: PendingFanOut): boolean =>\n',
    replace:
      'const wants = ({ filter, organisation }: Subscriber, entry: PendingFanOut): boolean => entry.number > 0 ||\n',
    foundBy: 'filtered',
  },
  {
    what: 'A notification counts as delivered although its endpoint answered 500',
    file: 'core/delivery/retry-policy.ts',
    find: 'if (called && isDelivered(result.answer))',
    replace: 'if (called && result.answer !== undefined)',
    foundBy: 'receipts',
  },
  {
    what: 'A repeated message is accepted again',
    file: 'core/mission/accept-message.ts',
    find: 'if (before !== undefined) return before;',
    replace: '',
    foundBy: 'versions',
  },
  {
    what: 'If-Match is ignored',
    file: 'core/mission/preconditions.ts',
    find: 'ifMatch === undefined || ifMatch === version\n',
    replace: 'ifMatch === undefined || ifMatch > 0\n',
    foundBy: 'versions',
  },
  {
    what: 'One recipient in five is forgotten',
    file: 'core/delivery/fan-out.ts',
    find: 'const wanting = subscribers.filter((subscriber) => wants(subscriber, entry));',
    replace: 'const wanting = subscribers.filter((subscriber) => wants(subscriber, entry) && Math.random() < 0.8);',
    foundBy: 'reliable',
  },
  {
    what: '$events lacks every fifth event',
    file: 'core/queries/subscription-events.ts',
    find: 'const notifications = await ports.notifications.range(subscription.id, from, to);',
    replace:
      'const notifications = (await ports.notifications.range(subscription.id, from, to)).filter(({ number }) => number % 5 !== 0);',
    foundBy: 'resumable',
  },
  {
    what: 'The number of events is that of some time ago',
    file: 'core/fhir/notification.ts',
    find: 'valueString: String(eventsSoFar(notice)) }',
    replace: 'valueString: String(Math.max(0, eventsSoFar(notice) - Math.floor(3 * Math.random()))) }',
    foundBy: 'bookmarkable',
  },
  {
    what: 'The signature leaves out the time',
    file: 'adapters/http/channel.ts',
    find: 'update(`${webhookId}.${seconds}.`)',
    replace: 'update(`${webhookId}.`)',
    foundBy: 'signed',
  },
];

export interface PlantedResult {
  readonly fault: PlantedFault;
  /** A violation of the named property. */
  readonly found?: Violation;
  /** Other properties that were violated. */
  readonly others: readonly string[];
  /** The line is not in the file once. */
  readonly isMissing?: true;
}

const notCopied = new Set(['node_modules', '.git', 'coverage', '.luftbro']);

/** Runs with different seeds before a fault counts as not found: a short run may not come to it. */
const attempts = 3;

const synthesise = async (folder: string): Promise<void> => {
  const child = spawn(process.execPath, ['infra/synth.ts'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`the stack was not synthesised: exit code ${child.exitCode}`);
};

const find = async (folder: string, fault: PlantedFault, seed: number): Promise<PlantedResult> => {
  const others = new Set<string>();
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const { violations } = await run({
      seed: seed + attempt,
      duration: 45_000,
      drainLimit: 20_000,
      file: join(folder, 'history.jsonl'),
      root: folder,
    });
    const found = violations.find(({ property }) => property === fault.foundBy);
    for (const { property } of violations) if (property !== fault.foundBy) others.add(property);
    if (found !== undefined) return { fault, found, others: [...others] };
  }
  return { fault, others: [...others] };
};

/** Plants each fault in turn, in a copy of the sources, and runs it. */
export const findPlanted = async (
  { seed, only }: { readonly seed: number; readonly only?: string | undefined },
  onResult: (result: PlantedResult) => void,
): Promise<void> => {
  const root = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), 'luftbro-planted-'));
  const onExit = (): void => rmSync(folder, { recursive: true, force: true });
  process.on('exit', onExit);
  try {
    for (const name of await readdir(root))
      if (!notCopied.has(name)) await cp(join(root, name), join(folder, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const fault of plantedFaults) {
      if (only !== undefined && !`${fault.foundBy} ${fault.what}`.includes(only)) continue;
      const path = join(folder, fault.file);
      const text = await readFile(path, 'utf8');
      if (text.split(fault.find).length !== 2) {
        onResult({ fault, others: [], isMissing: true });
        continue;
      }
      await writeFile(
        path,
        text.replace(fault.find, () => fault.replace),
      );
      await synthesise(folder);
      onResult(await find(folder, fault, seed));
      await writeFile(path, text);
    }
  } finally {
    process.off('exit', onExit);
    await rm(folder, { recursive: true, force: true });
  }
};
