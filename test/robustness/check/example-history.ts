import type { HistoryRecord, Message, RecordOf } from '../history.ts';

/** Histories that keep every property, made by a hub of a few lines: what the checker must find nothing in. */

export const amk = '311000012';
const la = '312000016';
export const mission = '00000000-0000-4000-8000-000000000001';

/** An update, and what happens to it. */
export interface Step {
  readonly sender: 'amk' | 'la';
  /**
   * - `repeated`: answered twice.
   * - `answer lost`: no answer at first, the first answer when it is sent again.
   * - `stored`, `lost`: never answered, and in the log or not.
   */
  readonly fate: 'ok' | 'repeated' | 'answer lost' | 'stored' | 'lost' | 'refused' | 'if-match' | 'conflict';
  /** Attempts that its receiver does not answer before the one that it answers 200. */
  readonly failures: number;
  /** Receipts after the first 200, because the hub died before it recorded the answer. */
  readonly duplicates: number;
}

const clients = { amk: 'amk-innlandet', la: 'amk-la-oslo' } as const;
const organisations = { amk, la } as const;
const other = { amk: 'la', la: 'amk' } as const;
/** The subscription of each party. */
export const subscriptionOf = { amk: 's-amk', la: 's-la' } as const;

export const exampleHistory = (steps: readonly Step[]): readonly HistoryRecord[] => {
  const records: HistoryRecord[] = [];
  const entries: { readonly version: number; readonly event: string; readonly sender: string }[] = [];
  const numbers = { amk: 0, la: 0 };
  const events: Record<'amk' | 'la', RecordOf<'events'>['events']> = { amk: [], la: [] };
  const receipts: RecordOf<'receipts'>['receipts'] = [];
  /** The number that the follower of each subscription asks for next. */
  const next = { amk: 1, la: 1 };
  let clock = 0;
  const tick = (): number => {
    clock += 10;
    return clock;
  };
  const by = (who: 'amk' | 'la', outcome: 'ok' | 'refused' | 'unknown' = 'ok') => ({
    start: tick(),
    end: tick(),
    client: clients[who],
    organisation: organisations[who],
    outcome,
  });
  const send = (who: 'amk' | 'la', message: Message, more: Partial<RecordOf<'send'>>): void => {
    records.push({ record: 'send', ...by(who, more.outcome), message, mission, ...more });
  };
  const read = (who: 'amk' | 'la'): void => {
    records.push({ record: 'read', ...by(who), mission, version: entries.length });
  };
  const page = (who: 'amk' | 'la', since: number, reader: string): void => {
    const last = numbers[who];
    records.push({
      record: 'events',
      ...by(who),
      subscription: subscriptionOf[who],
      since,
      reader,
      events: events[who].filter(({ number }) => number >= since),
      last,
      more: false,
    });
  };
  const store = (who: 'amk' | 'la', event: string): number => {
    entries.push({ version: entries.length + 1, event, sender: organisations[who] });
    return entries.length;
  };
  const notify = (who: 'amk' | 'la', message: Message, version: number, { failures, duplicates }: Step): void => {
    numbers[who] += 1;
    const number = numbers[who];
    const subscription = subscriptionOf[who];
    events[who].push({ number, mission, version });
    const answers = [...Array<'none'>(failures).fill('none'), ...Array<200>(1 + duplicates).fill(200)];
    for (const answered of answers)
      records.push({
        record: 'received',
        start: tick(),
        end: tick(),
        receiver: `${who} receiver`,
        subscription,
        webhookId: `${subscription}.${number}`,
        type: 'event-notification',
        signature: 'good',
        last: number,
        event: { number, mission, version, message: message.id, event: message.event, parts: message.parts },
        answered,
      });
    receipts.push({ subscription, number, version, organisation: organisations[who], status: 'completed' });
    records.push({ record: 'status', ...by(who), subscription, state: 'active', last: number });
  };

  records.push({
    record: 'run',
    seed: 1,
    startedAt: '2026-12-01T00:00:00.000Z',
    parties: [
      { organisation: amk, role: 'local-amk' },
      { organisation: la, role: 'amk-la' },
    ],
  });
  for (const who of ['amk', 'la'] as const)
    records.push({
      record: 'subscription',
      ...by(who),
      action: 'create',
      subscription: subscriptionOf[who],
      settings: { receiver: `${who} receiver`, content: 'full-resource' },
    });
  const request = { id: 'request', event: 'mission-request', receiver: la, priority: 'stat', parts: { 'urn:a': 'A' } };
  send('amk', request, { version: store('amk', 'mission-request') });
  notify('la', request, 1, { sender: 'amk', fate: 'ok', failures: 0, duplicates: 0 });

  for (const [index, step] of steps.entries()) {
    const { sender, fate } = step;
    const newest = entries.length;
    const asked = { 'if-match': newest, conflict: newest - 1 };
    const message: Message = {
      id: `update-${index}`,
      event: 'mission-update',
      mission,
      ...(fate === 'if-match' || fate === 'conflict' ? { ifMatch: asked[fate] } : {}),
      parts: { 'urn:b': `B${index}`, 'urn:c': `C${index}` },
    };
    if (fate === 'refused') send(sender, message, { outcome: 'refused', status: 409, fault: 'illegal-transition' });
    if (fate === 'conflict')
      send(sender, message, { outcome: 'refused', status: 412, fault: 'version-conflict', version: newest });
    if (fate === 'lost' || fate === 'stored' || fate === 'answer lost') send(sender, message, { outcome: 'unknown' });
    if (fate === 'refused' || fate === 'conflict' || fate === 'lost') continue;
    const version = store(sender, 'mission-update');
    if (fate !== 'stored') send(sender, message, { version });
    if (fate === 'repeated') send(sender, message, { version });
    notify(other[sender], message, version, step);
    read(sender);
    page(other[sender], next[other[sender]], 'follower');
    next[other[sender]] = numbers[other[sender]] + 1;
  }

  for (const who of ['amk', 'la'] as const) page(who, 1, 'final');
  records.push({ record: 'log', ...by('la'), mission, entries: [...entries] });
  records.push({ record: 'receipts', ...by('la'), mission, receipts });
  records.push({ record: 'end', at: tick(), drained: true });
  return records;
};
