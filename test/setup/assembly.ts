import { fileURLToPath } from 'node:url';
import { synthesise } from '../../infra/assembly.ts';

/** Vitest's global set-up of the layers that run the synthesised stack: made once before them, if its sources have changed. */
export const setup = (): void => {
  if (synthesise(fileURLToPath(new URL('../..', import.meta.url))) !== 0)
    throw new Error('The stack cannot be synthesised.');
};
