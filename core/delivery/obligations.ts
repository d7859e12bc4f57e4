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
