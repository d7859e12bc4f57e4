import { z } from 'zod';

/** Messages between the process with the embedded AWS and the measuring process. */

export const started = z.object({
  /** Endpoint of both tables and queues. */
  origin: z.string(),
  tableName: z.string(),
  lanes: z.object({ quick: z.string(), slow: z.string() }),
  /** A partner's endpoint, which answers 200 to everything. */
  endpoint: z.string(),
});

/**
 * The mode from now on: `pass` calls to the embedded services, or `replay` the earlier answer to the same call. The reply is the
 * traffic since the last command.
 */
export const order = z.object({ mode: z.enum(['pass', 'replay']), withBodies: z.boolean() });

export const traffic = z.object({
  /** Calls by kind. */
  calls: z.record(z.string(), z.number()),
  /** Capacity as DynamoDB bills it: read units of 4 KB, write units of 1 KB. */
  readUnits: z.number(),
  writeUnits: z.number(),
  /** Of them, those on items of a subscription and its missions. */
  notificationUnits: z.number(),
  /** Bytes of requests and answers, bodies only. */
  bytes: z.number(),
  /** Bodies of the jobs in the delivery queue. */
  jobs: z.array(z.string()),
  /** Each call's kind and body; empty unless wanted. */
  requests: z.array(z.object({ kind: z.string(), body: z.string() })),
  /** Bodies received at the partner's endpoint; empty unless wanted. */
  posts: z.array(z.string()),
});

export type Started = z.output<typeof started>;
export type Order = z.output<typeof order>;
export type Traffic = z.output<typeof traffic>;
