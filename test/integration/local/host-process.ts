import { startFixtureHost } from './fixture-host.ts';

/** A host in a process of its own, to be killed. Says its address when it is up. */
const [, , folder = ''] = process.argv;
const { host } = await startFixtureHost(folder);
process.stdout.write(`${host.origin}\n`);
