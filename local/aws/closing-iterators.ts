import { createRequire } from 'node:module';
import { z } from 'zod';

/**
 * Gives the iterators of abstract-level the `return` by which dynalite ends a read. Without it no iterator is closed, and each query
 * keeps its memory, and every file that it has read on disk, until the host ends.
 */

const level: unknown = createRequire(createRequire(import.meta.url).resolve('dynalite'))('abstract-level');

interface LevelIterator {
  close(): Promise<void>;
}

const iteratorClass = z.custom<{ readonly prototype: LevelIterator }>((one) => typeof one === 'function');
const iterators = z.object({ AbstractKeyIterator: iteratorClass, AbstractValueIterator: iteratorClass }).parse(level);

const close = function close(this: LevelIterator): Promise<void> {
  return this.close();
};
for (const { prototype } of Object.values(iterators)) Object.defineProperty(prototype, 'return', { value: close });
