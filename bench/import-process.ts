/** Imports one module in a new process and says how many milliseconds that took. */
const [, , url = ''] = process.argv;
const started = performance.now();
await import(url);
process.stdout.write(String(performance.now() - started));
// Whatever the module has opened does not hold the process up.
process.exit();
