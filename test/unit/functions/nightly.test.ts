import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler, type NightlyDeps } from '../../../functions/nightly/handler.ts';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { endAt, memoryAnchors } from '../../memory/anchors.ts';
import { partyDirectory } from '../../memory/handler-ports.ts';
import { memoryHub } from '../../memory/hub.ts';
import { memoryNightlyReconcile } from '../../memory/reconcile.ts';
import { captureLog } from '../../support/captured-log.ts';
import { flown, mission, played } from '../../support/history.ts';
import { parties } from '../../support/messages.ts';

const now = Date.parse('2026-12-01T12:00:00Z');
const context = { getRemainingTimeInMillis: () => 600_000 };

const deps = (changed: Partial<NightlyDeps> = {}): NightlyDeps => ({
  ...memoryAnchors({ now: () => now, pages: () => [[[endAt('reads', 'a-chain', 4, '2026-12-01T11:00:00.000Z')]]] }),
  ...memoryNightlyReconcile(memoryHub()),
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
    expect(log.codes()).toEqual(['LB-506', 'LB-507']);
    expect(log.line('LB-506')).toMatchObject({ number: 1, chains: 1, more: false });
  });

  test('logs what storage refused, and ends: the next run continues', async () => {
    const log = captureLog();
    const add = async (): Promise<never> => Promise.reject(new Unavailable('S3'));
    await createHandler(deps({ anchors: { add } }))({}, context);
    expect(log.codes()).toEqual(['LB-901', 'LB-507']);
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
    expect(log.codes()).toEqual(['LB-507', 'LB-999']);
  });

  test('compares receipts with the mission logs once a night, and logs each finding', async () => {
    const hub = await played(...flown);
    const receipt = (await hub.notifications.range(parties.hospital.name, 1, 1))[0];
    hub.store.items.delete(`${parties.hospital.name}/${receipt?.number ?? 0}`);
    const ports = memoryNightlyReconcile(hub);
    const times = [hub.now()];
    const handler = createHandler(deps({ ...ports, now: () => times[0] ?? 0 }));
    const log = captureLog();
    await handler({}, context);
    await handler({}, context);
    expect(log.codes().filter((code) => code !== 'LB-506')).toEqual(['LB-508', 'LB-508', 'LB-507']);
    expect(log.line('LB-508')).toMatchObject({ mission, entry: 9, event: 'prearrival-notification' });
    expect(log.line('LB-507')).toMatchObject({ missions: 1, missing: 1, unexpected: 0, differing: 2, more: false });
    expect(log.text()).not.toContain('Kari');
    times[0] = hub.now() + 24 * 3_600_000;
    await handler({}, context);
    expect(log.codes().filter((code) => code === 'LB-507')).toHaveLength(2);
  });

  test('leaves the comparison to the next run if little time is left', async () => {
    const log = captureLog();
    await createHandler(deps())({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(log.codes()).not.toContain('LB-507');
  });
});
