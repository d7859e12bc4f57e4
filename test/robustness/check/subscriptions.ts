import type { RecordOf, Settings } from '../history.ts';

/** A call without an answer may take effect up to this many milliseconds after it began, not later. */
const latestEffect = 60_000;

/** Settings, or the end, with the time in which they can be in force. */
interface Span {
  readonly settings: Settings | 'ended';
  /** The call that asks for them begins. */
  readonly from: number;
  /** A later call has replaced them for certain. */
  readonly until: number;
}

export interface Subscription {
  readonly id: string;
  readonly organisation: string;
  readonly calls: readonly RecordOf<'subscription'>[];
  /** It exists for certain since then. */
  readonly createdAt: number;
  /** No call has asked for its end. */
  readonly isOpen: boolean;
  /** Every setting that can be in force at some time from `from` to `to`; `absent` if it may not exist yet. */
  readonly possible: (from: number, to: number) => readonly (Settings | 'ended' | 'absent')[];
}

const spansOf = (calls: readonly RecordOf<'subscription'>[]): readonly Span[] => {
  const effective = calls
    .filter(({ outcome }) => outcome !== 'refused')
    .toSorted((one, other) => one.start - other.start);
  return effective.map((call, index) => {
    const replacedBy = effective.slice(index + 1).filter(({ outcome }) => outcome === 'ok');
    const replaced = Math.min(...replacedBy.map(({ end }) => end));
    return {
      settings: call.action === 'end' ? 'ended' : call.settings,
      from: call.start,
      until: call.outcome === 'ok' ? replaced : Math.max(replaced, call.start + latestEffect),
    };
  });
};

const subscriptionOf = (id: string, calls: readonly RecordOf<'subscription'>[]): readonly Subscription[] => {
  const [first] = calls;
  if (first === undefined) return [];
  const spans = spansOf(calls);
  const created = calls.filter(({ action, outcome }) => action === 'create' && outcome === 'ok').map(({ end }) => end);
  const createdAt = Math.min(...created);
  return [
    {
      id,
      organisation: first.organisation,
      calls,
      createdAt,
      isOpen: !calls.some(({ action, outcome }) => action === 'end' && outcome !== 'refused'),
      possible: (from, to) => [
        ...(createdAt > from ? ['absent' as const] : []),
        ...spans.filter((span) => span.from <= to && span.until >= from).map(({ settings }) => settings),
      ],
    },
  ];
};

/**
 * A creation without an answer has no id. The client repeats it with `If-None-Exist` for the same endpoint, so the earlier attempts
 * belong to the subscription whose id a later attempt for that endpoint learns.
 */
export const subscriptionsIn = (calls: readonly RecordOf<'subscription'>[]): ReadonlyMap<string, Subscription> => {
  const idOf = new Map(
    calls.flatMap(({ action, subscription, settings }) =>
      action === 'create' && subscription !== undefined ? [[settings.receiver, subscription]] : [],
    ),
  );
  const byId = new Map<string, RecordOf<'subscription'>[]>();
  for (const call of calls) {
    const id = call.subscription ?? idOf.get(call.settings.receiver);
    if (id === undefined) continue;
    const known = byId.get(id);
    if (known === undefined) byId.set(id, [call]);
    else known.push(call);
  }
  return new Map([...byId].flatMap(([id, own]) => subscriptionOf(id, own).map((one) => [id, one] as const)));
};
