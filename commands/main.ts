import type { Command } from './cli/command.ts';

/** `npm run hub -- <command> …`: what operators run. Each command loads its own code only. */

interface Listed {
  /** What the command does, in one line. */
  readonly about: string;
  readonly load: () => Promise<{ readonly run: Command }>;
}

const commands: Readonly<Record<string, Listed>> = {
  audit: {
    about: 'verify the log of reads, anchor it, or export the reads of one mission',
    load: () => import('./audit/command.ts'),
  },
  backup: {
    about: "export, verify and restore the hub's table; close and open the hub",
    load: () => import('./backup/command.ts'),
  },
  'dead-letters': {
    about: 'list, show, redrive or discard notifications that the hub has given up',
    load: () => import('./dead-letters/command.ts'),
  },
  directory: {
    about: 'check and load a directory file; print all phone numbers',
    load: () => import('./directory/command.ts'),
  },
  guideline: {
    about: 'check and load a version of the guideline',
    load: () => import('./guideline/command.ts'),
  },
  reconcile: {
    about: 'compare who had to be notified of each entry with the receipts',
    load: () => import('./reconcile/command.ts'),
  },
};

const names = Object.keys(commands);
const width = Math.max(...names.map((name) => name.length));

const usage = `Usage: npm run hub -- <command> …
${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`)
  .join('\n')}
How one is used: npm run hub -- <command> --help`;

const [name, ...args] = process.argv.slice(2);
const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command !== undefined) {
  const { run } = await command.load();
  process.exitCode = await run(args);
} else if (name === undefined || name === '--help') console.log(usage);
else {
  console.error(`Unknown command "${name}". Use ${names.join(', ')}.`);
  process.exitCode = 2;
}
