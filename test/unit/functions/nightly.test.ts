import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler, type NightlyDeps } from '../../../functions/nightly/handler.ts';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { endAt, memoryAnchors } from '../../memory/anchors.ts';
import { partyDirectory } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';

const now = Date.parse('2026-12-01T12:00:00Z');
const context = { getRemainingTimeInMillis: () => 600_000 };

const deps = (changed: Partial<NightlyDeps> = {}): NightlyDeps => ({
  ...memoryAnchors({ now: () => now, pages: () => [[[endAt('reads', 'a-chain', 4, '2026-12-01T11:00:00.000Z')]]] }),
  directory: async () => partyDirectory,
  ...changed,
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('nightly', () => {
  test('anchors the chains once a night, and logs each anchor', async () => {
    const log = captureLog();
    const handler = createHandler(deps());
    await handler({}, context);
    await handler({}, context);
    expect(log.codes()).toEqual(['LB-506']);
    expect(log.line('LB-506')).toMatchObject({ number: 1, chains: 1, more: false });
  });

  test('logs what storage refused, and ends: the next run continues', async () => {
    const log = captureLog();
    const add = async (): Promise<never> => Promise.reject(new Unavailable('S3'));
    await createHandler(deps({ anchors: { add } }))({}, context);
    expect(log.codes()).toEqual(['LB-901']);
  });

  test('does nothing while the hub is closed', async () => {
    const log = captureLog();
    const directory = async (): Promise<never> => Promise.reject(new HubClosed(undefined));
    await createHandler(deps({ directory }))({}, context);
    expect(log.codes()).toEqual(['LB-903']);
  });

  test('fails for anything else, so that the alarm fires', async () => {
    const log = captureLog();
    const add = async (): Promise<never> => Promise.reject(new TypeError('a fault'));
    await expect(createHandler(deps({ anchors: { add } }))({}, context)).rejects.toThrow('See the log');
    expect(log.codes()).toEqual(['LB-999']);
  });
});
