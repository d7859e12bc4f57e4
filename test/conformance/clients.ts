import { fileURLToPath } from 'node:url';
import { whyOf } from '../../commands/cli/command-line.ts';
import { startHub } from '../support/hub.ts';
import { openEndpoint } from '../support/partners.ts';
import { besides, javaOptions, NotHere, type Output, python, run } from './foreign-tools.ts';

/**
 * `npm run test:clients`: the documented uses of the hub by foreign clients as they are, each on a hub of its own: the generic
 * client of HAPI FHIR (Java), and fhirpy (Python). Ends with 1 if a use fails; a client that cannot be had here is skipped.
 */

const examples = fileURLToPath(new URL('../../partner/examples', import.meta.url));

interface ForeignClient {
  readonly name: string;
  /** Makes the client ready; returns how it is run. */
  readonly prepare: () => Promise<(...args: readonly string[]) => Promise<Output>>;
}

const clients: readonly ForeignClient[] = [
  {
    name: 'HAPI FHIR',
    prepare: async () => {
      const options = await javaOptions();
      return (...args) => run('java', [...options, besides('java/Client.java'), ...args]);
    },
  },
  {
    name: 'fhirpy',
    prepare: async () => {
      const program = await python();
      return (...args) => run(program, [besides('fhirpy_client.py'), ...args]);
    },
  },
];

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Whether every use works. */
const tryOn = async (start: (...args: readonly string[]) => Promise<Output>, name: string): Promise<boolean> => {
  const hub = await startHub();
  const endpoint = await openEndpoint();
  try {
    const { code, out, errors } = await start(hub.url, hub.issuerUrl, examples, endpoint.url);
    for (const line of out.split('\n').filter((one) => one !== '')) say(`${name} ${line.replaceAll('\t', ' ')}`);
    if (code !== 0 && !out.includes('fails\t')) say(`${name} ended with ${code}: ${errors}`);
    return code === 0;
  } finally {
    await endpoint.close();
    await hub.close();
  }
};

for (const { name, prepare } of clients) {
  try {
    const start = await prepare();
    if (!(await tryOn(start, name))) process.exitCode = 1;
  } catch (error) {
    if (error instanceof NotHere) say(`${name} skipped: ${error.message}`);
    else {
      say(`${name}: ${whyOf(error)}`);
      process.exitCode = 1;
    }
  }
}
