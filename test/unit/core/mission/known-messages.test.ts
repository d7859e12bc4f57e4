import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fingerprintWindow } from '../../../../core/mission/known-messages.ts';
import type { MissionLog } from '../../../../core/mission/mission-log.ts';
import type { Entry, Party } from '../../../../core/mission/state.ts';
import { defined } from '../../../../schemas/defined.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { manualClock } from '../../../memory/clock.ts';
import { memoryHub } from '../../../memory/hub.ts';
import { subscriptionStore } from '../../../memory/subscription-store.ts';
import { missionOpenedBy, missionRequest, missionUpdate, parties, sentBy } from '../../../support/messages.ts';

const { amk, la } = parties;
const request = missionRequest({ id: 'request', bundleId: 'request-bundle' });
const mission = missionOpenedBy(request);
const update = (id: string, more: Partial<Parameters<typeof missionUpdate>[0]> = {}): Message =>
  missionUpdate({ mission, id, describes: false, ...more });

const hubWith = (window: number) => memoryHub(manualClock(), subscriptionStore(), window);

const send = async (missions: MissionLog, message: Message, sender: Party = amk): Promise<string> => {
  const outcome = await acceptMessage(missions, message, sentBy(sender), () => Date.parse('2026-02-01T11:00:00Z'));
  return outcome.outcome === 'refused'
    ? outcome.faults[0].code
    : `${outcome.entry.number}${outcome.repeated ? ' again' : ''}`;
};

describe('A log that is longer than the window', () => {
  test('recognises every message, every reused id and every reused Bundle id for good', async () => {
    const { missions } = hubWith(4);
    await send(missions, request);
    for (let index = 2; index <= 40; index += 1)
      expect(await send(missions, update(`u${index}`, { bundleId: `b${index}` }))).toBe(String(index));
    for (let index = 2; index <= 40; index += 1) {
      expect(await send(missions, update(`u${index}`, { bundleId: `other${index}` }))).toBe(`${index} again`);
      expect(await send(missions, update(`u${index}`, { urgency: 'routine', describes: true }))).toBe(
        'message-id-reused',
      );
      expect(await send(missions, update('new', { bundleId: `b${index}` }))).toBe('bundle-id-reused');
    }
    expect(await send(missions, request)).toBe('1 again');
    expect(await send(missions, update('u2'), la)).toBe('41');
  });

  test('gives an entry fingerprints of the same size, however many messages come', async () => {
    const { missions } = hubWith(8);
    await send(missions, request);
    const sizes = new Set<number>();
    for (let index = 2; index <= 60; index += 1) {
      await send(missions, update(`u${index}`));
      const { fingerprints } = (await missions.last(mission)) ?? {};
      if (index >= 8) sizes.add((fingerprints?.messages.length ?? 0) + (fingerprints?.bundles.length ?? 0));
    }
    expect([...sizes]).toEqual([2 * 8 * 8]);
  });

  test('keeps fingerprints beside the log only beyond the window', async () => {
    const kept: number[] = [];
    const { missions } = hubWith(fingerprintWindow);
    const counted: MissionLog = {
      ...missions,
      keepFingerprint: async (...args) => {
        kept.push(args[2]);
        await missions.keepFingerprint(...args);
      },
      entriesKept: async (...args) => {
        kept.push(0);
        return missions.entriesKept(...args);
      },
    };
    await send(counted, request);
    for (let index = 2; index <= fingerprintWindow; index += 1) await send(counted, update(`u${index}`));
    expect(kept).toEqual([]);
    await send(counted, update('one-more', { bundleId: 'of-one-more' }));
    expect(kept).toEqual([1, 1]);
    kept.length = 0;
    await send(counted, update('and-another', { bundleId: 'of-another' }));
    // One read, and the fingerprints of entry 2.
    expect(kept).toEqual([0, 2, 2]);
  });

  test('writes what an entry drops before the entry', async () => {
    const order: string[] = [];
    const { missions } = hubWith(1);
    await send(missions, request);
    const failing: MissionLog = {
      ...missions,
      keepFingerprint: async (...args) => {
        order.push(`keep ${args[2]}`);
        await missions.keepFingerprint(...args);
      },
      append: async (entry: Entry, dueAt: string) => {
        order.push(`append ${entry.number}`);
        return missions.append(entry, dueAt);
      },
    };
    await send(failing, update('second'));
    expect(order).toEqual(['keep 1', 'keep 1', 'append 2']);
  });

  test('knows what it has, for any traffic, window and order of two writers', async () => {
    const sendings = fc.array(
      fc.record({
        sender: fc.constantFrom(amk, la),
        id: fc.integer({ min: 0, max: 14 }),
        bundle: fc.option(fc.integer({ min: 0, max: 14 }), { nil: undefined }),
        at: fc.integer({ min: 0, max: 1 }),
      }),
      { minLength: 1, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), sendings, async (window, all) => {
        const { missions } = hubWith(window);
        await send(missions, request);
        const messages = all.map(({ sender, id, bundle, at }) => ({
          sender,
          at,
          message: update(`m${id}`, defined({ bundleId: bundle === undefined ? undefined : `b${bundle}` })),
        }));
        const run = async (writer: number): Promise<void> => {
          for (const { sender, at, message } of messages) if (at === writer) await send(missions, message, sender);
        };
        await Promise.all([run(0), run(1)]);
        const log = await missions.entries(mission, 1, 1_000);
        const ids = log.map(({ sender, messageId }) => `${sender} ${messageId}`);
        const bundles = log.flatMap(({ sender, bundleId }) =>
          bundleId === undefined ? [] : [`${sender} ${bundleId}`],
        );
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(bundles).size).toBe(bundles.length);
      }),
      { numRuns: 100 },
    );
  });
});
