/** One mission with its history, for the tests of reading it. */

import { acceptMessage } from '../../core/mission/accept-message.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import type { Caller } from '../../core/audit/access-log.ts';
import { type History, readHistory } from '../../core/queries/history/read-history.ts';
import type { Party } from '../../core/mission/state.ts';
import type { Refusal } from '../../schemas/faults.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { isObject } from '../../schemas/json/json.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { becomes } from './endpoint-status.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../memory/hub.ts';
import {
  acknowledgement,
  directory,
  missionDecision,
  missionOpenedBy,
  missionRequest,
  parties,
  prearrivalNotification,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
  sentBy,
  taskOpenedBy,
} from './messages.ts';
import { searchFor } from './reading.ts';

const { amk, la, otherLa, operator, hospital, observer } = parties;
export const view = { base: 'https://hub.example/fhir', directory };

/** Seconds after the step before, who sends, what. */
export type Step = readonly [seconds: number, sender: Party, message: Message];

export const say = async (hub: MemoryHub, [seconds, sender, message]: Step): Promise<void> => {
  hub.clock.advance(seconds * 1000);
  const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  await fanOut(hub, accepted.entry);
};

export const played = async (...steps: readonly Step[]): Promise<MemoryHub> => {
  const hub = memoryHub();
  for (const party of [amk, la, otherLa, operator, hospital, observer]) {
    await hub.subscriptions.create(sampleSubscription(party.name, party.organisation), hub.clock.iso());
    await becomes(hub, party.name, 'active');
  }
  for (const step of steps) await say(hub, step);
  return hub;
};

export const request = missionRequest({ id: 'request' });
export const mission = missionOpenedBy(request);
export const task = (entry: number): string => taskOpenedBy(mission, entry);

const rejection = missionDecision({
  task: task(1),
  answer: 'rejected',
  reason: 'no-medical-indication',
  criterion: 'rapid-transport',
  by: { name: 'Rolig Radar', number: '000000101' },
  as: 'Coordinating physician',
});

/** Asked, seen after 25 seconds, rejected after 3 minutes and 12 seconds. */
export const rejected: readonly Step[] = [
  [0, amk, request],
  [25, la, acknowledgement({ task: task(1) })],
  [167, la, rejection],
];

/** … disputed, accepted by another, and flown; the hospital is warned. */
export const flown: readonly Step[] = [
  ...rejected,
  [30, amk, reviewRequest({ task: task(1), words: 'The road is closed by an avalanche' })],
  [60, la, missionDecision({ task: task(4), answer: 'accepted', by: 'Vennlig Vurdering', as: 'Physician on call' })],
  [10, la, resourceRequest({ mission })],
  [20, operator, resourceResponse({ task: task(6), answer: 'accepted' })],
  [600, operator, resourceStatus({ task: task(6), phases: { departed: '2026-02-01T12:10:00+01:00' } })],
  [5, operator, prearrivalNotification({ mission, partOf: task(6) })],
];

export const portsOf = (hub: MemoryHub) => ({ ...hub, guidelines: firstGuidelines });

export const resourceOf = (history: History | Refusal): unknown => {
  if (history.outcome === 'refused') throw new Error(JSON.stringify(history.faults));
  return history.resource;
};

export const historyFor = async (hub: MemoryHub, caller: Caller, search: Readonly<Record<string, string>> = {}) =>
  resourceOf(await readHistory(portsOf(hub), caller, mission, searchFor('Provenance', search), view));

type Resource = Readonly<Record<string, unknown>>;

export const entriesIn = (history: unknown): readonly Resource[] => {
  const entries = isObject(history) && Array.isArray(history['entry']) ? history['entry'] : [];
  return entries.filter(isObject).flatMap(({ resource }) => (isObject(resource) ? [resource] : []));
};

/** The text of an entry without its markup. */
export const textOf = (entry: Resource | undefined): string => {
  const text = entry?.['text'];
  return isObject(text) ? String(text['div']).replaceAll(/<[^>]+>/g, '\n') : '';
};

export const numbersIn = (history: unknown): readonly string[] =>
  entriesIn(history).map(({ id }) => String(id).split('.').at(-1) ?? '');

export const entryFor = async (hub: MemoryHub, caller: Caller, number: number): Promise<Resource> => {
  const found = entriesIn(await historyFor(hub, caller)).find(({ id }) => id === `${mission}.${number}`);
  if (found === undefined) throw new Error(`the history has no entry ${number}`);
  return found;
};
