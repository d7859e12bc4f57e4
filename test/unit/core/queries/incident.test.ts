import { describe, expect, test } from 'vitest';
import { searchIncident } from '../../../../core/queries/incident.ts';
import { readMission } from '../../../../core/queries/mission.ts';
import { searchOrganisations } from '../../../../core/queries/organisations.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import type { Subscriptions } from '../../../../core/delivery/subscription.ts';
import type { Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { systems } from '../../../../schemas/names.ts';
import { becomes } from '../../../support/endpoint-status.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import {
  directory,
  type Envelope,
  incidentIdentifier,
  missionDecision,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceRequest,
  resourceResponse,
  taskOpenedBy,
} from '../../../support/messages.ts';
import {
  callerFor,
  faultIn,
  hubAfter,
  listed,
  nextOf,
  type Resource,
  resourceIn,
  searchFor,
  searching,
} from '../../../support/reading.ts';

const view = { base: 'https://hub.example/fhir', directory };

type Step = readonly [Party, Message];

/** One mission of an incident, requested by the AMK at an AMK LA, with every element about a person that a sender can fill in. */
const missionOf = (
  id: string,
  {
    incident = 'tunnel',
    by = parties.amk,
    to = parties.la,
    exercise = false,
  }: Pick<Envelope, 'exercise'> & { readonly incident?: string; readonly by?: Party; readonly to?: Party } = {},
) => {
  const request = missionRequest({
    id,
    incident,
    exercise,
    to: [to.organisation],
    more: [{ resourceType: 'Patient', name: [{ text: 'Kari Nordmann' }] }],
  });
  const mission = missionOpenedBy(request, by);
  const opened: Step = [by, request];
  const decided: Step = [
    to,
    missionDecision({ task: taskOpenedBy(mission, 1), answer: 'accepted', exercise, id: `${id}-decision` }),
  ];
  const asked: Step = [to, resourceRequest({ mission, exercise, id: `${id}-ask` })];
  const refused: Step = [
    parties.operator,
    resourceResponse({ task: taskOpenedBy(mission, 3), answer: 'declined', exercise, id: `${id}-no` }),
  ];
  return { mission, opened, decided, asked, refused, all: [opened, decided, asked] };
};

const query = (value: string, more: Readonly<Record<string, string>> = {}): URLSearchParams =>
  new URLSearchParams({ requisition: `${incidentIdentifier(value).system}|${value}`, ...more });

const search = (hub: MemoryHub, party: Party, parameters: URLSearchParams) =>
  searching('ServiceRequest', [...parameters], (asked) => searchIncident(hub, callerFor(party), asked, view));

/** The incident as a party sees it, as valid FHIR. */
const seen = async (hub: MemoryHub, party: Party, parameters = query('tunnel')) => {
  const bundle = resourceIn(await search(hub, party, parameters));
  expect(problemsOf(bundle)).toEqual([]);
  return {
    bundle,
    missions: listed(bundle),
    tasks: listed(bundle, 'include'),
    remarks: listed(bundle, 'outcome'),
  };
};

const idsOf = (resources: readonly Resource[]): readonly unknown[] => resources.map(({ id }) => id);
const isMinimal = (resource: Resource): boolean => JSON.stringify(resource['meta']).includes('SUBSETTED');

const here = missionOf('here');
const there = missionOf('there', { by: parties.otherAmk, to: parties.otherLa });
const elsewhere = missionOf('elsewhere', { incident: 'avalanche', by: parties.otherAmk, to: parties.otherLa });
/** An update of a mission that states its event, to these organisations: it opens the event to them. */
const opens = (by: Party, { mission }: { readonly mission: string }, ...to: readonly Party[]): Step => [
  by,
  missionUpdate({
    mission,
    incident: 'tunnel',
    id: `opens-${by.organisation}-${to.map(({ organisation }) => organisation).join('-')}`,
    to: to.map(({ organisation }) => organisation),
  }),
];

/** Two missions of the event at two AMK LA, which have opened them to each other, and one of another event. */
const tunnel = () =>
  hubAfter(
    ...here.all,
    ...there.all,
    ...elsewhere.all,
    opens(parties.la, here, parties.otherLa),
    opens(parties.otherLa, there, parties.la),
  );

