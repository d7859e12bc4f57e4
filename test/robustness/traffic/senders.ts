import { setTimeout as pause } from 'node:timers/promises';
import type { SeededRandom } from '../../support/random.ts';
import { acceptanceIn, versionIn } from './answers.ts';
import { calledAs, type Caller } from './client.ts';
import {
  acknowledgement,
  type Draft,
  missionCancel,
  missionRequest,
  missionUpdate,
  resourceRequest,
  resourceResponse,
} from './messages.ts';
import type { Client } from './parties.ts';

/** What the senders of a run share. */
export interface Scene {
  readonly caller: Caller;
  readonly isOver: () => boolean;
  /** Missions that were opened, with their AMK LA. */
  readonly missions: { readonly mission: string; readonly requester: Client; readonly coordinator: Client }[];
  /** Versions that an answer has named, as `<mission> <version>`. */
  readonly answered: Set<string>;
}

interface Sent {
  readonly outcome: 'ok' | 'refused' | 'unknown';
  readonly mission?: string;
  readonly version?: number;
}

/** A UUID of the seed: the same run sends the same ids. */
const uuid = (random: SeededRandom): string => {
  const hex = Array.from({ length: 8 }, () => random.below(65_536).toString(16).padStart(4, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const sendOnce = async (
  { caller, answered }: Scene,
  { client, text, message }: Draft,
  ifMatch?: number,
): Promise<Sent> => {
  const answer = await caller.call(client, {
    method: 'POST',
    path: '/$process-message',
    body: text,
    ...(ifMatch === undefined ? {} : { headers: { 'if-match': `W/"${ifMatch}"` } }),
  });
  const version = versionIn(answer.headers.get('etag'));
  const { mission, warnings } =
    answer.outcome === 'ok' ? acceptanceIn(answer.text) : { mission: undefined, warnings: [] };
  if (answer.outcome === 'ok') answered.add(`${mission} ${version}`);
  caller.write({
    record: 'send',
    ...calledAs(answer),
    message: { ...message, ...(ifMatch === undefined ? {} : { ifMatch }) },
    ...(mission === undefined ? {} : { mission }),
    ...(version === undefined ? {} : { version }),
    ...(warnings.length === 0 ? {} : { warnings: [...new Set(warnings)] }),
  });
  return {
    outcome: answer.outcome,
    ...(mission === undefined ? {} : { mission }),
    ...(version === undefined ? {} : { version }),
  };
};

/**
 * Sends as R4 says: without an answer the same message again. One in ten senders gives up, so that some outcomes stay unknown.
 * Some messages are sent again although they were answered, and some twice at the same time.
 */
const send = async (scene: Scene, random: SeededRandom, draft: Draft, ifMatch?: number): Promise<Sent> => {
  const [isTwice, isRepeated] = [random.chance(0.03), random.chance(0.05)];
  const patience = random.chance(0.1) ? 1 : 2_000;
  const twin = isTwice ? sendOnce(scene, draft, ifMatch) : undefined;
  let sent = await sendOnce(scene, draft, ifMatch);
  for (let attempts = 1; sent.outcome === 'unknown' && attempts < patience; attempts += 1) {
    await pause(Math.min(100 * attempts, 500));
    sent = await sendOnce(scene, draft, ifMatch);
  }
  if (isRepeated && sent.outcome === 'ok') {
    await pause(random.below(2_000));
    await sendOnce(scene, draft, ifMatch);
  }
  await twin;
  return sent;
};

const readMission = async ({ caller }: Scene, client: Client, mission: string): Promise<number | undefined> => {
  const answer = await caller.call(client, { method: 'GET', path: `/ServiceRequest/${mission}` });
  const version = answer.outcome === 'ok' ? versionIn(answer.headers.get('etag')) : undefined;
  caller.write({
    record: 'read',
    ...calledAs(answer),
    mission,
    ...(version === undefined ? {} : { version }),
  });
  return version;
};

/** Updates of one party, some with the version that it has read. */
const updates = async (
  scene: Scene,
  random: SeededRandom,
  { client, mission, count }: { readonly client: Client; readonly mission: string; readonly count: number },
): Promise<void> => {
  for (let left = count; left > 0 && !scene.isOver(); left -= 1) {
    const note = 'Oppdiktet. '.repeat(random.chance(0.05) ? random.between(500, 3_000) : random.between(1, 40));
    const draft = missionUpdate(client, { id: uuid(random), mission, value: random.between(30, 180), note });
    const version = random.chance(0.2) ? await readMission(scene, client, mission) : undefined;
    await send(scene, random, draft, version);
    await pause(random.between(20, 400));
  }
};

/** An operator answers its Task, sends updates if it flies, and tries some after it has declined: they must be refused. */
const operate = async (
  scene: Scene,
  random: SeededRandom,
  { client, mission, task }: { readonly client: Client; readonly mission: string; readonly task: string },
): Promise<void> => {
  if (random.chance(0.7)) await send(scene, random, acknowledgement(client, { id: uuid(random), mission, task }));
  const answer = random.chance(0.7) ? 'accepted' : 'declined';
  await send(scene, random, resourceResponse(client, { id: uuid(random), mission, task, answer }));
  await updates(scene, random, { client, mission, count: random.between(1, 8) });
};

const coordinate = async (
  scene: Scene,
  random: SeededRandom,
  { client, mission }: { readonly client: Client; readonly mission: string },
): Promise<void> => {
  await send(scene, random, acknowledgement(client, { id: uuid(random), mission, task: `${mission}.1` }));
  const flights: Promise<void>[] = [];
  for (const operator of ['operator-lorenskog', 'operator-dombas'] as const) {
    if (!random.chance(0.6)) continue;
    const own = random.fork();
    const { outcome, version } = await send(
      scene,
      random,
      resourceRequest(client, { id: uuid(random), mission, operator }),
    );
    if (outcome === 'ok')
      flights.push(operate(scene, own, { client: operator, mission, task: `${mission}.${version}` }));
    await updates(scene, random, { client, mission, count: random.between(0, 4) });
  }
  await Promise.all([...flights, updates(scene, random, { client, mission, count: random.between(2, 12) })]);
};

/** A party of another mission tries to read and write: it must learn nothing. */
const intrude = async (scene: Scene, random: SeededRandom, mission: string): Promise<void> => {
  const client = 'amk-nordland';
  await readMission(scene, client, mission);
  const draft = missionUpdate(client, { id: uuid(random), mission, value: 60, note: 'Oppdiktet' });
  await send(scene, random, draft);
};

/** A mission from its request until its parties have nothing more to say. */
export const playMission = async (scene: Scene, random: SeededRandom): Promise<void> => {
  const [requester, coordinator] = random.pick([
    ['amk-innlandet', 'amk-la-oslo'],
    ['amk-bergen', 'amk-la-bergen'],
    ['amk-bergen', 'amk-la-oslo'],
  ] as const);
  const priority = random.pick(['stat', 'urgent', 'routine']);
  const request = missionRequest(requester, { id: uuid(random), coordinator, priority });
  const { mission } = await send(scene, random, request);
  if (mission === undefined) return;
  scene.missions.push({ mission, requester, coordinator });
  await Promise.all([
    updates(scene, random.fork(), { client: requester, mission, count: random.between(2, 16) }),
    coordinate(scene, random.fork(), { client: coordinator, mission }),
    ...(random.chance(0.2) ? [intrude(scene, random.fork(), mission)] : []),
  ]);
  if (random.chance(0.3)) {
    const cancels = missionCancel(random.pick([requester, coordinator]), { id: uuid(random), mission });
    // The other party may still send while the mission ends.
    await Promise.all([
      send(scene, random.fork(), cancels),
      updates(scene, random.fork(), { client: requester, mission, count: 2 }),
    ]);
  }
};
