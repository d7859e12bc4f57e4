import { expect, test } from 'vitest';
import { largestPacked, pack } from '../../../../adapters/packed.ts';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { Directory } from '../../../../core/mission/directory.ts';
import { overdueMessage, unreachableMessage, writeHubMessage } from '../../../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import type { Party } from '../../../../core/mission/state.ts';
import { isObject, listOf } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { memoryHub } from '../../../memory/hub.ts';
import { seededRandom } from '../../../support/random.ts';
import {
  directory as usualDirectory,
  missionCancel,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  read,
  resourceRequest,
  resourceResponse,
  sentBy,
  taskOpenedBy,
} from '../../../support/scenario.ts';

/** A mission that is filled by every means that senders have, with text that compresses as badly as valid UTF-8 can. */

const { amk, la, operator, hospital } = parties;

const observers = Array.from(
  { length: 150 },
  (_none, index): Party => ({
    organisation: `1${String(90_000_000 + index * 7_919)}`,
    name: 'Observer',
    role: 'observer',
  }),
);
const directory: Directory = {
  ...usualDirectory,
  partyOf: (organisation) =>
    usualDirectory.partyOf(organisation) ?? observers.find((one) => one.organisation === organisation),
};

const random = seededRandom(7);

/** A letter, of one, two, three or four bytes: each as often as makes the bytes most random. */
const letter = (): string => {
  const share = random.unit();
  const among = (first: number, last: number): string =>
    String.fromCodePoint(first + Math.floor(random.unit() * (last - first + 1)));
  if (share < 0.812) return among(0x23, 0x7e);
  if (share < 0.952) return among(0x400, 0x52f);
  return share < 0.99 ? among(0x4e00, 0x9fff) : among(0x20000, 0x2a6d0);
};
const noise = (units: number): string => {
  let text = '';
  while (text.length < units - 1) text += letter();
  return `${text}a`;
};

const largestBody = 256 * 1024;

/** The message with a resource that fills it to the largest body. */
const filled = (message: Message): Message => {
  const bundle = JSON.parse(message.text);
  const description: string[] = [];
  const resource = { resourceType: 'Basic', code: { text: '' } };
  bundle.entry.push({ fullUrl: 'urn:uuid:2f0a5c0e-6a58-4b0b-9a0e-3f1b5f6a7c11', resource });
  let left = largestBody - Buffer.byteLength(JSON.stringify(bundle)) - 8;
  while (left > 0) {
    const more = noise(500);
    left -= Buffer.byteLength(JSON.stringify(more)) - 2;
    if (left > 0) description.push(more);
  }
  resource.code.text = description.join('');
  const text = JSON.stringify(bundle);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(largestBody);
  expect(Buffer.byteLength(text)).toBeGreaterThan(largestBody - 2_500);
  return read(text);
};

/** The message with longer texts in its focus. */
const wordy = (message: Message, change: (focus: Record<string, unknown>) => void): Message => {
  const bundle = JSON.parse(message.text);
  const [, { resource: focus }] = bundle.entry;
  if (!isObject(focus)) throw new Error('the message has no focus');
  change(focus);
  return read(JSON.stringify(bundle));
};

const asks = (focus: Record<string, unknown>): void => {
  focus['description'] = noise(500);
  focus['for'] = { display: noise(100) };
  focus['location'] = { display: noise(100) };
  focus['note'] = [{ text: noise(100) }];
};

const declines = (focus: Record<string, unknown>): void => {
  if (isObject(focus['statusReason'])) focus['statusReason'] = { ...focus['statusReason'], text: noise(1_990) };
};

