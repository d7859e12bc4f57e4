import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { type Ran, runHub } from '../support/commands.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { missionRequest, missionUpdate } from '../support/messages.ts';
import { type Endpoint, eventually, openEndpoint, post, subscribe } from '../support/partners.ts';
import { organisation } from '../support/scene.ts';

/** The commands for people on call when there are dead letters. */

let hub: RunningHub;
let la: Endpoint;
let subscription: string;

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  runHub(['dead-letters', ...args], { env });
const onThisHub = (...args: readonly string[]) => run([...args, ...hub.command.options], hub.command.env);
const namesIn = (text: string): readonly string[] => text.match(/^[0-9a-f-]{36}\.\d+/gm) ?? [];

const request = () => missionRequest({ to: [organisation('amk-la-oslo')], id: randomUUID() });
const first = request();
const second = request();
const missionOf = ({ id }: { readonly id: string }): string => missionIdOf(organisation('amk-innlandet'), id);
const update = (opened: { readonly id: string }): string =>
  missionUpdate({ mission: missionOf(opened), id: randomUUID() }).text;
const send = async (text: string): Promise<void> => {
  expect((await post(hub, 'amk-innlandet', text)).status).toBe(200);
};

beforeAll(async () => {
  hub = await startHub();
  la = await openEndpoint();
  ({ id: subscription } = await subscribe(hub, 'amk-la-oslo', la.url));
  await eventually('the handshake', () => la.received.length >= 1);
});
afterAll(async () => {
  await la.close();
  await hub.close();
});

describe('the dead-letters command', () => {
  test('lists none while every notification is delivered', async () => {
    await send(first.text);
    await eventually('the first', () => la.events().length === 1);
    expect((await onThisHub('list')).out).toBe('No dead letters.\n');
  });

  test('lists each with the contact to phone, and shows all details except personal data', async () => {
    la.behave({ status: 400 });
    await send(update(first));
    await send(second.text);
    await send(update(first));
    await eventually('three dead letters', async () => namesIn((await onThisHub('list')).out).length === 3);
    const { out } = await onThisHub('list');
    expect(new Set(namesIn(out))).toEqual(new Set([2, 3, 4].map((number) => `${subscription}.${number}`)));
    expect(out).toContain('last answer: HTTP 400');
    expect(out).toMatch(/To be phoned:\n {2}\S.*\+47 .* \(3 not delivered\)/);

    const shown = await onThisHub('show', `${subscription}.2`);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain(`mission ${missionOf(first)}, message 2`);
    expect(shown.out).toMatch(/subscription {2}active, http:\/\/127\.0\.0\.1:\d+,/);
    expect(shown.out).not.toContain('/notify');
    expect(shown.out).toContain('eventsSinceNumber=2&eventsUntilNumber=2');
  });

  test('redrives one and leaves the others; two redrives at the same time send it once', async () => {
    la.behave({ status: 200 });
    const before = la.events().length;
    const both = await Promise.all([
      onThisHub('redrive', `${subscription}.3`),
      onThisHub('redrive', `${subscription}.3`),
    ]);
    expect(both.map(({ out, errors }) => out + errors).filter((text) => text.includes('sending again'))).toHaveLength(
      1,
    );
    await eventually('the redriven notification', () => la.events().length > before);
    expect(
      la
        .events()
        .slice(before)
        .map(({ eventNumber }) => eventNumber),
    ).toEqual([3]);
    expect(namesIn((await onThisHub('list')).out)).toHaveLength(2);
  });

  test('redrives the remaining ones in order', async () => {
    const before = la.events().length;
    expect((await onThisHub('redrive', '--organisation', '000000000')).out).not.toContain('sending again');
    expect((await onThisHub('redrive', '--subscription', subscription)).out.match(/sending again/g)).toHaveLength(2);
    await eventually('both notifications', () => la.events().length === before + 2);
    expect(
      la
        .events()
        .slice(before)
        .map(({ eventNumber }) => eventNumber),
    ).toEqual([2, 4]);
    expect((await onThisHub('list')).out).toBe('No dead letters.\n');
  });

  test('lists a redriven one again if it is refused again, and a discarded one never', async () => {
    la.behave({ status: 400 });
    await send(update(second));
    const listed = async (): Promise<readonly string[]> => namesIn((await onThisHub('list')).out);
    await eventually('a dead letter', async () => (await listed()).length === 1);
    await onThisHub('redrive', '--all');
    await eventually('the dead letter again', async () => (await listed()).length === 1);
    expect((await onThisHub('discard', '--all')).out).toMatch(/discarded/);
    expect(await listed()).toEqual([]);
  });

  test('reports wrong use, and changes nothing', async () => {
    expect(await run(['list'])).toMatchObject({ code: 2 });
    expect((await onThisHub('bury')).errors).toContain('Usage');
    expect(await onThisHub('redrive')).toMatchObject({ code: 2 });
    expect((await run(['list', '--local', '--table', 'another'])).errors).toContain('exclude each other');
    expect((await onThisHub('show', 'nonsense')).errors).toContain('"nonsense" is not the name');
    expect((await onThisHub('redrive', `${subscription}.999`)).errors).toContain('Not among the dead letters');
    expect((await run(['list', '--local', '--data-dir', '/nowhere'])).errors).toContain('does not exist');
  });
});
