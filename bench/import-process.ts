import { createRequire } from 'node:module';

/** Loads one module in a new process, as Lambda does, and prints how many milliseconds that took. */
const [, , file = ''] = process.argv;
const require = createRequire(import.meta.url);
const started = performance.now();
if (file.endsWith('.cjs')) require(file);
else await import(file);
process.stdout.write(String(performance.now() - started));
// Ends the process although the module may have opened handles.
process.exit();
