import { describe, expect, test, vi } from 'vitest';
import { searchMissions } from '../../../../core/queries/missions.ts';
import type { Query } from '../../../../core/queries/search/read-search.ts';
import type { Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { systems } from '../../../../schemas/names.ts';
import { NewerRelease } from '../../../../schemas/newer-release.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import {
  directory,
  missionCancel,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceRequest,
  taskOpenedBy,
} from '../../../support/messages.ts';
import { callerFor, faultIn, hubAfter, listed, nextOf, resourceIn, searching } from '../../../support/reading.ts';

const { amk, la, otherLa, operator, hospital, quality } = parties;
const view = { base: 'https://hub.example/fhir', directory };
const caseSystem = 'https://amk.example/sid/case';

type Step = readonly [Party, Message];

/** A mission that the AMK requests at the AMK LA. */
const missionOf = (id: string, more: Parameters<typeof missionRequest>[0] = {}, by = amk) => {
  const request = missionRequest({ id, ...more });
  const mission = missionOpenedBy(request, by);
  const steps: Readonly<Record<'opens' | 'defers' | 'forwards' | 'ends' | 'asks', Step>> = {
    opens: [by, request],
    defers: [
      la,
      missionDecision({
        task: taskOpenedBy(mission, 1),
        answer: 'deferred',
        until: '2026-02-01T13:00:00Z',
        id: `${id}-defer`,
      }),
    ],
    forwards: [la, missionForward({ task: taskOpenedBy(mission, 1), to: [otherLa.organisation], id: `${id}-forward` })],
    ends: [by, missionCancel({ mission, id: `${id}-cancel` })],
    asks: [la, resourceRequest({ mission, id: `${id}-ask` })],
  };
  return { mission, ...steps };
};

const search = (hub: MemoryHub, party: Party, query: Query | Readonly<Record<string, string>>) =>
  searching('ServiceRequest', query, (asked) => searchMissions(hub, callerFor(party), asked, view));

const found = async (hub: MemoryHub, party: Party, query: Query | Readonly<Record<string, string>>) =>
  listed(resourceIn(await search(hub, party, query))).map(({ id }) => id);

const requester = `Organization/${amk.organisation}`;
const performer = `Organization/${la.organisation}`;

