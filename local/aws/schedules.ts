import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScheduledEvent } from 'aws-lambda';
import { z } from 'zod';
import type { HostedFunction } from './function-pool.ts';
import type { Functions } from './functions.ts';
import type { Stack } from './stack.ts';

/** The stack's schedules. Each runs as soon as the host has started: work that became due while the host was stopped waits no longer. */

const ruleSchema = z.strictObject({
  ScheduleExpression: z.string(),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  Targets: z.array(
    z.strictObject({
      Arn: z.string(),
      Id: z.unknown(),
      // A failed run is not repeated here; the next one follows soon.
      RetryPolicy: z.unknown().optional(),
    }),
  ),
  Name: z.string().optional(),
  Description: z.unknown().optional(),
});

export interface Schedules {
  /** Starts no more runs. Does not wait for an active run, which may take its whole minute. */
  readonly stop: () => void;
}

interface SchedulesSettings {
  readonly stack: Stack;
  readonly functions: Functions;
}

export const startSchedules = ({ stack, functions }: SchedulesSettings): Schedules => {
  const closing = new AbortController();
  for (const { logicalId, ref, properties } of stack.resources('AWS::Events::Rule', ruleSchema)) {
    if (properties.State === 'DISABLED') continue;
    const milliseconds = rateOf(properties.ScheduleExpression);
    if (milliseconds === undefined)
      throw new Error(`The embedded host does not know the schedule ${properties.ScheduleExpression} of ${logicalId}.`);
    const ruleArn = `arn:aws:events:${stack.region}:${stack.accountId}:rule/${ref}`;
    for (const { Arn } of properties.Targets) {
      void repeat(
        { milliseconds, fn: functions.byArn(Arn), event: () => scheduledEvent(stack, ruleArn) },
        closing.signal,
      );
    }
  }
  return { stop: () => closing.abort() };
};

const units: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Milliseconds between two runs, or `undefined` for anything but a rate. */
export const rateOf = (expression: string): number | undefined => {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const milliseconds = units[unit];
  return milliseconds === undefined ? undefined : Number(count) * milliseconds;
};

interface Schedule {
  readonly milliseconds: number;
  readonly fn: HostedFunction;
  readonly event: () => ScheduledEvent;
}

const repeat = async ({ milliseconds, fn, event }: Schedule, closing: AbortSignal): Promise<void> => {
  while (!closing.aborted) {
    const due = Date.now() + milliseconds;
    // Failures are in the log already. There are never two runs at once, however long one takes.
    await fn.invoke(event());
    await delay(Math.max(0, due - Date.now()), undefined, { signal: closing }).catch(() => {});
  }
};

const scheduledEvent = ({ region, accountId }: Stack, ruleArn: string): ScheduledEvent => ({
  id: randomUUID(),
  version: '0',
  account: accountId,
  time: new Date().toISOString().replace(/\.\d{3}Z$/, 'Z'),
  region,
  resources: [ruleArn],
  source: 'aws.events',
  'detail-type': 'Scheduled Event',
  detail: {},
});
