import { fileURLToPath } from 'node:url';
import { synthesise } from './assembly.ts';

/** `npm run synth [-- <options of cdk synth>]`: writes the stack to `cdk.out/`; without options only if its sources have changed. */

process.exitCode = synthesise(fileURLToPath(new URL('..', import.meta.url)), process.argv.slice(2));
