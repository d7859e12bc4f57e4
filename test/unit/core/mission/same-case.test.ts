import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { openMissionsOfCase } from '../../../../core/mission/same-case.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { isRefusal } from '../../../../schemas/faults.ts';
import type { MemoryHub } from '../../../memory/hub.ts';
import { missionCancel, missionOpenedBy, missionRequest, parties, sentBy } from '../../../support/messages.ts';
import { hubAfter } from '../../../support/reading.ts';

const { amk, otherAmk } = parties;
const number = { system: 'https://amk.example/sid/case', value: '41' };
const first = missionRequest({ id: 'first', identifiers: [number] });

/** The open missions that the sender of a request is warned of. */
const warnedOf = async (hub: MemoryHub, request: ReturnType<typeof missionRequest>, by: Party = amk) => {
  const accepted = await acceptMessage(hub.missions, request, sentBy(by), hub.now);
  if (isRefusal(accepted)) throw new Error(JSON.stringify(accepted.faults));
  return openMissionsOfCase(hub, accepted.entry);
};

describe('open missions of a case', () => {
  test('are those that the sender has requested under one of its case numbers', async () => {
    const hub = await hubAfter([amk, first]);
    const again = {
      id: 'again',
      identifiers: [
        { system: 'urn:ticket', value: '9' },
        { ...number, value: ' 41 ' },
      ],
    };
    expect(await warnedOf(hub, missionRequest(again))).toEqual([missionOpenedBy(first)]);
  });

  test('are not the one that the request opens', async () => {
    const hub = await hubAfter([amk, first]);
    expect(await warnedOf(hub, first)).toEqual([]);
  });

  test.each([
    ['without a case number', {}],
    ['with another number', { identifiers: [{ ...number, value: '42' }] }],
    ['with the number in another system', { identifiers: [{ ...number, system: 'urn:other' }] }],
    ['with a number that is out of use', { identifiers: [{ ...number, use: 'old' }] }],
    ['in an exercise', { identifiers: [number], exercise: true }],
  ])('are none for a request %s', async (_what, more) => {
    const hub = await hubAfter([amk, first]);
    expect(await warnedOf(hub, missionRequest({ id: 'again', ...more }))).toEqual([]);
  });

  test('are none of another requester, and none that has ended', async () => {
    const hub = await hubAfter([amk, first]);
    const again = (id: string) => missionRequest({ id, identifiers: [number] });
    expect(await warnedOf(hub, again('of-another'), otherAmk)).toEqual([]);
    const ended = await hubAfter([amk, first], [amk, missionCancel({ mission: missionOpenedBy(first), id: 'cancel' })]);
    expect(await warnedOf(ended, again('later'))).toEqual([]);
  });
});
