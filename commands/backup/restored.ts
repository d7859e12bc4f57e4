import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Closure } from '../../adapters/dynamodb/directory-store.ts';
import { keys, owed } from '../../adapters/dynamodb/table.ts';
import type { NumberGap } from '../../core/delivery/subscription.ts';
import { type Item, textOf } from './items.ts';

/** What a restore changes in the items it writes, so that nothing that was said after the backup is mistaken for what is said next. */
export interface Restore {
  /** When it began, ISO 8601. One that is begun again after a break has the same. */
  readonly at: string;
  readonly closure: Closure;
  /** Nothing was accepted or told after the backup was made: contents stay as they are. */
  readonly exact: boolean;
}

const isHead = (item: Item): boolean => textOf(item, 'pk').startsWith('SUBSCRIPTION#') && textOf(item, 'sk') === 'HEAD';
const isNotification = (item: Item): boolean =>
  textOf(item, 'pk').startsWith('SUBSCRIPTION#') && textOf(item, 'sk').startsWith('NOTE#');
export const isDirectory = (item: Item): boolean =>
  textOf(item, 'pk') === keys.directory.pk && textOf(item, 'sk') === keys.directory.sk;

const without = (item: Item, ...names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)));

/**
 * Numbers go on from the seconds since then. Later restores go on from higher numbers whatever was given in between, as long
 * as a subscription gets less than one a second, and nine digits last until 2057.
 */
const numbersBegin = Date.parse('2026-01-01T00:00:00Z');

/**
 * Numbers after the last one of the backup may have been given to events that are lost: they are never given again.
 * The endpoint is asked anew, and the handshake tells its owner of the gap.
 */
const restoredHead = (item: Item, at: string): Item => {
  const after = Number(item['lastNumber']?.N ?? '0');
  const lastNumber = Math.max(after + 1, Math.floor((Date.parse(at) - numbersBegin) / 1000));
  const before: readonly NumberGap[] = JSON.parse(textOf(item, 'gaps') || '[]');
  const gaps: readonly NumberGap[] = [...before, { after, next: lastNumber + 1, at }];
  const { obligation, dueAt } = owed({ pk: textOf(item, 'pk'), sk: textOf(item, 'sk') }, at);
  const changed: Record<string, AttributeValue> = {
    status: { S: 'requested' },
    failures: { N: '0' },
    lastNumber: { N: String(lastNumber) },
    gaps: { S: JSON.stringify(gaps) },
    obligation: { S: obligation },
    dueAt: { S: dueAt },
  };
  return { ...without(item, 'failingSince', 'retryAt', 'error'), ...changed };
};

/** The time in which it was tried is over, and the endpoint had no part in that: it is tried as if for the first time. */
const restoredNotification = (item: Item, at: string): Item => ({
  ...without(item, 'firstTriedAt', 'warned'),
  attempts: { N: '0' },
  redrivenAt: { S: at },
});

const closedText = (closure: Closure): AttributeValue => ({ S: JSON.stringify(closure) });

/** An item as a restore writes it. The hub stays closed until somebody opens it. */
export const restored = (item: Item, { at, closure, exact }: Restore): Item => {
  if (isDirectory(item)) return { ...item, closed: closedText(closure) };
  if (exact) return item;
  if (isHead(item) && textOf(item, 'status') !== 'off') return restoredHead(item, at);
  if (isNotification(item) && textOf(item, 'status') === 'pending') return restoredNotification(item, at);
  return item;
};
