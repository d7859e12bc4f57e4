import { assert, constantFrom, double, integer, option, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../../core/delivery/channel.ts';
import type { Notification } from '../../../../core/delivery/notifications.ts';
import {
  decideRetry,
  deliverySettings,
  type RetryDecision,
  triedSince,
} from '../../../../core/delivery/retry-policy.ts';
import { transient } from './deliver-scenario.ts';

const start = Date.parse('2026-02-01T11:00:00.000Z');

const pending = (change: Partial<Notification> = {}): Notification => ({
  subscription: 'la',
  number: 1,
  organisation: '311000012',
  mission: 'mission',
  entry: 1,
  writtenAt: new Date(start).toISOString(),
  status: 'pending',
  attempts: 0,
  ...change,
});

const decide = (notification: Notification, answer: Answer, at: number, jitter: number): RetryDecision =>
  decideRetry(
    notification,
    undefined,
    { result: { answer }, startedAt: at, endedAt: at },
    { settings: deliverySettings, jitter },
  );

/** Waits between the attempts of one notification that always gets this answer, until the hub gives up. */
const waits = (answer: Answer, jitter: number): readonly number[] => {
  const seconds: number[] = [];
  let notification = pending();
  for (let now = start; ; ) {
    const decision = decide(notification, answer, now, jitter);
    if (decision.outcome !== 'retry') {
      expect(decision).toMatchObject({ outcome: 'given-up', record: { status: 'failed' } });
      return seconds;
    }
    seconds.push(decision.wait);
    now += decision.wait * 1000;
    notification = pending({ attempts: notification.attempts + 1, firstTriedAt: decision.record.firstTriedAt });
  }
};

test('a retry is due soon after its time, not before: its job may be lost by the queue', () => {
  for (const answer of transient)
    for (const jitter of [0, 0.5, 1]) {
      const decision = decide(pending(), answer, start, jitter);
      if (decision.outcome !== 'retry') throw new Error(`${decision.outcome}, a retry was expected`);
      const late = Date.parse(decision.record.dueAt ?? '') - start - decision.wait * 1000;
      expect(late).toBeGreaterThan(0);
      expect(late).toBeLessThanOrEqual(30_000);
    }
});

describe('decideRetry', () => {
  test('doubles the wait up to a minute, with half jitter', () => {
    expect(waits({ status: 503 }, 1).slice(0, 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(waits({ status: 503 }, 0).slice(0, 9)).toEqual([1, 1, 2, 4, 8, 16, 30, 30, 30]);
  });

  test.each([0, 0.3, 1])('gives up after twelve minutes, however long the waits were: jitter %d', (jitter) => {
    const total = waits({ failure: 'timeout' }, jitter).reduce((sum, seconds) => sum + seconds, 0);
    expect(total).toBeGreaterThanOrEqual(720);
    expect(total).toBeLessThanOrEqual(780);
  });

  test('counts the time from the first attempt, not from the write', () => {
    const first = start + 3_600_000;
    const { outcome, record } = decide(pending(), { status: 503 }, first, 0.5);
    expect(outcome).toBe('retry');
    const tried = pending({ attempts: 1, firstTriedAt: record.firstTriedAt });
    expect(decide(tried, { status: 503 }, first + 719_000, 0.5).outcome).toBe('retry');
    expect(decide(tried, { status: 503 }, first + 720_000, 0.5).outcome).toBe('given-up');
  });

  test('obeys a Retry-After that is longer than its own wait, up to five minutes', () => {
    const first = (retryAfter: number): number => waits({ status: 503, retryAfter }, 0.5)[0] ?? 0;
    expect(first(0)).toBe(1);
    expect(first(7)).toBe(7);
    expect(first(300)).toBe(300);
    expect(first(301)).toBe(300);
    expect(first(86_400)).toBe(300);
    expect(first(-5)).toBe(1);
    expect(waits({ status: 429, retryAfter: 3 }, 1).slice(0, 4)).toEqual([3, 3, 4, 8]);
  });

  test('waits a whole number of seconds from 1 to 300, whatever jitter and Retry-After are', () => {
    assert(
      property(
        integer({ min: 0, max: 14 }),
        double({ min: 0, max: 1, noNaN: true }),
        option(integer({ min: -10, max: 1_000_000 }), { nil: undefined }),
        constantFrom(...transient),
        (attempts, jitter, retryAfter, answer) => {
          const asked = Math.min(300, Math.max(0, retryAfter ?? 0));
          const decision = decide(
            pending({ attempts }),
            { ...answer, ...(retryAfter === undefined ? {} : { retryAfter }) },
            start,
            jitter,
          );
          if (decision.outcome !== 'retry') throw new Error(`the hub gave up after ${attempts} attempts`);
          const ceiling = Math.min(60, 2 ** attempts);
          expect(Number.isInteger(decision.wait)).toBe(true);
          expect(decision.wait).toBeGreaterThanOrEqual(Math.max(1, ceiling / 2, asked));
          expect(decision.wait).toBeLessThanOrEqual(Math.max(ceiling, asked));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('makes a retry due 15 seconds after its time, for the sweeper', () => {
    const decision = decide(pending(), { status: 503 }, start, 1);
    expect(decision).toMatchObject({ wait: 1, record: { dueAt: new Date(start + 16_000).toISOString() } });
  });

  test('asks for an alert once: after five failed attempts, or if the next answer comes after 30 seconds', () => {
    const warns = (change: Partial<Notification>, at = start): boolean => {
      const decision = decide(
        pending({ firstTriedAt: new Date(start).toISOString(), ...change }),
        { status: 503 },
        at,
        0,
      );
      return decision.outcome === 'retry' && decision.warn;
    };
    expect(warns({ attempts: 3 })).toBe(false);
    expect(warns({ attempts: 4 })).toBe(true);
    expect(warns({ attempts: 4, warned: true })).toBe(false);
    expect(warns({ attempts: 0 }, start + 28_000)).toBe(false);
    expect(warns({ attempts: 0 }, start + 29_000)).toBe(true);
  });
});

describe('triedSince', () => {
  const at = (second: number): string => new Date(start + second * 1000).toISOString();

  test('counts a notification as tried with the one before it that was given up, but not from before its write', () => {
    const givenUp = pending({ status: 'failed', firstTriedAt: at(10) });
    expect(triedSince(pending({ writtenAt: at(5) }), givenUp, start + 100_000)).toBe(at(10));
    expect(triedSince(pending({ writtenAt: at(50) }), givenUp, start + 100_000)).toBe(at(50));
  });

  test('counts from now for a first attempt, and from the first attempt after it', () => {
    expect(triedSince(pending(), undefined, start + 100_000)).toBe(at(100));
    expect(triedSince(pending(), pending({ status: 'delivered', firstTriedAt: at(10) }), start + 100_000)).toBe(
      at(100),
    );
    expect(triedSince(pending({ firstTriedAt: at(20) }), undefined, start + 100_000)).toBe(at(20));
  });
});