describe('search of an incident', () => {
  test.each([parties.amk, parties.otherAmk, parties.la, parties.otherLa])(
    'is seen together by those who coordinate a part of it: $name',
    async (party) => {
      const { missions, bundle, tasks, remarks } = await seen(await tunnel(), party);
      const isHere = [parties.amk.organisation, parties.la.organisation].some((one) => one === party.organisation);
      expect(idsOf(missions)).toEqual(isHere ? [here.mission, there.mission] : [there.mission, here.mission]);
      expect(bundle).toMatchObject({ total: 2 });
      expect([tasks, remarks]).toEqual([[], []]);
    },
  );

  test("shows a party's own missions in full, as they are read one by one", async () => {
    const hub = await tunnel();
    for (const [party, { mission }, other] of [
      [parties.la, here, there],
      [parties.otherAmk, there, here],
    ] as const) {
      const { missions } = await seen(hub, party);
      const one = await readMission(hub.missions, callerFor(party), mission);
      expect(missions.find(({ id }) => id === mission)).toEqual(one.outcome === 'found' ? one.resource : undefined);
      expect(missions.filter(isMinimal).map(({ id }) => id)).toEqual([other.mission]);
    }
  });

  test("shows the progress of other parties' missions, without persons, free text and places", async () => {
    const { missions, bundle } = await seen(
      await tunnel(),
      parties.la,
      query('tunnel', { _revinclude: 'Task:based-on' }),
    );
    expect(missions.find(({ id }) => id === there.mission)).toEqual({
      resourceType: 'ServiceRequest',
      id: there.mission,
      meta: {
        versionId: '4',
        lastUpdated: expect.any(String),
        tag: [expect.objectContaining({ code: 'SUBSETTED' })],
      },
      extension: [
        {
          url: expect.any(String),
          extension: [
            { url: 'status', valueCode: 'requested' },
            { url: 'count', valueUnsignedInt: 1 },
          ],
        },
        {
          url: expect.any(String),
          extension: [
            { url: 'status', valueCode: 'accepted' },
            { url: 'count', valueUnsignedInt: 1 },
          ],
        },
      ],
      identifier: [{ system: systems.mission, value: there.mission }],
      requisition: incidentIdentifier('tunnel'),
      reasonCode: [{ coding: [{ system: systems.missionCriterion, code: 'time-to-definitive-care' }] }],
      status: 'active',
      intent: 'order',
      priority: 'stat',
      subject: { extension: [expect.objectContaining({ valueCode: 'masked' })] },
      authoredOn: expect.any(String),
      requester: expect.objectContaining({ reference: `Organization/${parties.otherAmk.organisation}` }),
      performer: [expect.objectContaining({ reference: `Organization/${parties.otherLa.organisation}` })],
    });
    const others = JSON.stringify(listed(bundle).concat(listed(bundle, 'include')).filter(isMinimal));
    expect(others).not.toMatch(/Nordmann|Unknown|Koordinator|locationReference|position/);
  });

  test('shows a mission with a deferred decision as on hold', async () => {
    const deferred: Step = [
      parties.otherLa,
      missionDecision({ task: taskOpenedBy(there.mission, 1), answer: 'deferred' }),
    ];
    const hub = await hubAfter(here.opened, there.opened, deferred, opens(parties.otherLa, there, parties.la));
    const { missions } = await seen(hub, parties.la);
    expect(missions.map(({ status }) => status)).toEqual(['active', 'on-hold']);
  });

  test('shows nothing to non-parties, and other roles only their own missions', async () => {
    const hub = await hubAfter(here.opened, here.decided, here.asked, here.refused, ...there.all);
    const nonParty = { ...parties.amk, organisation: '100000009' };
    const outside = { ...parties.la, organisation: '100000019' };
    for (const party of [nonParty, outside, parties.hospital, parties.observer, parties.quality])
      expect((await seen(hub, party)).bundle).toMatchObject({ total: 0 });
    expect(idsOf((await seen(hub, parties.operator)).missions)).toEqual([here.mission, there.mission]);
    expect((await seen(hub, parties.otherOperator)).missions).toEqual([]);
    expect(
      (await seen(await hubAfter(here.opened, ...there.all), parties.operator)).missions.map(({ id }) => id),
    ).toEqual([there.mission]);
  });

  test('includes Tasks on request: whole ones of own missions, minimal ones of others', async () => {
    const hub = await tunnel();
    const withTasks = query('tunnel', { _revinclude: 'Task:based-on' });
    const { tasks } = await seen(hub, parties.la, withTasks);
    const all = [here.mission, there.mission].flatMap((mission) => [
      taskOpenedBy(mission, 1),
      taskOpenedBy(mission, 3),
    ]);
    expect(idsOf(tasks)).toEqual(all);
    expect(tasks.map(isMinimal)).toEqual([false, false, true, true]);
    expect(idsOf((await seen(hub, parties.operator, withTasks)).tasks)).toEqual([all[1], all[3]]);
    expect(faultIn(await search(hub, parties.la, query('tunnel', { _revinclude: 'Communication:part-of' })))).toBe(
      'unknown-search',
    );
  });

  test('separates exercises of an incident from real missions', async () => {
    const drill = missionOf('drill', { exercise: true });
    const hub = await hubAfter(...here.all, ...drill.all);
    expect(idsOf((await seen(hub, parties.la)).missions)).toEqual([here.mission]);
    for (const label of ['HTEST', `${systems.actReason}|HTEST`]) {
      const { missions } = await seen(hub, parties.la, query('tunnel', { _security: label }));
      expect(idsOf(missions)).toEqual([drill.mission]);
      expect(missions[0]?.['meta']).toMatchObject({ security: [{ code: 'HTEST' }] });
    }
    // A party to the exercise only does not see the real incident.
    const other = missionOf('other-drill', { exercise: true, by: parties.otherAmk, to: parties.otherLa });
    const both = await hubAfter(...here.all, ...other.all);
    expect((await seen(both, parties.otherLa)).missions).toEqual([]);
    expect(idsOf((await seen(both, parties.otherLa, query('tunnel', { _security: 'HTEST' }))).missions)).toEqual([
      other.mission,
    ]);
  });

  test('follows a mission that a new description moves to another incident', async () => {
    const hub = await tunnel();
    const state = (await hub.missions.last(elsewhere.mission))?.state;
    if (state === undefined) throw new Error('there is no such mission');
    await hub.overview.link(
      { ...state, incident: incidentIdentifier('tunnel') },
      { parties: [state.requester, state.coordinator], shares: [] },
    );
    expect(idsOf((await seen(hub, parties.otherLa)).missions)).toEqual([there.mission, here.mission]);
  });

  test('returns at most 200 missions and reports it, 50 on a page unless asked otherwise', async () => {
    const many = Array.from({ length: 203 }, (_, index) => missionOf(`many-${index}`).opened);
    const hub = await hubAfter(...many);
    const { missions, remarks } = await seen(hub, parties.la);
    expect(missions).toHaveLength(50);
    expect(remarks).toMatchObject([{ resourceType: 'OperationOutcome', issue: [{ severity: 'warning' }] }]);
    const pages: number[] = [];
    const ids = new Set<unknown>();
    let parameters = query('tunnel', { _count: '90' });
    for (;;) {
      const page = resourceIn(await search(hub, parties.la, parameters));
      pages.push(listed(page).length);
      for (const id of idsOf(listed(page))) ids.add(id);
      const next = nextOf(page);
      if (next === undefined) break;
      parameters = new URL(next).searchParams;
    }
    expect([pages, ids.size]).toEqual([[90, 90, 20], 200]);
  });

  test('shows nothing of the event to a party that has its number alone, and says whom to phone', async () => {
    const hub = await hubAfter(...here.all, ...there.all);
    for (const [party, own, coordinator] of [
      [parties.otherAmk, there, parties.la],
      [parties.otherLa, there, parties.la],
      [parties.amk, here, parties.otherLa],
    ] as const) {
      const { missions, remarks, bundle } = await seen(hub, party);
      expect(idsOf(missions)).toEqual([own.mission]);
      expect(bundle).toMatchObject({ total: 1 });
      expect(remarks).toMatchObject([
        { issue: [{ code: 'suppressed', diagnostics: expect.stringContaining(coordinator.organisation) }] },
      ]);
      expect(JSON.stringify(bundle)).not.toContain(own === here ? there.mission : here.mission);
    }
  });

  test('shows the missions of the same AMK LA to each AMK', async () => {
    const second = missionOf('second', { by: parties.otherAmk });
    const hub = await hubAfter(...here.all, ...second.all);
    expect(idsOf((await seen(hub, parties.amk)).missions)).toEqual([here.mission, second.mission]);
    expect(idsOf((await seen(hub, parties.otherAmk)).missions)).toEqual([second.mission, here.mission]);
  });

  test.each<[string, Step, readonly Party[]]>([
    ['an AMK LA to an AMK LA', opens(parties.la, here, parties.otherLa), [parties.otherLa, parties.otherAmk]],
    ['an AMK LA to an AMK', opens(parties.la, here, parties.otherAmk), [parties.otherAmk]],
    ['an AMK to an AMK LA', opens(parties.amk, here, parties.otherLa), [parties.otherLa, parties.otherAmk]],
  ])('is opened by %s, in one direction', async (_name, step, to) => {
    const hub = await hubAfter(...here.all, ...there.all, step);
    for (const party of to) expect(idsOf((await seen(hub, party)).missions)).toEqual([there.mission, here.mission]);
    for (const party of [parties.la, parties.amk])
      expect(idsOf((await seen(hub, party)).missions)).toEqual([here.mission]);
  });

  test('opens all missions of an AMK LA that opens it, and only its own of an AMK', async () => {
    const second = missionOf('second', { by: parties.amk });
    const ids = async (step: Step) => {
      const hub = await hubAfter(...here.all, ...second.all, ...there.all, step);
      return idsOf((await seen(hub, parties.otherLa)).missions);
    };
    expect(await ids(opens(parties.la, here, parties.otherLa))).toEqual([there.mission, here.mission, second.mission]);
    expect(await ids(opens(parties.amk, here, parties.otherLa))).toEqual([there.mission, here.mission]);
  });

  test('is not opened by an update that does not state the event, nor by another event, nor for a non-party', async () => {
    const silent: Step = [
      parties.la,
      missionUpdate({ mission: here.mission, id: 'silent', to: [parties.otherLa.organisation] }),
    ];
    const moved: Step = [parties.amk, missionUpdate({ mission: here.mission, id: 'moved', incident: 'avalanche' })];
    const back: Step = [parties.amk, missionUpdate({ mission: here.mission, id: 'back', incident: 'tunnel' })];
    for (const steps of [[silent], [opens(parties.la, here, parties.otherLa), moved, back]]) {
      const hub = await hubAfter(...here.all, ...there.all, ...steps);
      expect(idsOf((await seen(hub, parties.otherLa)).missions)).toEqual([there.mission]);
    }
    const hub = await hubAfter(...here.all, opens(parties.la, here, parties.otherLa));
    expect((await seen(hub, parties.otherLa)).missions).toEqual([]);
  });

  test("keeps a party's own mission in the list, whatever number of missions others open", async () => {
    const many = Array.from(
      { length: 205 },
      (_, index) => missionOf(`flood-${index}`, { by: parties.otherAmk }).opened,
    );
    const apart = Array.from(
      { length: 205 },
      (_, index) => missionOf(`apart-${index}`, { by: parties.otherAmk, to: parties.otherLa }).opened,
    );
    const hub = await hubAfter(...many, ...apart, here.opened);
    const { missions, remarks } = await seen(hub, parties.amk, query('tunnel', { _count: '10' }));
    expect(missions[0]).toMatchObject({ id: here.mission });
    expect(missions[0] !== undefined && isMinimal(missions[0])).toBe(false);
    expect(remarks).toMatchObject([{ issue: [{ code: 'too-costly' }] }, { issue: [{ code: 'suppressed' }] }]);
  });

  test('cuts what was opened last, also of the missions of others', async () => {
    const early = Array.from({ length: 120 }, (_, index) =>
      missionOf(`early-${index}`, { by: parties.otherAmk, to: parties.otherLa }),
    );
    const flood = Array.from({ length: 120 }, (_, index) => missionOf(`flood-${index}`, { by: parties.otherAmk }));
    const [first = there] = early;
    const hub = await hubAfter(
      ...[...early, ...flood, here].map(({ opened }) => opened),
      opens(parties.otherLa, first, parties.la),
    );
    const page = await seen(hub, parties.amk, query('tunnel', { _count: '100' }));
    const rest = await seen(hub, parties.amk, new URL(nextOf(page.bundle) ?? '').searchParams);
    expect(idsOf([...page.missions, ...rest.missions])).toEqual(
      [here, ...early, ...flood.slice(0, 79)].map(({ mission }) => mission),
    );
  });

  test('has a remark if it is empty, the same for a number that nobody uses', async () => {
    const hub = await tunnel();
    const nonParty = { ...parties.amk, organisation: '100000009' };
    const known = await seen(hub, nonParty);
    const unknown = await seen(hub, nonParty, query('nothing'));
    expect(known.remarks).toMatchObject([{ issue: [{ severity: 'warning', code: 'not-found' }] }]);
    expect(unknown.remarks).toEqual(known.remarks);
  });

  test('finds an identifier whose value has a comma or a bar', async () => {
    const odd = missionOf('odd', { incident: 'E6, km 12|north' });
    const hub = await hubAfter(odd.opened);
    const { system } = incidentIdentifier('');
    const written = new URLSearchParams({ requisition: `${system}|E6\\, km 12\\|north` });
    expect(idsOf((await seen(hub, parties.la, written)).missions)).toEqual([odd.mission]);
    for (const requisition of ['tunnel', '|tunnel', `${system}|`, `${system}|a,${system}|b`, ''])
      expect(faultIn(await search(hub, parties.la, new URLSearchParams({ requisition })))).toBe('unknown-search');
    expect(faultIn(await search(hub, parties.la, new URLSearchParams()))).toBe('unknown-search');
    expect(faultIn(await search(hub, parties.la, query('tunnel', { colour: 'red' })))).toBe('unknown-search');
    expect(faultIn(await search(hub, parties.la, query('tunnel', { _security: 'R' })))).toBe('unknown-search');
  });
});

