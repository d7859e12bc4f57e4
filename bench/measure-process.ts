import { measureCpu } from './cpu.ts';
import { measureGrowth } from './growth.ts';
import { settings } from './measure-protocol.ts';

/** One part of the bench in a separate process: its processor time is that of the handlers, and so is its output. */

const [, , given = ''] = process.argv;
const wanted = settings.parse(JSON.parse(given));
const results = wanted.part === 'cpu' ? await measureCpu(wanted) : await measureGrowth(wanted);
process.send?.(results);
process.disconnect();
process.exit();
