import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { searchTasks } from '../../../../core/queries/tasks.ts';
import { memoryHub } from '../../../memory/hub.ts';
import { directory, missionRequest, parties, sentBy } from '../../../support/messages.ts';
import { searching } from '../../../support/reading.ts';

const { amk, la } = parties;
const view = { base: 'https://hub.example/fhir', directory };

const bundle = z.object({
  entry: z.array(z.object({ resource: z.object({ id: z.string() }) })).default([]),
  link: z.array(z.object({ relation: z.string(), url: z.string() })),
});

const waiting = async (count: number) => {
  const hub = memoryHub();
  for (let index = 0; index < count; index += 1) {
    hub.clock.advance(1000);
    const accepted = await acceptMessage(hub.missions, missionRequest({ id: randomUUID() }), sentBy(amk), hub.now);
    if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
    await fanOut(hub, accepted.entry);
  }
  return hub;
};

const ask = (hub: Awaited<ReturnType<typeof waiting>>, more: Readonly<Record<string, string>>) =>
  searching('Task', { owner: `Organization/${la.organisation}`, ...more }, (search) =>
    searchTasks(hub, la, search, view),
  );

describe('worklist', () => {
  test('returns each Task once over its pages', async () => {
    const hub = await waiting(5);
    const seen: string[] = [];
    let search: Record<string, string> | undefined = { _count: '2' };
    while (search !== undefined) {
      const found = await ask(hub, search);
      if (found.outcome !== 'found') throw new Error(JSON.stringify(found));
      const { entry, link } = bundle.parse(found.resource);
      seen.push(...entry.map(({ resource }) => resource.id));
      const next = link.find(({ relation }) => relation === 'next')?.url;
      search = next === undefined ? undefined : Object.fromEntries(new URL(next).searchParams);
    }
    expect(seen).toHaveLength(5);
    expect(new Set(seen).size).toBe(5);
  });

  test.each([
    ['that is none', {}, 'a'],
    ['of no place', {}, 'open:zzz'],
    ['of a list that was not asked for', { status: 'requested' }, 'closed:'],
    ['of a place in another list', { status: 'requested' }, 'closed:2026-11-22T10:00:00.000Z#m.1'],
  ])('is not said to be empty because of a cursor %s', async (_what, more, _cursor) => {
    const hub = await waiting(1);
    expect(await ask(hub, { ...more, _cursor })).toMatchObject({
      outcome: 'refused',
      faults: [{ code: 'unknown-search', at: 'http._cursor' }],
    });
  });
});
