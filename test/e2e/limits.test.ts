import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { exampleText, organisationOf } from '../support/examples.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { type RunningHub, startHub } from '../support/hub.ts';
import { call, type HttpAnswer, post } from '../support/partners.ts';

const most = 6;

let hub: RunningHub;

beforeAll(async () => {
  hub = await startHub({ parameters: { BudgetSeconds: '3', BudgetMessages: '4', BudgetRequests: String(most) } });
});

afterAll(() => hub.close());

const amk = 'amk-innlandet';
const polls = () => call(hub, amk, 'GET', '/Task?owner=311000012');
const request = exampleText('mission-request.json');
const headerId = /"resourceType": "MessageHeader",\s+"id": "([^"]+)"/.exec(request)?.[1] ?? '';
const sends = (client: string) =>
  post(hub, client, request.replaceAll(headerId, randomUUID()).replaceAll(organisationOf(amk), organisationOf(client)));
const isLimited = ({ status }: HttpAnswer): boolean => status === 429;

describe('A client whose loop has run away', () => {
  test('is refused what is too much, and nobody else is, nor are its messages; soon it is served again', async () => {
    // However they fall, they fall into two windows at the most.
    const answers = await Promise.all(Array.from({ length: 3 * most }, polls));
    const refused = answers.filter(isLimited);
    expect(refused.length).toBeGreaterThanOrEqual(most);
    expect(answers.filter(({ status }) => status === 200).length).toBe(answers.length - refused.length);

    expect((await sends(amk)).status).toBe(200);
    expect((await call(hub, 'amk-la-oslo', 'GET', '/Task?owner=312000016')).status).toBe(200);

    const [first] = refused;
    expect(first?.body).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ code: 'throttled', details: { coding: [{ code: 'too-many-requests' }, { code: 'sender' }] } }],
    });
    expect(problemsOf(first?.body)).toEqual([]);
    const seconds = Number(first?.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(seconds).toBeLessThanOrEqual(3);
    await delay(seconds * 1000);
    expect((await polls()).status).toBe(200);
  });

  test('is refused messages that are too many, of which nothing is stored, and can still read', async () => {
    const stored = async (): Promise<unknown> =>
      (await call(hub, 'amk-la-oslo', 'GET', '/Task?owner=312000016&status=requested')).body['entry'];
    const before = z.array(z.unknown()).parse(await stored()).length;
    const answers = await Promise.all(Array.from({ length: 12 }, () => sends('amk-nordland')));
    const refused = answers.filter(isLimited).length;
    expect(refused).toBeGreaterThanOrEqual(4);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(12 - refused);
    expect((await call(hub, 'amk-nordland', 'GET', '/Subscription')).status).toBe(200);
    expect(await stored()).toHaveLength(before + 12 - refused);
  });

  test('is named in the log once in a window, without what it asked', async () => {
    const lines = (await hub.log()).split('\n').filter((line) => line.includes('LB-603'));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).toContain(`"client":"${amk}"`);
    const reads = lines.filter((line) => line.includes('"budget":"requests"'));
    // Two windows at the most.
    expect(reads.length).toBeLessThanOrEqual(2);
  });
});
