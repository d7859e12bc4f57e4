import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIssuer } from '../../local/issuer/issuer.ts';
import { openPort } from '../../local/gateway/port.ts';
import { readDirectory } from '../../schemas/directory/read-directory.ts';
import { readGuideline } from '../../schemas/guideline.ts';
import { startHub } from '../../standalone/hub.ts';

/** A standalone hub for tests in a process of its own, with the sample directory. Arguments: folder, port, issuer's port, guideline, settings as JSON. */

const [folder = '', port = '', issuerPort = '', guideline = '', more = '{}'] = process.argv.slice(2);
const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const tokenIssuer = `http://localhost:${issuerPort}`;
const tokens = await openPort(Number(issuerPort), { variable: 'ISSUER_PORT' });
const issuer = await createIssuer({
  url: tokenIssuer,
  audience: 'luftbro',
  clientsFile: 'local/sample/clients.json',
  keyFile: join(folder, 'issuer-key.json'),
});
tokens.serve(issuer.listener);

const hub = await startHub(
  {
    folder,
    base: `http://localhost:${port}/fhir`,
    tokenIssuer,
    tokenAudience: 'luftbro',
    tokenBinding: 'optional',
    proofWindow: { back: 60, ahead: 10 },
    budgets: { seconds: 10, messages: 1_000_000, requests: 1_000_000 },
    endpointAllowList: 'http://localhost:*,http://127.0.0.1:*',
    deliveriesAtOnce: { quick: 10, slow: 6 },
    ...JSON.parse(more),
  },
  {
    port: Number(port),
    address: '127.0.0.1',
    first: async ({ directoryStore, guidelineStore }) => {
      const directory = readDirectory(json('local/sample/directory.json'));
      if ('faults' in directory) throw new Error(directory.faults.join('\n'));
      await directoryStore.save(directory.directory, Date.now);
      if (guideline === '') return;
      const version = readGuideline(json(guideline));
      if ('faults' in version) throw new Error(version.faults.join('\n'));
      await guidelineStore.save(version.guideline);
    },
  },
);
process.stdout.write('the hub is ready\n');
process.once('SIGTERM', () => {
  void Promise.all([hub.close(), tokens.close()]).then(() => process.exit(0));
});
