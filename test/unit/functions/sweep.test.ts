import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler, type SweepDeps } from '../../../functions/sweep/handler.ts';
import { createHandler as createProcessMessage } from '../../../functions/process-message/handler.ts';
import { HubClosed, Unavailable } from '../../../core/mission/errors.ts';
import { handlerPorts, type HandlerPorts } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { missionOpenedBy, missionRequest, parties } from '../../support/messages.ts';
import { ask } from '../../support/requests.ts';

const { amk } = parties;
const request = missionRequest({ municipality: '3401', id: 'Kari-Testperson' });
const mission = missionOpenedBy(request);

/** Milliseconds that a run has on AWS. */
const runMilliseconds = 80_000;

/** Runs the sweeper until its time is over; time passes only while it waits. */
const run = async (ports: HandlerPorts, changed: Partial<SweepDeps> = {}): Promise<readonly number[]> => {
  const waits: number[] = [];
  const end = ports.clock.now() + runMilliseconds;
  const wait = async (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    await ports.wait(milliseconds);
  };
  const handler = createHandler({ ...ports, wait, ...changed });
  await handler({}, { getRemainingTimeInMillis: () => end - ports.clock.now() });
  return waits;
};

/** Ports of a hub with a mission whose fan-out is still pending. */
const withPendingFanOut = async (): Promise<HandlerPorts> => {
  const ports = handlerPorts();
  const subscribers = async () => Promise.reject(new Unavailable('throttled'));
  const handler = createProcessMessage({ ...ports, subscriptions: { ...ports.subscriptions, subscribers } });
  await ask(handler, { parent: amk.organisation }, { method: 'POST', path: '$process-message', body: request.text });
  return ports;
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('sweep', () => {
  test('looks every two seconds, until 15 seconds of its time are left', async () => {
    captureLog();
    const waits = await run(handlerPorts());
    expect(waits).toEqual(Array.from({ length: 33 }, () => 2_000));
  });

  test('ends with the count of the dead letters, also when there are none', async () => {
    const log = captureLog();
    await run(handlerPorts());
    expect(log.codes()).toEqual(['LB-509', 'LB-503']);
    expect(log.line('LB-503')).toMatchObject({ count: 0 });
    expect(log.line('LB-509')).toMatchObject({ pending: 0, age: 0 });
  });

  test('says how long the oldest message has waited for its fan-out', async () => {
    const log = captureLog();
    const ports = await withPendingFanOut();
    const subscribers = async () => Promise.reject(new Unavailable('throttled'));
    ports.clock.advance(600_000);
    await run(ports, { subscriptions: { ...ports.subscriptions, subscribers } });
    // 66 s of the run have passed: it waits two seconds at a time. The other one is the hub's message that nobody has acknowledged the request.
    expect(log.line('LB-509')).toMatchObject({ pending: 2, age: 666 });
  });

  test('completes a fan-out that is overdue, and logs which', async () => {
    const log = captureLog();
    const ports = await withPendingFanOut();
    await run(ports);
    expect((await ports.missions.entry(mission, 1))?.fanOutPending).toBe(false);
    expect(log.line('LB-504')).toMatchObject({ kind: 'fan-out', mission, entry: 1 });
    expect(log.line('LB-501')).toMatchObject({ completed: 1, failed: 0 });
    expect(log.text()).not.toContain('Testperson');
  });

  test('logs an obligation that fails, without the message of the error, and goes on', async () => {
    const log = captureLog();
    const ports = await withPendingFanOut();
    const subscribers = async () => Promise.reject(new RangeError('Kari Testperson'));
    await run(ports, { subscriptions: { ...ports.subscriptions, subscribers } });
    expect(log.line('LB-502')).toMatchObject({ kind: 'fan-out', mission, entry: 1, error: 'RangeError' });
    expect(log.codes().at(-1)).toBe('LB-503');
    expect(log.text()).not.toContain('Testperson');
  });

  test('looks again after a pass in which storage could not be reached', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    let asked = 0;
    const directory: SweepDeps['directory'] = async () => {
      asked += 1;
      if (asked === 1) throw new Unavailable('throttled');
      return ports.directory();
    };
    await run(ports, { directory });
    expect(log.line('LB-901')).toMatchObject({ error: 'Unavailable' });
    expect(asked).toBe(33);
    expect(log.codes().at(-1)).toBe('LB-503');
  });

  test('logs no count while the hub is closed, so that the alarm fires', async () => {
    const log = captureLog();
    const directory = async () => Promise.reject(new HubClosed(undefined));
    await run(handlerPorts(), { directory });
    expect(log.codes()).toEqual(['LB-903']);
  });

  test('counts the dead letters again when the hub is opened during the run', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const opensAt = ports.clock.now() + 10_000;
    const directory: SweepDeps['directory'] = async () => {
      if (ports.clock.now() < opensAt) throw new HubClosed(undefined);
      return ports.directory();
    };
    await run(ports, { directory });
    expect(log.codes()).toEqual(['LB-509', 'LB-503']);
  });

  test('fails without the message of an unexpected error', async () => {
    const log = captureLog();
    const ports = handlerPorts();
    const list = async () => Promise.reject(new TypeError('Kari Testperson'));
    const failed = run(ports, { deadLetters: { ...ports.deadLetters, list } });
    await expect(failed).rejects.toThrow(/^See the log of the function/);
    expect(log.line('LB-999')).toMatchObject({ error: 'TypeError' });
    expect(log.text()).not.toContain('Testperson');
  });

  test('counts the dead letters last', async () => {
    captureLog();
    const ports = handlerPorts();
    const [passes, counts] = [vi.spyOn(ports, 'directory'), vi.spyOn(ports.deadLetters, 'list')].map(
      ({ mock }) => mock.invocationCallOrder,
    );
    await run(ports);
    expect(counts).toEqual([expect.any(Number)]);
    expect(counts?.[0]).toBeGreaterThan(passes?.at(-1) ?? 0);
  });
});
