import { createRequire } from 'node:module';
import { z } from 'zod';

/**
 * dynalite ends what it reads by `return`, which the iterators of abstract-level do not have. Never closed, each query would
 * keep its memory, and every file that it has seen on disk, until the host ends.
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
