import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * What clients and receivers of a run saw, one JSON line per call, receipt and fault. The checker reads nothing else.
 * `start`, `end` and `at` are milliseconds since the run began, of one monotonic clock.
 */

/** `unknown`: no answer, 408, 425, 429 or 5xx. The hub may or may not have done what was asked. */
const outcome = z.enum(['ok', 'refused', 'unknown']);

const called = {
  start: z.number(),
  end: z.number(),
  /** The client that called, and its organisation number. */
  client: z.string(),
  organisation: z.string(),
  outcome,
  /** HTTP status; absent without an answer. */
  status: z.number().optional(),
  /** The code of a refusal. */
  fault: z.string().optional(),
};

/** Digest of each resource of a message by its `fullUrl`: content is compared without being kept. */
const parts = z.record(z.string(), z.string());

const run = z.object({
  record: z.literal('run'),
  seed: z.number(),
  startedAt: z.string(),
  /** Role of each organisation that takes part. */
  parties: z.array(z.object({ organisation: z.string(), role: z.string() })),
});

const message = z.object({
  id: z.string(),
  event: z.string(),
  /** Absent in a mission-request: the hub assigns the number of the mission. */
  mission: z.string().optional(),
  /** Organisation number of the destination. */
  receiver: z.string().optional(),
  /** Urgency of a mission-request. */
  priority: z.string().optional(),
  /** The Task that is answered, and how. */
  task: z.string().optional(),
  answer: z.string().optional(),
  /** The version in `If-Match`. */
  ifMatch: z.number().optional(),
  parts,
});

/** `POST $process-message`. `mission`, `version` and `warnings` are those of the answer; `version` also of a refusal that names one. */
const send = z.object({
  record: z.literal('send'),
  ...called,
  message,
  mission: z.string().optional(),
  version: z.number().optional(),
  warnings: z.array(z.string()).optional(),
});

/** `GET ServiceRequest/<mission>`, with the version of the `ETag`. */
const read = z.object({
  record: z.literal('read'),
  ...called,
  mission: z.string(),
  version: z.number().optional(),
});

/** `GET ServiceRequest/<mission>/$history`, all pages. `sender` is absent for the hub's own messages. */
const log = z.object({
  record: z.literal('log'),
  ...called,
  mission: z.string(),
  entries: z.array(z.object({ version: z.number(), event: z.string(), sender: z.string().optional() })),
});

/** `GET Bundle/<mission>.<version>`: the message as the hub stored it. */
const entry = z.object({
  record: z.literal('entry'),
  ...called,
  mission: z.string(),
  version: z.number(),
  message: z.string().optional(),
  parts,
});

const receiptStatus = z.enum(['in-progress', 'completed', 'not-done']);

/** `GET Communication?part-of=ServiceRequest/<mission>`, all pages: the hub's receipts. */
const receipts = z.object({
  record: z.literal('receipts'),
  ...called,
  mission: z.string(),
  receipts: z.array(
    z.object({
      subscription: z.string(),
      number: z.number(),
      version: z.number(),
      organisation: z.string(),
      status: receiptStatus,
    }),
  ),
});

/** `GET Subscription/<id>/$status`. `last` is `events-since-subscription-start`. */
const status = z.object({
  record: z.literal('status'),
  ...called,
  subscription: z.string(),
  state: z.string().optional(),
  last: z.number().optional(),
});

/** One event of a notification or of `$events`. What it says depends on the content of the subscription. */
const event = z.object({
  number: z.number(),
  mission: z.string().optional(),
  version: z.number().optional(),
  /** `MessageHeader.id` and event code, with full content. */
  message: z.string().optional(),
  event: z.string().optional(),
  /** Organisation number that the message asks to phone. */
  phone: z.string().optional(),
  parts: parts.optional(),
});

/** One page of `$events`. `reader` names a series of pages, each of which begins behind the one before. */
const events = z.object({
  record: z.literal('events'),
  ...called,
  subscription: z.string(),
  since: z.number(),
  reader: z.string().optional(),
  events: z.array(event),
  last: z.number().optional(),
  /** The page has a link `next`. */
  more: z.boolean(),
});

const settings = z.object({
  /** The receiver whose address is the endpoint. */
  receiver: z.string(),
  content: z.string(),
  events: z.array(z.string()).optional(),
  priorities: z.array(z.string()).optional(),
});

/** `POST`, `PUT` or `DELETE` of a Subscription. */
const subscription = z.object({
  record: z.literal('subscription'),
  ...called,
  action: z.enum(['create', 'change', 'end']),
  /** Absent if the answer to the creation is unknown. */
  subscription: z.string().optional(),
  settings,
});

/** A request at a receiver. `answered` is the status it gave, or `none`; it is recorded before the answer is sent. */
const received = z.object({
  record: z.literal('received'),
  start: z.number(),
  end: z.number(),
  receiver: z.string(),
  subscription: z.string(),
  webhookId: z.string(),
  type: z.string(),
  signature: z.enum(['good', 'bad', 'not checked']),
  last: z.number().optional(),
  event: event.optional(),
  answered: z.union([z.number(), z.literal('none')]),
});

const fault = z.object({ record: z.literal('fault'), at: z.number(), fault: z.string(), target: z.string() });

/** Written once, after the last call. `drained`: every notification that the traffic waited for has arrived. */
const end = z.object({ record: z.literal('end'), at: z.number(), drained: z.boolean() });

const historyRecord = z.discriminatedUnion('record', [
  run,
  send,
  read,
  log,
  entry,
  receipts,
  status,
  events,
  subscription,
  received,
  fault,
  end,
]);

export type HistoryRecord = z.output<typeof historyRecord>;
export type RecordOf<Kind extends HistoryRecord['record']> = Extract<HistoryRecord, { readonly record: Kind }>;
export type Message = z.output<typeof message>;
export type Event = z.output<typeof event>;
export type Settings = z.output<typeof settings>;
export type Outcome = z.output<typeof outcome>;
export type Parts = z.output<typeof parts>;

/** A number keeps the digits in which it was written: 60.9 is not 60.90. */
const withDigits = (_: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' ? { digits: context?.source ?? String(value) } : value;

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
};

/** JSON whose numbers are objects with their digits, for `digestOf`. */
export const parseWithDigits = (text: string): unknown => JSON.parse(text, withDigits);

/** The same for the same JSON content, whatever the order of the members. */
export const digestOf = (parsed: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(parsed)))
    .digest('base64url')
    .slice(0, 16);

/** Throws with the line if a line is no record. */
export const readHistory = (file: string): readonly HistoryRecord[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, index) => {
      if (line === '') return [];
      const parsed = historyRecord.safeParse(JSON.parse(line));
      if (!parsed.success) throw new Error(`${file}:${index + 1} is no record of a history: ${parsed.error.message}`);
      return [parsed.data];
    });