describe('search of own missions', () => {
  const [first, second, third] = [missionOf('first'), missionOf('second'), missionOf('third')];
  const played = () => hubAfter(first.opens, second.opens, second.ends, third.opens, third.defers);

  test('finds those that a party requested or coordinates, newest first', async () => {
    const hub = await played();
    const all = [third.mission, second.mission, first.mission];
    expect(await found(hub, amk, { requester })).toEqual(all);
    expect(await found(hub, la, { performer })).toEqual(all);
    expect(await found(hub, la, { performer, requester })).toEqual(all);
    expect(await found(hub, la, { performer, requester: 'Organization/999999999' })).toEqual([]);
    expect(await found(hub, otherLa, { performer: otherLa.organisation })).toEqual([]);
  });

  test.each([
    ['active', ['first']],
    ['on-hold', ['third']],
    ['active,on-hold', ['third', 'first']],
    ['revoked', ['second']],
    ['completed', []],
    ['http://hl7.org/fhir/request-status|revoked,active', ['second', 'first']],
  ])('finds those with status %s', async (status, expected) => {
    const names = new Map(
      [first, second, third].map(({ mission }, index) => [mission, ['first', 'second', 'third'][index]]),
    );
    expect((await found(await played(), amk, { requester, status })).map((id) => names.get(String(id)))).toEqual(
      expected,
    );
  });

  test('finds those that changed in a time, by the last change of each', async () => {
    const hub = await played();
    const all = resourceIn(await search(hub, amk, { requester }));
    const times = listed(all).map(({ meta }) => JSON.parse(JSON.stringify(meta)).lastUpdated);
    expect(await found(hub, amk, { requester, _lastUpdated: `ge${times[1]}` })).toEqual([
      third.mission,
      second.mission,
    ]);
    expect(
      await found(hub, amk, [
        ['requester', requester],
        ['_lastUpdated', `ge${times[1]}`],
        ['_lastUpdated', `lt${times[0]}`],
      ]),
    ).toEqual([second.mission]);
  });

  test('has the mission of the requester still, and of the AMK LA that coordinates now, after a forwarding', async () => {
    const hub = await hubAfter(first.opens, first.forwards);
    expect(await found(hub, amk, { requester })).toEqual([first.mission]);
    expect(await found(hub, otherLa, { performer: otherLa.organisation })).toEqual([first.mission]);
    expect(await found(hub, la, { performer })).toEqual([]);
    // It was a party, and may read the mission; it does not coordinate it.
    expect(await found(hub, la, { _id: first.mission })).toEqual([first.mission]);
  });

  test('keeps exercises apart', async () => {
    const drill = missionOf('drill', { exercise: true });
    const hub = await hubAfter(first.opens, drill.opens);
    expect(await found(hub, amk, { requester })).toEqual([first.mission]);
    expect(await found(hub, amk, { requester, _security: 'HTEST' })).toEqual([drill.mission]);
    expect(await found(hub, amk, { _id: drill.mission })).toEqual([drill.mission]);
  });

  test('has pages by keyset: a mission that ends or opens meanwhile is neither lost nor shown twice', async () => {
    const many = Array.from({ length: 5 }, (_, index) => missionOf(`many-${index}`));
    const late = missionOf('late');
    const hub = await hubAfter(...many.map(({ opens }) => opens));
    const seen: unknown[] = [];
    let query: Query = Object.entries({ requester, _count: '2' });
    for (let page = 0; page < 5; page += 1) {
      const bundle = resourceIn(await search(hub, amk, query));
      seen.push(...listed(bundle).map(({ id }) => id));
      const next = nextOf(bundle);
      if (next === undefined) break;
      query = [...new URL(next).searchParams];
      if (page === 0)
        await hub.missionLists.put({ organisation: amk.organisation, part: 'requester' }, await lateState(hub, late));
    }
    expect(seen).toEqual(many.map(({ mission }) => mission).toReversed());
  });

  const lateState = async (hub: MemoryHub, late: ReturnType<typeof missionOf>) => {
    const state = (await hub.missions.last(missionOf('many-0').mission))?.state;
    if (state === undefined) throw new Error('no mission');
    return { ...state, mission: late.mission, openedAt: '2026-03-01T12:00:00.000Z' };
  };

  test('counts without reading missions that have ended', async () => {
    const hub = await played();
    const last = vi.spyOn(hub.missions, 'last');
    expect(resourceIn(await search(hub, amk, { requester, _summary: 'count', status: 'revoked' }))).toMatchObject({
      total: 1,
    });
    expect(last.mock.calls.flat()).not.toContain(second.mission);
    expect(resourceIn(await search(hub, amk, { requester, _count: '0' }))).toMatchObject({ total: 3 });
  });

  test('includes the Tasks that the caller may read', async () => {
    const hub = await hubAfter(first.opens, first.asks);
    const bundle = resourceIn(await search(hub, amk, { requester, _revinclude: 'Task:based-on' }));
    expect(listed(bundle, 'include').map(({ id }) => id)).toEqual(
      [1, 2].map((entry) => taskOpenedBy(first.mission, entry)),
    );
  });

  test.each([
    ['of nobody', amk, {}, 'unknown-search'],
    ['by status alone', amk, { status: 'active' }, 'unknown-search'],
    ['of another AMK', la, { requester }, 'forbidden-relation'],
    ['of another AMK LA', otherLa, { performer }, 'forbidden-relation'],
    [
      'of a list that has others too',
      amk,
      { requester: `${amk.organisation},${parties.otherAmk.organisation}` },
      'forbidden-relation',
    ],
    ['from a cursor that is not of the list', amk, { requester, _cursor: 'x' }, 'unknown-search'],
    ['of all, for the quality system', quality, { requester }, 'forbidden-relation'],
    ['by two kinds of numbers', amk, { requisition: 'urn:x|1', identifier: 'urn:x|1' }, 'unknown-search'],
  ] as const)('refuses missions %s', async (_what, party, query, fault) =>
    expect(faultIn(await search(await played(), party, query))).toBe(fault),
  );

  test('reports missions that only a newer release can read', async () => {
    const hub = await played();
    const missions = {
      ...hub.missions,
      last: async (mission: string) => {
        if (mission === second.mission) throw new NewerRelease('an unknown event');
        return hub.missions.last(mission);
      },
    };
    const bundle = resourceIn(await search({ ...hub, missions }, amk, { requester }));
    expect(listed(bundle).map(({ id }) => id)).toEqual([third.mission, first.mission]);
    expect(JSON.stringify(listed(bundle, 'outcome'))).toContain('1 mission cannot be read now');
  });
});

