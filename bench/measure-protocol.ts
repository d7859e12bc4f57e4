import { z } from 'zod';

/** Requests to the measuring processes and their answers. */

export const cpuSettings = z.object({
  part: z.literal('cpu'),
  assembly: z.string(),
  /** Calls of each handler per round, and alternating rounds of hub and floor. */
  calls: z.number(),
  rounds: z.number(),
});

export const growthSettings = z.object({
  part: z.literal('growth'),
  assembly: z.string(),
  /** What grows. */
  of: z.enum(['length', 'subscribers', 'stored', 'awake']),
  sizes: z.array(z.number()),
  /** Messages measured at each size. */
  samples: z.number(),
});

export const settings = z.discriminatedUnion('part', [cpuSettings, growthSettings]);

export const cpuResults = z.array(
  z.object({
    step: z.string(),
    what: z.enum(['accept and notify', 'deliver']),
    /** Bytes of the body: the message, or the notification. */
    bytes: z.number(),
    calls: z.record(z.string(), z.number()),
    /** Processor time of one call, milliseconds; the median of the rounds. */
    hub: z.number(),
    /** The same calls by the plain SDK, and by the hub's clients. */
    floor: z.number(),
    leanFloor: z.number(),
    /** Medians of the rounds' ratios of the hub to each floor. */
    ratio: z.number(),
    leanRatio: z.number(),
    /** Of `hub`: the check of the message against FHIR R4, milliseconds. Not in a delivery. */
    check: z.number().optional(),
  }),
);

const side = z.object({
  calls: z.record(z.string(), z.number()),
  readUnits: z.number(),
  writeUnits: z.number(),
  /** Of them, those on items of a subscription and its missions. */
  notificationUnits: z.number(),
  bytes: z.number(),
  /** Milliseconds. */
  cpu: z.number(),
  wall: z.number(),
});

export const growthResults = z.array(
  z.object({
    size: z.number(),
    /** Of one message: accept it and notify all recipients. */
    accept: side,
    /** Of one notification. */
    deliver: side,
  }),
);

export type CpuResults = z.output<typeof cpuResults>;
export type GrowthResults = z.output<typeof growthResults>;
export type CpuSettings = z.output<typeof cpuSettings>;
export type GrowthSettings = z.output<typeof growthSettings>;
export type Side = z.output<typeof side>;
