import { createRequire } from 'node:module';

/** Loads one module in a new process, as Lambda does, and says how many milliseconds that took. */
const [, , file = ''] = process.argv;
const require = createRequire(import.meta.url);
const started = performance.now();
if (file.endsWith('.cjs')) require(file);
else await import(file);
process.stdout.write(String(performance.now() - started));
// Whatever the module has opened does not hold the process up.
process.exit();
