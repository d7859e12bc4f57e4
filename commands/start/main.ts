import { commandLine, exitCodeOf } from '../cli/command-line.ts';
import { type Host, startHost } from '../../local/host.ts';
import { hubOptions } from '../cli/hub-target.ts';

/** `npm start`: runs the hub on this machine until Ctrl-C. */

const portOf = (variable: string, otherwise: number): number => {
  const given = process.env[variable];
  if (given === undefined) return otherwise;
  const port = Number(given);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${variable}=${given} is not a port number.`);
  return port;
};

/** Budgets of a client, to try them out: the host's own are too large to be reached. */
const budgets = {
  BudgetSeconds: 'LUFTBRO_BUDGET_SECONDS',
  BudgetMessages: 'LUFTBRO_BUDGET_MESSAGES',
  BudgetRequests: 'LUFTBRO_BUDGET_REQUESTS',
};

const givenBudgets = (): Readonly<Record<string, string>> => {
  const variables = Object.values(budgets);
  // A misspelt name would leave the budget at the host's own.
  const unknown = Object.keys(process.env).find(
    (name) => name.startsWith('LUFTBRO_BUDGET_') && !variables.includes(name),
  );
  if (unknown !== undefined) throw new Error(`Unknown variable ${unknown}. Use ${variables.join(', ')}.`);
  return Object.fromEntries(
    Object.entries(budgets).flatMap(([parameter, variable]) => {
      const given = process.env[variable];
      if (given === undefined) return [];
      if (!/^[1-9]\d{0,8}$/.test(given)) throw new Error(`${variable}=${given} is not a whole number from 1.`);
      return [[parameter, given]];
    }),
  );
};

const firstSteps = ({ url, origin, issuerUrl, dataDir }: Host): string => `
Play a mission in a browser: ${origin}/docs
Press "Let every party listen here" before the first message. Otherwise the hub reports unreachable parties in the mission, and later examples are refused.

Then send the first message there, or here (bash, in this folder):

  curl -i ${url}/\\$process-message \\
    -H "Authorization: Bearer $(curl -s ${issuerUrl}/token -d grant_type=client_credentials -d client_id=amk-innlandet | node -p 'JSON.parse(require("fs").readFileSync(0)).access_token')" \\
    -H 'Content-Type: application/fhir+json' \\
    -d @partner/examples/mission-request.json

To start with an empty hub: Ctrl-C, delete ${dataDir}, start again.
`;

const { values } = commandLine({
  usage: 'Usage: npm start [-- --data-dir <folder>]',
  options: { 'data-dir': hubOptions['data-dir'] },
});

const main = async (): Promise<number> => {
  const started = performance.now();
  const host = await startHost({
    port: portOf('PORT', 3000),
    issuerPort: portOf('ISSUER_PORT', 3001),
    parameters: givenBudgets(),
    logToTerminal: process.env['LUFTBRO_LOG'] === 'stdout',
    progress: (what) => console.log(`${String(Math.round(performance.now() - started)).padStart(6)} ms  ${what}`),
    dataDir: values['data-dir'],
  });
  console.log(firstSteps(host));
  console.log(`The functions' log: ${host.logFile}\nCtrl-C stops the hub; accepted messages are kept.`);

  let ending = false;
  const end = (): void => {
    // A second Ctrl-C ends the process at once.
    if (ending) process.exit(130);
    ending = true;
    host.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  return 0;
};

process.exitCode = await exitCodeOf(main(), (why) => why);
