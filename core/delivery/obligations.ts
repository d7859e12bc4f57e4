/** Anything the hub must do by a time. */
export type Obligation =
  | { readonly kind: 'deadline'; readonly mission: string; readonly task: string }
  | { readonly kind: 'fan-out'; readonly mission: string; readonly entry: number }
  | { readonly kind: 'delivery'; readonly subscription: string; readonly number: number }
  /** A handshake or a heartbeat; `due` is when it became due. */
  | { readonly kind: 'contact'; readonly subscription: string; readonly due: string }
  /** Of a kind that only a newer release can complete; `key` is the key of its item. */
  | { readonly kind: 'unknown'; readonly key: readonly [string, string] };

/** An obligation, and when it is due, ISO 8601. */
export interface PlannedObligation {
  readonly obligation: Obligation;
  readonly dueAt: string;
}

/** What has not reached everybody yet. */
export interface Undelivered {
  readonly count: number;
  /** When the oldest was stored, or redriven, ISO 8601; absent if there is none. */
  readonly since?: string;
}

export interface Obligations {
  /** What is due: first the deadlines, which people are alerted about, then the rest, each longest due first. */
  due(now: string, limit: number): Promise<readonly Obligation[]>;
  /** What is planned for after a time, farthest ahead first: a clock that was ahead plans too late. */
  dueAfter(time: string, limit: number): Promise<readonly PlannedObligation[]>;
  /** The messages whose fan-out is pending and the pending notifications, due or not. */
  undelivered(): Promise<Undelivered>;
  /** Moves the time of an obligation, if it is still pending, so that one that cannot be completed now makes room for others. */
  postpone(obligation: Obligation, dueAt: string): Promise<void>;
}
