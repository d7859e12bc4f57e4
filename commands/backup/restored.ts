import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Closure } from '../../adapters/party-directory.ts';
import { obligationAt, shardForAnyHub, shardsOfAnyHub } from '../../adapters/dynamodb/shards.ts';
import { type Key, keys } from '../../adapters/dynamodb/table.ts';
import type { AnchorState } from '../../core/audit/anchors.ts';
import type { NumberGap } from '../../core/delivery/subscription.ts';
import { defined } from '../../schemas/defined.ts';
import { type Item, textOf } from './items.ts';

/** How a restore changes the items it writes, so that nothing sent after the backup is confused with what is sent after the restore. */
export interface Restore {
  /** When it began, ISO 8601. An interrupted restore keeps it when it is run again. */
  readonly at: string;
  readonly closure: Closure;
  /** The state that the backup has, ISO 8601. */
  readonly asOf: string;
  /** Nothing was accepted or delivered after the backup was made: items are written as they were, but for the shard of an obligation. */
  readonly exact: boolean;
  /** The last number of each subscription that is taken in the backup. */
  readonly newest: ReadonlyMap<string, number>;
}

const isHead = (item: Item): boolean => textOf(item, 'pk').startsWith('SUBSCRIPTION#') && textOf(item, 'sk') === 'HEAD';
const isNotification = (item: Item): boolean =>
  textOf(item, 'pk').startsWith('SUBSCRIPTION#') && textOf(item, 'sk').startsWith('NOTE#');
export const isDirectory = (item: Item): boolean =>
  textOf(item, 'pk') === keys.directory.pk && textOf(item, 'sk') === keys.directory.sk;

export const isAnchorState = (item: Item): boolean =>
  textOf(item, 'pk') === keys.nightly('ANCHORS').pk && textOf(item, 'sk') === keys.nightly('ANCHORS').sk;

const without = (item: Item, ...names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));

const keyOf = (item: Item): Key => ({ pk: textOf(item, 'pk'), sk: textOf(item, 'sk') });

/** The hub that reads the table may have fewer shards than the one that wrote the backup. */
const inShardForAnyHub = (item: Item): Item =>
  item['obligation']?.S === undefined
    ? item
    : { ...item, obligation: { S: shardForAnyHub(keyOf(item), item['obligation'].S) } };

/**
 * Event numbers continue from the seconds since then. A later restore continues from a higher number than any that was given in
 * between, as long as a subscription gets less than one event a second. Nine digits last until 2057.
 */
const numbersBegin = Date.parse('2026-01-01T00:00:00Z');

/**
 * Numbers after the last one of the backup may have been given to events that are lost: they are never given again. An item that
 * is no notification takes the number from which the hub continues, because each number is given after the one before it was seen.
 * The subscription needs a new handshake, and the handshake reports the gap to its owner.
 */
const restoredHead = (item: Item, { at, newest }: Restore): readonly Item[] => {
  const id = textOf(item, 'pk').slice('SUBSCRIPTION#'.length);
  const after = newest.get(id) ?? 0;
  const last = Math.max(after + 1, Math.floor((Date.parse(at) - numbersBegin) / 1000));
  const { pk, sk } = keys.notification(id, last);
  const before: readonly NumberGap[] = JSON.parse(textOf(item, 'gaps') || '[]');
  const gaps: readonly NumberGap[] = [...before, { after, next: last + 1, at }];
  const { obligation, dueAt } = obligationAt({ shards: shardsOfAnyHub }, 'pending', keyOf(item), at);
  const changed: Record<string, AttributeValue> = {
    status: { S: 'requested' },
    failures: { N: '0' },
    gaps: { S: JSON.stringify(gaps) },
    obligation: { S: obligation },
    dueAt: { S: dueAt },
  };
  return [
    { ...without(item, 'failingSince', 'retryAt', 'error'), ...changed },
    { pk: { S: pk }, sk: { S: sk }, restoredAt: { S: at } },
  ];
};

/** The time for its attempts is over, but not because of the endpoint: attempts are counted from zero. */
const restoredNotification = (item: Item, at: string): Item => ({
  ...without(item, 'firstTriedAt', 'warned'),
  attempts: { N: '0' },
  redrivenAt: { S: at },
});

/**
 * The state of the anchors, made if the backup has none: the next anchor names all chains and says that records are lost. With an
 * exact restore none are.
 */
export const restoredAnchorState = (item: Item | undefined, { at, asOf, exact }: Restore): Item => {
  const before: AnchorState = item === undefined ? { leasedUntil: 0 } : JSON.parse(textOf(item, 'state'));
  const { pk, sk } = keys.nightly('ANCHORS');
  const after: AnchorState = {
    leasedUntil: 0,
    ...defined({ newest: before.newest }),
    restored: { at, asOf: exact ? at : asOf },
  };
  return { pk: { S: pk }, sk: { S: sk }, state: { S: JSON.stringify(after) } };
};

/** The item without the hub's closure. */
export const withoutClosure = (item: Item): Item => (isDirectory(item) ? without(item, 'closed') : item);

const closedText = (closure: Closure): AttributeValue => ({ S: JSON.stringify(closure) });

/** What a restore writes for an item. The hub stays closed until an operator opens it. */
export const restored = (backedUp: Item, restore: Restore): readonly Item[] => {
  const { at, closure, exact } = restore;
  const item = inShardForAnyHub(backedUp);
  if (isDirectory(item)) return [{ ...item, closed: closedText(closure) }];
  if (exact) return [item];
  if (isHead(item) && textOf(item, 'status') !== 'off') return restoredHead(item, restore);
  if (isNotification(item) && textOf(item, 'status') === 'pending') return [restoredNotification(item, at)];
  return [item];
};