describe('search of named missions', () => {
  test('reports each mission that only a newer release can read once, on whatever page', async () => {
    const all = Array.from({ length: 5 }, (_, index) => missionOf(`unread-${index}`));
    const hub = await hubAfter(...all.map(({ opens }) => opens));
    const missions = { ...hub.missions, last: () => Promise.reject(new NewerRelease('an unknown event')) };
    let query: Query = [
      ['_id', all.map(({ mission }) => mission).join(',')],
      ['_count', '2'],
    ];
    const remarks: string[] = [];
    for (;;) {
      const bundle = resourceIn(await search({ ...hub, missions }, amk, query));
      remarks.push(JSON.stringify(listed(bundle, 'outcome')).match(/\d missions? cannot/)?.[0] ?? 'none');
      const next = nextOf(bundle);
      if (next === undefined) break;
      query = [...new URL(next).searchParams];
    }
    expect(remarks).toEqual(['2 missions cannot', '2 missions cannot', '1 mission cannot']);
  });
});

describe('search of missions by identifier', () => {
  const numbered = missionOf('numbered', {
    identifiers: [
      { system: caseSystem, value: ' 2026  41 ' },
      { system: 'urn:old', value: '7', use: 'old' },
      { value: 'bare' },
    ],
  });
  const played = () => hubAfter(numbered.opens, numbered.asks, missionOf('other').opens);

  test.each([
    `${systems.mission}|${numbered.mission}`,
    `${caseSystem}|2026 41`,
    `${caseSystem}|2026 41,urn:none|1`,
    '|bare',
  ])('finds a party its mission by %s', async (identifier) => {
    const hub = await played();
    for (const party of [amk, la, operator])
      expect(await found(hub, party, { identifier })).toEqual([numbered.mission]);
    for (const party of [hospital, otherLa]) expect(await found(hub, party, { identifier })).toEqual([]);
    expect(await found(hub, amk, { identifier, status: 'active', requester })).toEqual([numbered.mission]);
    expect(await found(hub, amk, { identifier, status: 'revoked' })).toEqual([]);
  });

  test.each([`${caseSystem}|2026`, 'urn:old|7', `urn:other|2026 41`, `${systems.mission}|no`])(
    'finds nothing by %s',
    async (identifier) => expect(await found(await played(), amk, { identifier })).toEqual([]),
  );

  test('finds a number without system among the own missions only', async () => {
    const hub = await played();
    expect(await found(hub, amk, { identifier: '2026 41', requester })).toEqual([numbered.mission]);
    expect(faultIn(await search(hub, amk, { identifier: '2026 41' }))).toBe('unknown-search');
  });

  test('shows no case number to a role that sees no persons, and finds nothing by one', async () => {
    const hub = await played();
    expect(await found(hub, quality, { identifier: `${systems.mission}|${numbered.mission}` })).toEqual([
      numbered.mission,
    ]);
    expect(await found(hub, quality, { identifier: `${caseSystem}|2026 41` })).toEqual([]);
  });

  test('follows an update of the number', async () => {
    const update = missionUpdate({
      mission: numbered.mission,
      id: 'renumber',
      identifiers: [{ system: caseSystem, value: '42' }],
    });
    const hub = await hubAfter(numbered.opens, [amk, update]);
    expect(await found(hub, amk, { identifier: `${caseSystem}|42` })).toEqual([numbered.mission]);
    expect(await found(hub, amk, { identifier: `${caseSystem}|2026 41` })).toEqual([]);
  });
});
