import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, whyOf } from '../../commands/cli/command-line.ts';
import { type Emulator, installEmulator, NoEmulator, startEmulator } from './emulator.ts';
import { leaveOutUnknown } from './leave-out.ts';
import { isNotShown, notShown, whyNotRun } from './not-shown.ts';

/**
 * `npm run test:deployed [-- --stage test] [<names of e2e files>]`: starts an emulator of AWS, puts the stack of a stage (dev)
 * there by CDK, without what the emulator does not know, runs the end-to-end tests against it and takes it down. Ends with 0 and says why if this machine cannot run the emulator.
 */

const { values, positionals: wanted } = commandLine({
  usage: 'Usage: npm run test:deployed [-- [--stage <stage>] [<file in test/e2e> …]]',
  options: { stage: { type: 'string', default: 'dev' } },
  mostArguments: Number.POSITIVE_INFINITY,
});

const project = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(project, '.luftbro', 'deployed');
const report = join(project, 'deployed-report.json');
const assembly = join(folder, 'assembly');
const region = 'eu-north-1';
/** For what hangs. On two processors it takes four to six, and machines may be several times slower. */
const minutes = 40;

const started = performance.now();
const say = (text: string): void => {
  process.stdout.write(`${String(Math.round((performance.now() - started) / 1000)).padStart(4)} s  ${text}\n`);
};
const list = (title: string, lines: readonly string[]): void => {
  process.stdout.write(`\n${title}\n`);
  for (const line of lines) process.stdout.write(`  ${line}\n`);
};

/** The files of end-to-end tests, by whether they take the hub that they are given, and show something there. */
const suite = async () => {
  const files: string[] = [];
  const others: string[] = [];
  for (const name of (await readdir(join(project, 'test/e2e'))).toSorted()) {
    const file = `test/e2e/${name}`;
    const takesAny = /\b(startHub|openScene)\(/.test(await readFile(join(project, file), 'utf8'));
    (takesAny && !isNotShown(file) ? files : others).push(file);
  }
  return { files, others };
};

/** Ends everything that is running: the time limit has passed, or the user stops the run. */
const ending = new AbortController();

/** Runs a program of the project to its end. It never outlives this process. */
const run = async (
  env: Readonly<Record<string, string | undefined>>,
  shown: boolean,
  ...args: readonly string[]
): Promise<number> => {
  ending.signal.throwIfAborted();
  const child = spawn(process.execPath, args, {
    cwd: project,
    env,
    stdio: ['ignore', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  const kill = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
  };
  ending.signal.addEventListener('abort', kill);
  await once(child, 'exit');
  ending.signal.removeEventListener('abort', kill);
  ending.signal.throwIfAborted();
  const code = child.exitCode ?? 1;
  if (code !== 0) process.stderr.write(said);
  return code;
};

const must = async (what: string, env: Readonly<Record<string, string | undefined>>, ...args: readonly string[]) => {
  say(what);
  if ((await run(env, false, ...args)) !== 0) throw new Error(`${what} failed`);
};

const main = async (): Promise<number> => {
  await rm(report, { force: true });
  await mkdir(folder, { recursive: true });
  say('install ministack');
  const programs = await installEmulator(folder);

  // Nothing of an account that somebody uses on this machine is known to what runs here.
  const environment: Record<string, string | undefined> = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name)),
  );
  say('start ministack');
  let emulator: Emulator | undefined;
  try {
    emulator = await startEmulator({ folder, programs, region, environment });
    const env = {
      ...environment,
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      DEPLOYED_ASSEMBLY: assembly,
    };
    const cdk = 'node_modules/aws-cdk/bin/cdk';
    await must(
      'cdk synth',
      env,
      cdk,
      'synth',
      '--quiet',
      '-c',
      `stage=${values.stage}`,
      '-c',
      'access=public',
      '--output',
      assembly,
    );
    const leftOut = await leaveOutUnknown(assembly);
    await must('cdk bootstrap', env, cdk, 'bootstrap', '--app', assembly, `aws://000000000000/${region}`);
    say('each file of tests deploys the stack, uses it, and destroys it');
    const { files, others } = await suite();
    const reporters = ['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${report}`];
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/deployed/vitest.config.ts'];
    const code = await run(env, true, ...vitest, ...reporters, ...(wanted.length > 0 ? wanted : files));
    list('Not run on the deployed stack:', others.map(whyNotRun));
    if (leftOut.length > 0)
      list('Left out of the stack, since the CloudFormation of the emulator does not know it:', leftOut);
    list('What this emulator cannot show:', notShown);
    return code;
  } finally {
    await emulator?.stop();
    say('ministack has ended');
  }
};

const end = (why: string) => () => ending.abort(new Error(why));
process.on('SIGINT', end('interrupted'));
process.on('SIGTERM', end('ended'));
setTimeout(end(`not done within ${minutes} minutes`), minutes * 60_000).unref();

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof NoEmulator) process.stdout.write(`skipped: ${error.message}\n`);
  else {
    process.stderr.write(`${whyOf(error)}\n`);
    process.exitCode = 1;
  }
}
