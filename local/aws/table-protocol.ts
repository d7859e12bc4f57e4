import { z } from 'zod';
import type { KeyUse, Permissions } from './permissions.ts';

/** Messages between the host and the thread with the tables. */

export type TableOrder =
  | {
      readonly kind: 'permissions';
      readonly permissions: Permissions;
      readonly tableArnPrefix: string;
      /** The keys that encrypt tables, by the tables' names. */
      readonly keys: Readonly<Record<string, KeyUse>>;
    }
  | { readonly kind: 'close' };

export const tableReport = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('listening'), port: z.int() }),
  z.object({ kind: z.literal('threw'), message: z.string() }),
  /** The database cannot be opened at the start. */
  z.object({ kind: z.literal('not-opened'), code: z.string(), message: z.string() }),
  /** Whether writes are refused, because the disk is full or has refused one, and why. */
  z.object({ kind: z.literal('disk'), refuses: z.boolean(), message: z.string() }),
  z.object({ kind: z.literal('denied'), message: z.string() }),
]);
export type TableReport = z.output<typeof tableReport>;
