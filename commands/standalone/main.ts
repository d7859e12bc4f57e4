import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createIssuer } from '../../local/issuer/issuer.ts';
import { openPort } from '../../local/gateway/port.ts';
import { readDirectory } from '../../schemas/directory/read-directory.ts';
import { startHub } from '../../standalone/hub.ts';
import { commandLine, exitCodeOf } from '../cli/command-line.ts';

/** `npm run start:standalone`: runs the hub in one process on SQLite until Ctrl-C, with the sample directory and issuer. */

const project = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const { values, whole } = commandLine({
  usage: 'Usage: npm run start:standalone [-- --data-dir <folder>] [--port <port>] [--issuer-port <port>]',
  options: {
    'data-dir': { type: 'string', default: project('.luftbro-standalone') },
    port: { type: 'string', default: '3000' },
    'issuer-port': { type: 'string', default: '3001' },
  },
});

/** Loads the sample directory into a new database. */
const loadSample: NonNullable<Parameters<typeof startHub>[1]['first']> = async ({ directoryStore }) => {
  if ((await directoryStore.read()).data.parties.length > 0) return;
  const reading = readDirectory(JSON.parse(readFileSync(project('local/sample/directory.json'), 'utf8')));
  if ('faults' in reading) throw new Error(reading.faults.join('\n'));
  await directoryStore.save(reading.directory, Date.now);
};

const main = async (): Promise<number> => {
  const began = performance.now();
  const folder = values['data-dir'];
  const port = whole('port', values.port);
  const tokenPort = await openPort(whole('issuer-port', values['issuer-port']), { variable: '--issuer-port' });
  const tokenIssuer = `http://localhost:${tokenPort.number}`;
  const base = `http://localhost:${port}/fhir`;
  const hub = await startHub(
    {
      folder,
      base,
      tokenIssuer,
      tokenAudience: 'luftbro',
      // A token without a proof is enough to try the hub by hand.
      tokenBinding: 'optional',
      proofWindow: { back: 60, ahead: 10 },
      budgets: { seconds: 10, messages: 1_000_000, requests: 1_000_000 },
      endpointAllowList: 'http://localhost:*,http://127.0.0.1:*',
      deliveriesAtOnce: { quick: 32, slow: 16 },
    },
    { port, address: '127.0.0.1', first: loadSample },
  );
  const issuer = await createIssuer({
    url: tokenIssuer,
    audience: 'luftbro',
    clientsFile: project('local/sample/clients.json'),
    keyFile: join(folder, 'issuer-key.json'),
  });
  tokenPort.serve(issuer.listener);
  console.log(`${Math.round(performance.now() - began)} ms  hub ${base}, tokens ${tokenIssuer}\nCtrl-C stops the hub.`);
  const end = (): void => {
    void Promise.all([hub.close(), tokenPort.close()]).then(() => process.exit(0));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  return 0;
};

process.exitCode = await exitCodeOf(main(), (why) => why);
