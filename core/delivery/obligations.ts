/** Something owed whose time has come. */

import type { Page } from '../mission/projections.ts';
import type { Notification } from './notifications.ts';

export type Obligation =
  | { readonly kind: 'deadline'; readonly mission: string; readonly task: string }
  | { readonly kind: 'fan-out'; readonly mission: string; readonly entry: number }
  | { readonly kind: 'delivery'; readonly subscription: string; readonly number: number }
  /** A handshake or a heartbeat; `due` says for when it was owed. */
  | { readonly kind: 'contact'; readonly subscription: string; readonly due: string }
  /** Of a kind that only a newer release can pay; `key` is where it stands. */
  | { readonly kind: 'unknown'; readonly key: readonly [string, string] };
export interface Obligations {
  /** What is due: first the deadlines that people must be told of, then the rest, each longest due first. */
  due(now: string, limit: number): Promise<readonly Obligation[]>;
  /** Moves an obligation's time, if it is still owed, so that one that cannot be paid now makes room for others. */
  postpone(obligation: Obligation, dueAt: string): Promise<void>;
}

/** A mission, and the entry of it that waits to see whether it rests. */
export interface IdleMission {
  readonly mission: string;
  readonly entry: number;
}

/** Numbering is kept per mission in the subscriptions' heads; missions that rest are dropped from them, or the heads would grow for ever. */
export interface IdleMissions {
  due(now: string, limit: number): Promise<readonly IdleMission[]>;
  /**
   * Drops the mission from the subscription's head, unless a later entry has been numbered. From then on nobody numbers there
   * a mission without a place who has read its entry at `through` or before (milliseconds).
   */
  forget(
    subscription: string,
    last: { readonly mission: string; readonly entry: number },
    through: number,
  ): Promise<void>;
  done(retirement: IdleMission): Promise<void>;
  /** Looks at the mission again then. */
  postpone(retirement: IdleMission, dueAt: string): Promise<void>;
}

/** Notifications that the hub has given up: they stand in the index until somebody has them tried again or puts them away. */
export interface DeadLetters {
  /** Those given up longest ago first. */
  list(limit: number, from?: string): Promise<Page<Notification>>;
  /** Owed again, as if never tried; `false` if it is not among the dead letters. */
  redrive(subscription: string, number: number, at: string, dueAt: string): Promise<boolean>;
  /** Stays failed, and nobody need look at it any more; `false` if it is not among the dead letters. */
  discard(subscription: string, number: number, at: string): Promise<boolean>;
}