test('takes the largest answer, description, alerts and cancellation when it is filled by every means', async () => {
  const hub = memoryHub();
  const sizes: number[] = [];
  const send = async (sender: Party, message: Message): Promise<string> => {
    const outcome = await acceptMessage(hub.missions, message, { ...sentBy(sender), directory }, () => hub.now());
    if (outcome.outcome === 'refused') return outcome.faults[0].code;
    sizes.push(pack(outcome.entry).length);
    return outcome.outcome;
  };
  const last = async (): Promise<StoredEntry> => {
    const entry = await hub.missions.last(mission);
    if (entry === undefined) throw new Error('the log is empty');
    return entry;
  };
  const request = wordy(missionRequest({ id: 'full' }), (focus) => {
    focus['subject'] = { display: noise(100) };
    focus['note'] = [{ text: noise(600) }];
    focus['identifier'] = Array.from({ length: 10 }, () => ({ system: 'urn:example', value: noise(180) }));
  });
  const mission = missionOpenedBy(request);
  expect(await send(amk, request)).toBe('accepted');

  // Extensions of the description.
  const extended = (round: number): Message =>
    wordy(missionUpdate({ mission, id: `ext-${round}` }), (focus) => {
      focus['extension'] = Array.from({ length: 20 }, (_none, index) => ({
        url: `https://example.org/${round}/${index}`,
        valueBoolean: true,
      }));
    });
  for (let round = 0; round < 20; round += 1) expect(await send(amk, extended(round))).toBe('accepted');
  expect(await send(amk, extended(20))).toBe('wrong-field');
  expect(await send(amk, { ...extended(19), id: 'ext-again', bundleId: 'ext-again' })).toBe('accepted');

  // Observers.
  const joins = (from: number, to: number): Message =>
    missionUpdate({
      mission,
      id: `join-${from}`,
      describes: false,
      to: observers.slice(from, to).map(({ organisation }) => organisation),
    });
  expect(await send(amk, joins(0, 100))).toBe('accepted');
  expect(await send(amk, joins(100, 101))).toBe('wrong-field');

  // Tasks, each with the longest texts.
  let opened = 1;
  for (; opened < 40; opened += 1) {
    expect(await send(la, wordy(resourceRequest({ mission, id: `ask-${opened}` }), asks))).toBe('accepted');
    const task = taskOpenedBy(mission, (await last()).number);
    const by = { name: noise(190), number: '900000001' };
    const answer = resourceResponse({ task, answer: 'declined', id: `no-${opened}`, by, as: noise(190) });
    if (opened < 30) expect(await send(operator, wordy(answer, declines))).toBe('accepted');
  }
  for (; opened < 60; opened += 1) {
    const warning = wordy(prearrivalNotification({ mission, id: `warn-${opened}` }), (focus) => {
      focus['note'] = [{ text: noise(600) }];
    });
    expect(await send(la, warning)).toBe('accepted');
  }
  expect(await send(la, resourceRequest({ mission, id: 'one-too-many' }))).toBe('illegal-transition');

  // Messages, more than an entry has fingerprints for.
  for (let index = 0; index < 200; index += 1)
    expect(await send(amk, missionUpdate({ mission, id: `update-${index}`, describes: false }))).toBe('accepted');

  // Open Tasks have their texts; of the rest as many as fit.
  const newest = await last();
  const { state } = newest;
  const open = state.tasks.filter(({ kind, status }) => kind === 'resource' && status === 'requested');
  expect(open.length).toBeGreaterThan(5);
  expect(open.every(({ ask }) => ask?.words !== undefined)).toBe(true);
  expect(pack(state).length).toBeLessThan(50_000);

  // The hub's own messages.
  for (const task of state.tasks.slice(0, 40)) {
    const alert = overdueMessage(state, task, '2026-02-01T11:01:00.000Z', directory);
    const written = await writeHubMessage({ ...hub, directory }, alert);
    if (written.outcome === 'accepted') sizes.push(pack(written.entry).length);
  }
  for (const organisation of [la.organisation, operator.organisation, hospital.organisation]) {
    const message = unreachableMessage(newest, organisation, { code: 'no-subscription' }, directory);
    if (message === undefined) throw new Error('people must be alerted');
    expect((await writeHubMessage({ ...hub, directory }, message)).outcome).toBe('accepted');
  }

  // The largest messages that answer, describe and end.
  const answered = open[0]?.id ?? '';
  const yes = resourceResponse({ task: answered, answer: 'declined', id: 'largest-answer', by: 'Per Pilot' });
  expect(await send(operator, filled(wordy(yes, declines)))).toBe('accepted');
  expect(await send(amk, filled(missionUpdate({ mission, id: 'largest-update' })))).toBe('accepted');
  const cancel = wordy(missionCancel({ mission, id: 'largest-cancel' }), (focus) => {
    const [reason] = listOf(focus['reasonCode']);
    if (isObject(reason)) focus['reasonCode'] = [{ ...reason, text: noise(1_990) }];
  });
  expect(await send(amk, filled(cancel))).toBe('accepted');
  expect((await last()).state.status).toBe('revoked');
  expect(Math.max(...sizes)).toBeLessThan(largestPacked);
});
