import { describe, expect, test } from 'vitest';
import { readHistory, searchHistory } from '../../../../core/queries/history/read-history.ts';
import type { Caller } from '../../../../core/audit/access-log.ts';
import { exerciseCode } from '../../../../schemas/names.ts';
import { problemsOf } from '../../../support/fhir-validator.ts';
import { missionOpenedBy, missionRequest, parties, reviewRequest } from '../../../support/messages.ts';
import {
  entriesIn,
  flown,
  historyFor,
  mission,
  numbersIn,
  played,
  portsOf,
  rejected,
  resourceOf,
  task,
  textOf,
  view,
} from '../../../support/history.ts';
import { searchFor, searching } from '../../../support/reading.ts';

const { amk, la, quality } = parties;

describe('read history', () => {
  test('links each page to the next one', async () => {
    const hub = await played(...flown);
    const first = await historyFor(hub, la, { _count: '4' });
    expect(numbersIn(first)).toEqual(['1', '2', '3', '4']);
    expect(first).toMatchObject({
      type: 'searchset',
      link: [
        { relation: 'self', url: `${view.base}/ServiceRequest/${mission}/$history?_count=4` },
        { relation: 'next', url: `${view.base}/ServiceRequest/${mission}/$history?_count=4&_cursor=4` },
      ],
    });
    const last = await historyFor(hub, la, { _count: '4', _cursor: '4' });
    expect(numbersIn(last)).toEqual(['5', '6', '7', '8']);
    // The Task of the page before is known: no entry is shown as opening it again.
    expect(textOf(entriesIn(last)[0])).toContain(
      'Task 4 (Decide on a mission request, AMK LA Oslo): requested → accepted.',
    );
  });

  test('says which numbers of the log are missing, on the page where they belong', async () => {
    const hub = await played(...flown);
    const ports = portsOf(hub);
    const { missions } = ports;
    const without: typeof ports = {
      ...ports,
      missions: {
        ...missions,
        entries: async (...args) => (await missions.entries(...args)).filter(({ number }) => ![3, 4].includes(number)),
      },
    };
    const text = 'the log of this mission does not have the messages 3, 4';
    const history = (search: Record<string, string>, accept = '', reader: Caller = la) =>
      readHistory(without, reader, mission, searchFor('Provenance', search), view, accept);
    const whole = resourceOf(await history({}));
    expect(problemsOf(whole)).toEqual([]);
    expect(JSON.stringify(whole)).toContain(text);
    expect(numbersIn(whole)).not.toContain('3');
    expect(JSON.stringify(resourceOf(await history({ _count: '2' })))).not.toContain('does not have');
    expect(JSON.stringify(resourceOf(await history({ _count: '2', _cursor: '2' })))).toContain(text);
    expect(String(resourceOf(await history({}, 'text/html')))).toContain(`<strong>Not complete: ${text}`);
    expect(
      JSON.stringify(resourceOf(await history({}, '', { organisation: quality.organisation, role: 'quality' }))),
    ).toContain(text);
    expect(JSON.stringify(await historyFor(hub, la))).not.toContain('does not have');
  });

  test('finds the same by a search for Provenance', async () => {
    const hub = await played(...rejected);
    const search = searchFor('Provenance', { target: `ServiceRequest/${mission}` });
    const found = resourceOf(await searchHistory(portsOf(hub), la, search, view));
    expect(entriesIn(found)).toEqual(entriesIn(await historyFor(hub, la)));
    expect(found).toMatchObject({
      link: [{ url: `${view.base}/Provenance?target=ServiceRequest%2F${mission}` }],
    });
  });

  test.each<[Record<string, string>, string]>([
    [{ since: '2026' }, 'http.since'],
    [{ _count: 'many' }, 'http._count'],
    [{ _cursor: 'x' }, 'http._cursor'],
  ])('refuses unknown parameters: %o', async (search, at) => {
    const hub = await played(...rejected);
    const refused = await searching('Provenance', search, (asked) =>
      readHistory(portsOf(hub), la, mission, asked, view),
    );
    expect(refused).toMatchObject({ outcome: 'refused', faults: [{ code: 'unknown-search', at }] });
    expect(await searchHistory(portsOf(hub), la, searchFor('Provenance'), view)).toMatchObject({
      faults: [{ at: 'http.target' }],
    });
  });

  test.each<{ form: Record<string, string>; accept: string }>([
    { form: { _format: 'html' }, accept: '' },
    { form: { _format: 'text/html' }, accept: 'application/fhir+json' },
    { form: {}, accept: 'text/html,application/xhtml+xml;q=0.9' },
  ])('returns one complete HTML page without scripts: %o', async ({ form, accept }) => {
    const hub = await played(...flown);
    const history = await readHistory(portsOf(hub), la, mission, searchFor('Provenance', form), view, accept);
    const page = String(resourceOf(history));
    expect(history).toMatchObject({
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': expect.stringContaining("default-src 'none'; style-src 'sha256-"),
      },
    });
    expect(page.match(/<section /g)).toHaveLength(9);
    expect(page).toContain(`<title>Mission ${mission}</title>`);
    expect(page).toContain('The answer took 3 min 12 s');
    expect(page).not.toMatch(/<script|<img|<link|href=|src=|\son\w+=/i);
    expect(page).not.toContain('EXERCISE');
  });

  test('returns FHIR if the client accepts anything', async () => {
    const hub = await played(...rejected);
    const search = searchFor('Provenance', { _format: 'json' });
    expect(entriesIn(resourceOf(await readHistory(portsOf(hub), la, mission, search, view, 'text/html')))).toHaveLength(
      3,
    );
    expect(
      entriesIn(resourceOf(await readHistory(portsOf(hub), la, mission, searchFor('Provenance'), view, '*/*'))),
    ).toHaveLength(3);
  });

  test('marks an exercise on the page and in every entry', async () => {
    const exercise = missionRequest({ id: 'exercise', exercise: true });
    const hub = await played([0, amk, exercise]);
    const number = missionOpenedBy(exercise);
    const page = resourceOf(
      await readHistory(portsOf(hub), la, number, searchFor('Provenance', { _format: 'html' }), view),
    );
    expect(page).toContain('<p class="exercise">EXERCISE — this mission is not real</p>');
    expect(page).toContain(`<title>EXERCISE: Mission ${number}</title>`);
    const [entry] = entriesIn(
      resourceOf(await readHistory(portsOf(hub), quality, number, searchFor('Provenance'), view)),
    );
    expect(textOf(entry)).toContain('EXERCISE.');
    expect(entry).toMatchObject({ meta: { security: [{ code: exerciseCode }, { code: 'REDACTED' }] } });
  });

  test('escapes free text', async () => {
    const words = '</div><script>alert("1")</script> & \u202Eevil\u0007';
    const hub = await played(...rejected, [30, amk, reviewRequest({ task: task(1), words })]);
    const page = String(await historyFor(hub, la, { _format: 'html' }));
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;/div&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp;  evil ');
    expect(problemsOf(JSON.parse(JSON.stringify(await historyFor(hub, la))))).toEqual([]);
  });
});
