import { z } from 'zod';

/** What the process with the embedded AWS and the process that measures say to each other. */

export const started = z.object({
  /** Where both the tables and the queues are reached. */
  origin: z.string(),
  tableName: z.string(),
  queueUrl: z.string(),
  /** A partner's endpoint, which answers 200 to everything. */
  endpoint: z.string(),
});

/**
 * From now on: `pass` calls on to the embedded services, or `replay` what was answered to the same call before.
 * The answer is what has come since the last order.
 */
export const order = z.object({ mode: z.enum(['pass', 'replay']), withBodies: z.boolean() });

export const traffic = z.object({
  /** Calls by kind. */
  calls: z.record(z.string(), z.number()),
  /** Capacity as DynamoDB bills it: read units of 4 KB, write units of 1 KB. */
  readUnits: z.number(),
  writeUnits: z.number(),
  /** Bytes of requests and answers, bodies only. */
  bytes: z.number(),
  /** Bodies of the messages put into the delivery queue. */
  orders: z.array(z.string()),
  /** Each call's kind and body; empty unless wanted. */
  requests: z.array(z.object({ kind: z.string(), body: z.string() })),
  /** Bodies that came to the partner's endpoint; empty unless wanted. */
  posts: z.array(z.string()),
});

export type Started = z.output<typeof started>;
export type Order = z.output<typeof order>;
export type Traffic = z.output<typeof traffic>;
