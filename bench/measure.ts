import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  cpuResults,
  type CpuResults,
  type CpuSettings,
  growthResults,
  type GrowthResults,
  type GrowthSettings,
} from './measure-protocol.ts';

/** Runs a part in a separate process with the environment of the functions. */
const inProcess = (settings: CpuSettings | GrowthSettings): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./measure-process.ts', import.meta.url)), [JSON.stringify(settings)], {
      execArgv: [],
      // Each call writes a log line, as on Lambda; it is not read here.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '--enable-source-maps', AWS_LAMBDA_FUNCTION_NAME: 'bench' },
    });
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)));
  });

export const cpu = async (settings: Omit<CpuSettings, 'part'>): Promise<CpuResults> =>
  cpuResults.parse(await inProcess({ part: 'cpu', ...settings }));

export const growth = async (settings: Omit<GrowthSettings, 'part'>): Promise<GrowthResults> =>
  growthResults.parse(await inProcess({ part: 'growth', ...settings }));
