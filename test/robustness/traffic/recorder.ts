import { createWriteStream, mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { dirname } from 'node:path';
import type { HistoryRecord, Outcome } from '../history.ts';

/** Counts for the progress line and the report. */
export interface Counts {
  readonly calls: Record<Outcome, number>;
  readonly faults: Record<string, number>;
  /** Answers that accept a message. */
  accepted: number;
  notifications: number;
  duplicates: number;
}

export interface Recorder {
  readonly file: string;
  /** Milliseconds since the run began. */
  readonly now: () => number;
  readonly write: (record: HistoryRecord) => void;
  readonly counts: Counts;
  /** Resolves when the next record of this kind is written. */
  readonly next: (kind: HistoryRecord['record']) => Promise<void>;
  readonly close: () => Promise<void>;
}

export const openRecorder = (file: string): Recorder => {
  mkdirSync(dirname(file), { recursive: true });
  const stream = createWriteStream(file);
  const began = performance.now();
  const seen = new Set<string>();
  const waiting = new Map<HistoryRecord['record'], PromiseWithResolvers<void>>();
  const counts: Counts = {
    calls: { ok: 0, refused: 0, unknown: 0 },
    faults: {},
    accepted: 0,
    notifications: 0,
    duplicates: 0,
  };
  return {
    file,
    counts,
    now: () => Math.round((performance.now() - began) * 1000) / 1000,
    write: (record) => {
      stream.write(`${JSON.stringify(record)}\n`);
      waiting.get(record.record)?.resolve();
      waiting.delete(record.record);
      if (record.record === 'send' && record.outcome === 'ok') counts.accepted += 1;
      if ('outcome' in record) counts.calls[record.outcome] += 1;
      if (record.record === 'fault') counts.faults[record.fault] = (counts.faults[record.fault] ?? 0) + 1;
      if (record.record !== 'received' || record.event === undefined) return;
      counts.notifications += 1;
      if (seen.has(record.webhookId)) counts.duplicates += 1;
      seen.add(record.webhookId);
    },
    next: (kind) => {
      const known = waiting.get(kind) ?? Promise.withResolvers<void>();
      waiting.set(kind, known);
      return known.promise;
    },
    close: async () => {
      stream.end();
      await once(stream, 'finish');
    },
  };
};
