import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { readProvenance, readHistory, searchHistory } from '../../../../core/queries/history/read-history.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  missionDecision,
  missionForward,
  missionUpdate,
  parties,
  prearrivalNotification,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  sentBy,
} from '../../../support/messages.ts';
import {
  type Step,
  entriesIn,
  entryFor,
  flown,
  historyFor,
  mission,
  numbersIn,
  played,
  portsOf,
  request,
  task,
  textOf,
  view,
} from '../../../support/history.ts';
import { searchFor } from '../../../support/reading.ts';

const { amk, la, otherLa, operator, hospital, otherHospital, observer, quality, otherAmk } = parties;

describe('history readers', () => {
  const forwarded: readonly Step[] = [
    [0, amk, request],
    [5, la, missionUpdate({ mission, to: [observer.organisation] })],
    [10, la, missionForward({ task: task(1) })],
    [10, otherLa, acknowledgement({ task: task(3) })],
    [10, otherLa, missionDecision({ task: task(3), answer: 'accepted' })],
    [10, otherLa, resourceRequest({ mission })],
    [10, operator, resourceResponse({ task: task(6), answer: 'accepted' })],
    [10, operator, prearrivalNotification({ mission, partOf: task(6) })],
  ];
  const all = ['1', '2', '3', '4', '5', '6', '7', '8'];

  test.each([
    { who: 'requester', caller: amk, seen: all },
    { who: 'coordinator', caller: otherLa, seen: all },
    { who: 'earlier coordinator', caller: la, seen: ['1', '2', '3', '4', '5'] },
    { who: 'quality system', caller: quality, seen: all },
    { who: 'operator', caller: operator, seen: ['1', '2', '3', '6', '7', '8'] },
    { who: 'hospital', caller: hospital, seen: ['1', '2', '3', '8'] },
    { who: 'observer', caller: observer, seen: ['1', '2', '3'] },
  ])('shows the entries $seen to the $who', async ({ caller, seen }) => {
    const hub = await played(...forwarded);
    expect(numbersIn(await historyFor(hub, caller))).toEqual(seen);
    for (const number of all) {
      const found = await readProvenance(portsOf(hub), caller, `${mission}.${number}`, view);
      expect(found.outcome).toBe(seen.includes(number) ? 'found' : 'refused');
    }
  });

  test.each([otherAmk, otherHospital])('shows nothing to a non-party: $name', async (caller) => {
    const hub = await played(...forwarded);
    for (const result of [
      await readHistory(portsOf(hub), caller, mission, searchFor('Provenance'), view),
      await readHistory(portsOf(hub), caller, 'no-mission', searchFor('Provenance'), view),
      await searchHistory(portsOf(hub), caller, searchFor('Provenance', { target: `ServiceRequest/${mission}` }), view),
      await readProvenance(portsOf(hub), caller, `${mission}.1`, view),
    ])
      expect(result).toMatchObject({ outcome: 'refused', faults: [{ code: 'not-found' }] });
  });

  test('shows no history of the availability of a resource', async () => {
    const hub = memoryHub();
    const report = await acceptMessage(hub.missions, resourceAvailability(), sentBy(operator), hub.now);
    if (report.outcome === 'refused') throw new Error('refused');
    for (const caller of [operator, la, quality])
      expect(
        await readHistory(portsOf(hub), caller, report.entry.mission, searchFor('Provenance'), view),
      ).toMatchObject({
        outcome: 'refused',
        faults: [{ code: 'not-found' }],
      });
  });

  test('shows class of the reason and time to the quality system, without names and free text', async () => {
    const hub = await played(...flown);
    const history = await historyFor(hub, quality);
    expect(JSON.stringify(history)).not.toMatch(/Rolig|Radar|000000101|Coordinating physician|Fog|avalanche/);
    const words = textOf(entriesIn(history)[2]);
    expect(words).toContain('Decided by a person.');
    expect(words).toContain('Reason: No medical indication (medical reason), from the guideline, version 2026.1.');
    expect(words).toContain('The answer took 3 min 12 s');
    expect(JSON.stringify(entriesIn(history)[2])).toContain('REDACTED');
  });

  test('hides Tasks and receipts of other parties from a hospital', async () => {
    const words = textOf(await entryFor(await played(...flown), hospital, 8));
    expect(words).not.toContain('Task 6 (Fly or drive a mission, Helicopter Dombås): accepted → in-progress');
    expect(words).not.toContain('AMK LA Oslo: ');
  });
});
