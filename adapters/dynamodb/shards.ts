import { hash } from 'node:crypto';

/**
 * The partitions of the obligations index. One partition of an index takes 1 000 writes a second, and one that refuses them stops the
 * writes of the table too. So each kind of obligation has several: its shards. An item is in the shard that a digest of its whole key
 * gives, so the items of one mission or subscription are spread too.
 */

/** `pending`: fan-outs, notifications, calls of endpoints. `deadline`: Tasks that wait for a human. `failed`: dead letters, which are never due. */
export type ShardKind = 'pending' | 'deadline' | 'failed';

/** Numbers of shards of each kind, from `fewestShards` to `mostShards`. */
export interface Shards {
  /** Those that new items get. */
  readonly written: number;
  /** Those that are looked at: at least as many as were ever written, or what is in the others is never found. */
  readonly read: number;
}

export const fewestShards = 8;
export const mostShards = 64;

/**
 * For those who do not know the setting of the hub, such as a command: every hub reads what they write, and they read what any hub
 * has written.
 */
export const shardsOfAnyHub: Shards = { written: fewestShards, read: mostShards };

/** As `Key` of the table. */
interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** Attributes that put an item into the sparse obligations index. */
export interface ObligationAttributes {
  readonly obligation: string;
  readonly dueAt: string;
}

const shardOf = (kind: ShardKind, { pk, sk }: ItemKey, { written }: Shards): string => {
  const digest = hash('sha256', `${pk} ${sk}`, 'buffer');
  return `${kind}#${digest.readUInt32BE() % written}`;
};

/** The attributes of an obligation of the kind, due at a time, ISO 8601. */
export const obligationAt = (
  { shards = shardsOfAnyHub }: { readonly shards?: Shards | undefined },
  kind: ShardKind,
  key: ItemKey,
  dueAt: string,
): ObligationAttributes => ({ obligation: shardOf(kind, key, shards), dueAt });

/** The shards of a kind that are read. */
export const shardsOf = (
  { shards = shardsOfAnyHub }: { readonly shards?: Shards | undefined },
  kind: ShardKind,
): readonly string[] => Array.from({ length: shards.read }, (_, number) => `${kind}#${number}`);

/** Beginning of the names of a kind's shards, for conditions. */
export const prefixOf = (kind: ShardKind): string => `${kind}#`;

/** Whether the value of `obligation` is of the kind. */
export const isOfKind = (kind: ShardKind, obligation: unknown): boolean =>
  typeof obligation === 'string' && obligation.startsWith(prefixOf(kind));

/** The shard in which every hub finds the item: its own may be beyond those that another hub reads. */
export const shardForAnyHub = (key: ItemKey, obligation: string): string => {
  const kind = (['pending', 'deadline', 'failed'] as const).find((one) => isOfKind(one, obligation));
  return kind === undefined ? obligation : shardOf(kind, key, shardsOfAnyHub);
};
