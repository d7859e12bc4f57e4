import type { Page } from '../mission/projections.ts';
import type { Notification } from './notifications.ts';

/** Anything the hub must do by a time. */
export type Obligation =
  | { readonly kind: 'deadline'; readonly mission: string; readonly task: string }
  | { readonly kind: 'fan-out'; readonly mission: string; readonly entry: number }
  | { readonly kind: 'delivery'; readonly subscription: string; readonly number: number }
  /** A handshake or a heartbeat; `due` is when it became due. */
  | { readonly kind: 'contact'; readonly subscription: string; readonly due: string }
  /** Of a kind that only a newer release can complete; `key` is the key of its item. */
  | { readonly kind: 'unknown'; readonly key: readonly [string, string] };

export interface Obligations {
  /** What is due: first the deadlines, which people are alerted about, then the rest, each longest due first. */
  due(now: string, limit: number): Promise<readonly Obligation[]>;
  /** Moves the time of an obligation, if it is still pending, so that one that cannot be completed now makes room for others. */
  postpone(obligation: Obligation, dueAt: string): Promise<void>;
}

/** A mission, and the entry by which it is checked for idleness. */
export interface IdleMission {
  readonly mission: string;
  readonly entry: number;
}

/** Subscription heads keep the last number of each mission; idle missions are removed from them, so that heads stay small. */
export interface IdleMissions {
  due(now: string, limit: number): Promise<readonly IdleMission[]>;
  /**
   * Removes the mission from the subscription's head, unless a later entry has a number. From then on a fan-out that knew an
   * entry as pending at `through` or before (milliseconds) gets no number for a mission that is not in the head.
   */
  forget(
    subscription: string,
    last: { readonly mission: string; readonly entry: number },
    through: number,
  ): Promise<void>;
  done(mission: IdleMission): Promise<void>;
  /** Checks the mission again at `dueAt`. */
  postpone(mission: IdleMission, dueAt: string): Promise<void>;
}

/** Notifications that the hub has given up: they stay in the index until an operator redrives or discards them. */
export interface DeadLetters {
  /** Those given up longest ago first. */
  list(limit: number, from?: string): Promise<Page<Notification>>;
  /** Makes it pending, as if it had never been tried. `false`: it is not among the dead letters. */
  redrive(subscription: string, number: number, at: string, dueAt: string): Promise<boolean>;
  /** Leaves it failed, and removes it from the dead letters. `false`: it is not among them. */
  discard(subscription: string, number: number, at: string): Promise<boolean>;
}
