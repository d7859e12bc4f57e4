import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { whyOf } from '../../commands/cli/command-line.ts';
import { startHub } from '../support/hub.ts';
import { Collector } from './collect.ts';
import { besides, javaOptions, NotHere, run, workFolder } from './foreign-tools.ts';

/**
 * `npm run validate:hapi`: plays two whole missions on a hub of its own and gives every answer and notification to the official
 * validator of HAPI FHIR: R4, the definitions of the Subscriptions Backport guide, and what the hub publishes of itself. Ends
 * with 1 if there is an error; with 0 and "skipped" if this machine has no Java or cannot get the libraries.
 */

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const answers = join(workFolder, 'answers');
const definitions = join(workFolder, 'definitions');

const named = z.looseObject({ resourceType: z.string(), id: z.string() });

/** Writes what the hub answers; returns the number of files. */
const collect = async (): Promise<number> => {
  for (const folder of [answers, definitions]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  const hub = await startHub({ parameters: { BudgetRequests: '1000000', BudgetMessages: '1000000' } });
  try {
    const collector = new Collector(hub);
    for (const resource of await collector.published()) {
      const { resourceType, id } = named.parse(resource);
      await writeFile(join(definitions, `${resourceType}-${id}.json`), JSON.stringify(resource));
    }
    await collector.missions();
    for (const { name, text } of collector.collected) await writeFile(join(answers, `${name}.json`), text);
    return collector.collected.length;
  } finally {
    await hub.close();
  }
};

interface Finding {
  readonly severity: string;
  readonly file: string;
  readonly path: string;
  readonly message: string;
}

const findingsIn = (out: string): readonly Finding[] =>
  out.split('\n').flatMap((line) => {
    const [severity = '', file, path, message] = line.split('\t');
    return file === undefined || path === undefined || message === undefined ? [] : [{ severity, file, path, message }];
  });

const isError = ({ severity }: Finding): boolean => severity === 'error' || severity === 'fatal';

const main = async (): Promise<number> => {
  const options = await javaOptions();
  const count = await collect();
  say(`Collected ${count} answers and notifications in ${answers}`);
  const { code, out, errors } = await run('java', [
    ...options,
    besides('java/Validate.java'),
    answers,
    besides('definitions'),
    definitions,
  ]);
  const findings = findingsIn(out);
  const wrong = findings.filter(isError);
  for (const { severity, file, path, message } of wrong) say(`${severity} ${file} ${path}: ${message}`);
  const validated = Number(/^files\t(\d+)$/m.exec(out)?.[1] ?? 0);
  if (validated !== count || (code !== 0 && wrong.length === 0))
    throw new Error(`the validator did not end: ${errors}`);
  say(`HAPI FHIR validated ${validated} files: ${wrong.length} errors, ${findings.length - wrong.length} warnings.`);
  return wrong.length === 0 ? 0 : 1;
};

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof NotHere) say(`skipped: ${error.message}`);
  else {
    say(whyOf(error));
    process.exitCode = 1;
  }
}