describe('search of organisations', () => {
  const asked = async (parameters: string) =>
    searching('Organization', [...new URLSearchParams(parameters)], async (one) =>
      searchOrganisations(await hubAfter(), one, view),
    );
  const found = async (parameters: string) => {
    const bundle = resourceIn(await asked(parameters));
    expect(problemsOf(bundle)).toEqual([]);
    return idsOf(listed(bundle));
  };

  test('lists organisations by role and name', async () => {
    const numbers = (...list: readonly Party[]) => list.map(({ organisation }) => organisation);
    expect(await found('type=amk-la')).toEqual(numbers(parties.la, parties.otherLa));
    expect(await found(`type=${systems.partyRole}|hospital,amk-la`)).toEqual(
      numbers(parties.la, parties.otherLa, parties.hospital, parties.otherHospital),
    );
    expect(await found('type=operator&name=helicopter')).toEqual(numbers(parties.operator, parties.otherOperator));
    expect(await found('type=operator&name:contains=dombas')).toEqual(numbers(parties.operator));
    expect(await found('type=operator&name=dombas')).toEqual([]);
    expect(await found('type=operator&_count=2')).toEqual(numbers(parties.operator, parties.otherOperator));
  });

  test('reports whether the hub can reach each party by machine', async () => {
    const hub = await hubAfter();
    const { la, otherLa } = parties;
    const reached = async () => {
      const bundle = resourceIn(await searchOrganisations(hub, searchFor('Organization', { type: 'amk-la' }), view));
      return listed(bundle).map(({ extension }) => extension);
    };
    const says = (valueCode: string) => [
      { url: 'https://luftbro.example/fhir/StructureDefinition/machine-contact', valueCode },
    ];
    expect(await reached()).toEqual([says('active'), says('active')]);
    await hub.subscriptions.create({ ...sampleSubscription('second', la.organisation), status: 'requested' }, '');
    await becomes(hub, otherLa.organisation, 'error');
    expect(await reached()).toEqual([says('partial'), says('error')]);
    await becomes(hub, la.organisation, 'off');
    await becomes(hub, otherLa.organisation, 'off');
    expect(await reached()).toEqual([says('requested'), says('none')]);
    // Phone numbers are readable also while storage is unavailable.
    const away: Subscriptions = {
      ...hub.subscriptions,
      subscribers: () => Promise.reject(new Unavailable('away')),
    };
    const blind = await searchOrganisations(
      { subscriptions: away },
      searchFor('Organization', { type: 'amk-la' }),
      view,
    );
    expect(listed(resourceIn(blind)).map(({ extension }) => extension)).toEqual([undefined, undefined]);
    const hubItself = await searchOrganisations(hub, searchFor('Organization', { type: 'hub' }), view);
    expect(JSON.stringify(hubItself)).not.toContain('machine-contact');
  });

  test.each(['', 'address=Oslo', 'type=pilot', 'type=amk-la,pilot', 'type=amk-la&address=Oslo'])(
    'refuses a search it does not offer: %s',
    async (parameters) => {
      expect(faultIn(await asked(parameters))).toBe('unknown-search');
    },
  );
});
