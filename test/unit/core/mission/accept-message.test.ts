import { describe, expect, test } from 'vitest';
import { type Accepted, acceptMessage } from '../../../../core/mission/accept-message.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import type { MissionLog } from '../../../../core/mission/mission-log.ts';
import type { Entry, Party } from '../../../../core/mission/state.ts';
import { type Refusal, statusOf } from '../../../../schemas/faults.ts';
import { fingerprintOf } from '../../../../schemas/identifiers.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { memoryHub, type MemoryHub } from '../../../memory/hub.ts';
import {
  acknowledgement,
  missionCancel,
  missionDecision,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  read,
  sentBy,
  taskOpenedBy,
} from '../../../support/scenario.ts';

const { amk, la, operator } = parties;

const request = missionRequest({ id: 'request', bundleId: 'request-bundle' });
const mission = missionOpenedBy(request);
const update = (id: string, more: Partial<Parameters<typeof missionUpdate>[0]> = {}): Message =>
  missionUpdate({ mission, id, ...more });

type Outcome = Accepted | Refusal;

const send = (
  { clock, missions }: MemoryHub,
  sender: Party,
  message: Message,
  log: MissionLog = missions,
): Promise<Outcome> => acceptMessage(log, message, sentBy(sender), () => clock.now());

const accepted = (outcome: Outcome): Accepted => {
  if (outcome.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(outcome.faults)}`);
  return outcome;
};

const expectRefused = (outcome: Outcome, code: string, at?: string): Refusal => {
  if (outcome.outcome !== 'refused') throw new Error('accepted, but it should have been refused');
  expect(outcome.faults[0].code).toBe(code);
  if (at !== undefined) expect(outcome.faults[0].at).toBe(at);
  return outcome;
};

const log = (hub: MemoryHub) => hub.missions.entries(mission, 1, 10_000);
const withoutFanOut = (entry: Entry): unknown => {
  const {
    fanOutPending: _pending,
    notified: _notified,
    withoutSubscription: _without,
    ...plain
  } = { fanOutPending: true, notified: [], withoutSubscription: [], ...entry };
  return plain;
};

/** Expects the first answer, and a log that has not grown. */
const expectSameAnswer = async (hub: MemoryHub, outcome: Outcome, first: Accepted): Promise<void> => {
  const { entry, repeated } = accepted(outcome);
  expect(repeated).toBe(true);
  expect(withoutFanOut(entry)).toEqual(withoutFanOut(first.entry));
  const numbers = (await log(hub)).map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
};

/** A hub with one open mission. */
const openedHub = async (): Promise<{ readonly hub: MemoryHub; readonly opening: Accepted }> => {
  const hub = memoryHub();
  return { hub, opening: accepted(await send(hub, amk, request)) };
};

describe('acceptMessage, a new message', () => {
  test('stores the text, the digest and the state after the message', async () => {
    const { hub, opening } = await openedHub();
    expect(opening.repeated).toBe(false);
    expect(await hub.missions.last(mission)).toEqual({
      ...opening.entry,
      fanOutPending: true,
      notified: [],
      withoutSubscription: [],
    });
    expect(opening.entry).toMatchObject({
      text: request.text,
      digest: request.digest,
      receivedAt: hub.clock.iso(),
      state: { version: 1 },
    });
  });

  test('leaves the fan-out due after ten seconds, if it was not completed', async () => {
    const { hub } = await openedHub();
    hub.clock.advance(9_999);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
    hub.clock.advance(1);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([{ kind: 'fan-out', mission, entry: 1 }]);
  });

  test('makes one read and one write', async () => {
    const { hub } = await openedHub();
    for (let number = 0; number < 20; number += 1) await send(hub, amk, update(`u${number}`));
    const calls: string[] = [];
    const counting: MissionLog = {
      ...hub.missions,
      last: (...args) => (calls.push('last'), hub.missions.last(...args)),
      entry: (...args) => (calls.push('entry'), hub.missions.entry(...args)),
      entries: (...args) => (calls.push('entries'), hub.missions.entries(...args)),
      append: (...args) => (calls.push('append'), hub.missions.append(...args)),
    };
    accepted(await send(hub, amk, update('counted'), counting));
    expect(calls).toEqual(['last', 'append']);
  });

  test('stores the earliest entry whose fan-out may be pending', async () => {
    const { hub } = await openedHub();
    const pendingFrom = async (id: string) => accepted(await send(hub, amk, update(id))).entry.pendingFrom;
    expect(await pendingFrom('second')).toBe(1);
    expect(await pendingFrom('third')).toBe(1);
    await hub.missions.completeFanOut(mission, 3, {
      notified: [],
      withoutSubscription: [],
      fanOutCompletedAt: hub.clock.iso(),
    });
    expect(await pendingFrom('fourth')).toBe(4);
    expect(await pendingFrom('fifth')).toBe(4);
  });

  test('stores nothing of a refused message', async () => {
    const { hub } = await openedHub();
    expectRefused(await send(hub, operator, update('non-party')), 'not-found');
    expectRefused(await send(hub, amk, update('drill', { exercise: true })), 'exercise-mismatch');
    expect(await log(hub)).toHaveLength(1);
    expectRefused(await send(memoryHub(), amk, update('nowhere')), 'not-found');
  });

  test('accepts a message later that was refused before, with the same id', async () => {
    const hub = memoryHub();
    expectRefused(await send(hub, amk, update('early')), 'not-found');
    await send(hub, amk, request);
    expect(accepted(await send(hub, amk, update('early')))).toMatchObject({ repeated: false, entry: { number: 2 } });
  });
});

describe('acceptMessage, a repeated message', () => {
  test('returns the first answer', async () => {
    const { hub, opening } = await openedHub();
    await expectSameAnswer(hub, await send(hub, amk, request), opening);
    const first = accepted(await send(hub, la, update('once')));
    await expectSameAnswer(hub, await send(hub, la, update('once')), first);
    expect(await log(hub)).toHaveLength(2);
  });

  test('returns the first answer after many other messages', async () => {
    const { hub, opening } = await openedHub();
    const firsts = new Map<string, Accepted>();
    for (let number = 0; number < 60; number += 1)
      firsts.set(`u${number}`, accepted(await send(hub, number % 2 === 0 ? amk : la, update(`u${number}`))));
    await expectSameAnswer(hub, await send(hub, amk, request), opening);
    for (const [id, first] of firsts)
      await expectSameAnswer(
        hub,
        await send(hub, first.entry.sender === amk.organisation ? amk : la, update(id)),
        first,
      );
    expect(await log(hub)).toHaveLength(61);
  });

  test('returns the first answer also if the message is illegal by now', async () => {
    const { hub } = await openedHub();
    const decision = missionDecision({ task: taskOpenedBy(mission, 1), answer: 'accepted', id: 'decision' });
    const first = accepted(await send(hub, la, decision));
    accepted(await send(hub, amk, missionCancel({ mission, id: 'cancel' })));
    await expectSameAnswer(hub, await send(hub, la, decision), first);
    expectRefused(
      await send(hub, la, missionDecision({ task: taskOpenedBy(mission, 1), answer: 'accepted', id: 'new' })),
      'illegal-transition',
    );
  });

  test('returns the first answer also if the expected version is no longer the current one', async () => {
    const { hub } = await openedHub();
    const circumstances = { ...sentBy(amk), ifMatch: 1 };
    const now = (): number => hub.clock.now();
    const first = accepted(await acceptMessage(hub.missions, update('conditional'), circumstances, now));
    await send(hub, la, update('other'));
    await expectSameAnswer(hub, await acceptMessage(hub.missions, update('conditional'), circumstances, now), first);
    expectRefused(await acceptMessage(hub.missions, update('stale'), circumstances, now), 'version-conflict');
  });

  test('returns the first answer for another Bundle id and for none', async () => {
    const { hub } = await openedHub();
    const first = accepted(await send(hub, amk, update('letter', { bundleId: 'first-envelope' })));
    for (const bundleId of ['second-envelope', 'none'])
      await expectSameAnswer(hub, await send(hub, amk, update('letter', { bundleId })), first);
    expect(await log(hub)).toHaveLength(2);
  });

  test('ignores white space and the order of members', async () => {
    const { hub, opening } = await openedHub();
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .map(([key, member]): [string, unknown] => [key, reversed(member)])
          .reverse(),
      );
    };
    const plain: unknown = JSON.parse(request.text);
    for (const text of [JSON.stringify(plain, null, 2), JSON.stringify(reversed(plain)), `\n\t ${request.text}\r\n`]) {
      expect(text).not.toBe(request.text);
      await expectSameAnswer(hub, await send(hub, amk, read(text)), opening);
    }
  });

  test('takes a decimal by its value, and refuses another value', async () => {
    const { hub } = await openedHub();
    const measured = (digits: string): Message =>
      read(
        update('measured', { more: [{ resourceType: 'Observation', valueQuantity: { value: '%' } }] }).text.replace(
          '"%"',
          digits,
        ),
      );
    const first = accepted(await send(hub, amk, measured('1.50')));
    for (const same of ['1.50', '1.5', '1.500', '15e-1', '0.15E1'])
      await expectSameAnswer(hub, await send(hub, amk, measured(same)), first);
    for (const other of ['1.51', '-1.5', '15', '1.5000000000000000001'])
      expectRefused(await send(hub, amk, measured(other)), 'message-id-reused');
  });
});

describe('acceptMessage, a reused id', () => {
  test('refuses a used message id with other content', async () => {
    const { hub } = await openedHub();
    await send(hub, amk, update('used'));
    const refusal = expectRefused(
      await send(hub, amk, update('used', { urgency: 'routine' })),
      'message-id-reused',
      'Bundle.entry[0].resource.id',
    );
    expect(statusOf(refusal)).toBe(422);
    expect(refusal.faults[0]).toMatchObject({ and: 'Bundle.entry[1]', detail: expect.stringContaining(mission) });
    expectRefused(await send(hub, amk, missionRequest({ id: 'request', urgency: 'routine' })), 'message-id-reused');
    expectRefused(await send(hub, amk, update('request')), 'message-id-reused');
    expect(await log(hub)).toHaveLength(2);
  });

  test('refuses a used Bundle id with another message id', async () => {
    const { hub } = await openedHub();
    await send(hub, amk, update('one', { bundleId: 'envelope' }));
    const refusal = expectRefused(
      await send(hub, amk, update('two', { bundleId: 'envelope' })),
      'bundle-id-reused',
      'Bundle.id',
    );
    expect(statusOf(refusal)).toBe(422);
    expectRefused(await send(hub, amk, update('three', { bundleId: 'request-bundle' })), 'bundle-id-reused');
  });

  test('detects a reused id after many other messages', async () => {
    const { hub } = await openedHub();
    for (let number = 0; number < 40; number += 1)
      await send(hub, amk, update(`u${number}`, { bundleId: `b${number}` }));
    for (const number of [0, 1, 20, 39]) {
      expectRefused(await send(hub, amk, update(`u${number}`, { urgency: 'urgent' })), 'message-id-reused');
      expectRefused(await send(hub, amk, update('new', { bundleId: `b${number}` })), 'bundle-id-reused');
    }
  });

  test('accepts the same ids from two senders', async () => {
    const { hub } = await openedHub();
    const same = update('same', { bundleId: 'same' });
    expect(accepted(await send(hub, amk, same))).toMatchObject({ repeated: false, entry: { number: 2 } });
    expect(accepted(await send(hub, la, same))).toMatchObject({ repeated: false, entry: { number: 3 } });
    await expectSameAnswer(hub, await send(hub, amk, same), accepted(await send(hub, amk, same)));
  });

  test('accepts several messages without a Bundle id', async () => {
    const { hub } = await openedHub();
    for (const id of ['a', 'b', 'c'])
      expect(accepted(await send(hub, amk, update(id, { bundleId: 'none' }))).repeated).toBe(false);
  });

  test('opens two missions for two requests with one id from two AMKs', async () => {
    const { hub } = await openedHub();
    const other = accepted(await send(hub, parties.otherAmk, request));
    expect(other.repeated).toBe(false);
    expect(other.entry.mission).not.toBe(mission);
  });
});

describe('acceptMessage, colliding fingerprints', () => {
  /** A log whose entries all have the fingerprint of the message that is sent. */
  const colliding = ({ missions }: MemoryHub, message: Message, sender: Party): MissionLog => ({
    ...missions,
    last: async (id) => {
      const last = await missions.last(id);
      if (last === undefined) return undefined;
      return {
        ...last,
        fingerprints: {
          messages: fingerprintOf(sender.organisation, message.id).repeat(last.number),
          bundles: fingerprintOf(sender.organisation, 'Bundle', message.bundleId ?? '').repeat(last.number),
        },
      };
    },
  });

  test('accepts a new message', async () => {
    const { hub } = await openedHub();
    for (const id of ['a', 'b', 'c']) await send(hub, amk, update(id));
    const message = update('new');
    expect(accepted(await send(hub, amk, message, colliding(hub, message, amk)))).toMatchObject({
      repeated: false,
      entry: { number: 5 },
    });
  });

  test('returns the first answer to a repeated message, and detects a reused id', async () => {
    const { hub } = await openedHub();
    const firsts: Accepted[] = [];
    for (const id of ['a', 'b', 'c']) firsts.push(accepted(await send(hub, amk, update(id, { bundleId: `${id}-b` }))));
    const again = update('b', { bundleId: 'b-b' });
    const [, second] = firsts;
    if (second === undefined) throw new Error('there is no second');
    await expectSameAnswer(hub, await send(hub, amk, again, colliding(hub, again, amk)), second);
    const changed = update('b', { urgency: 'routine' });
    expectRefused(await send(hub, amk, changed, colliding(hub, changed, amk)), 'message-id-reused');
    const envelope = update('new', { bundleId: 'c-b' });
    expectRefused(await send(hub, amk, envelope, colliding(hub, envelope, amk)), 'bundle-id-reused');
  });

  test('accepts an id that only another sender has used', async () => {
    const { hub } = await openedHub();
    const used = update('used', { bundleId: 'used-b' });
    accepted(await send(hub, amk, used));
    const same = update('used', { bundleId: 'used-b', urgency: 'routine' });
    expect(accepted(await send(hub, la, same, colliding(hub, same, la))).repeated).toBe(false);
  });

  test('ignores a fingerprint that points past the log', async () => {
    const { hub } = await openedHub();
    const message = update('new');
    const tooLong: MissionLog = {
      ...hub.missions,
      last: async (id) => {
        const last = await hub.missions.last(id);
        const fingerprints = fingerprintOf(amk.organisation, message.id).repeat(9);
        return last === undefined
          ? undefined
          : { ...last, fingerprints: { ...last.fingerprints, messages: fingerprints } };
      },
    };
    expect(accepted(await send(hub, amk, message, tooLong)).repeated).toBe(false);
  });
});

/** A log in which a rival is faster: before each append another message takes the number. */
const losing = (hub: MemoryHub, rivals: readonly (readonly [Party, Message])[]): MissionLog & { appends: number } => {
  const waiting = [...rivals];
  const rivalLog = {
    ...hub.missions,
    appends: 0,
    append: async (entry: Entry, dueAt: string): Promise<'appended' | 'taken' | 'too-large'> => {
      rivalLog.appends += 1;
      const rival = waiting.shift();
      if (rival !== undefined) accepted(await send(hub, ...rival));
      return hub.missions.append(entry, dueAt);
    },
  };
  return rivalLog;
};

describe('acceptMessage, concurrent messages', () => {
  test('assigns the next number after a lost race, and builds on the state of the winner', async () => {
    const { hub } = await openedHub();
    const rivals = [
      [amk, update('rival-1', { urgency: 'routine' })],
      [la, update('rival-2')],
    ] as const;
    const { entry } = accepted(await send(hub, la, update('mine'), losing(hub, rivals)));
    expect(entry.number).toBe(4);
    expect(entry.state).toMatchObject({ version: 4, urgency: 'routine' });
    expect((await log(hub)).map(({ messageId }) => messageId)).toEqual(['request', 'rival-1', 'rival-2', 'mine']);
  });

  test('decides again after a lost race, by the state of the winner', async () => {
    const { hub } = await openedHub();
    const outcome = await send(
      hub,
      la,
      missionDecision({ task: taskOpenedBy(mission, 1), answer: 'accepted' }),
      losing(hub, [[amk, missionCancel({ mission })]]),
    );
    expect(expectRefused(outcome, 'illegal-transition').version).toBe(2);
    expect(await log(hub)).toHaveLength(2);
  });

  test('returns the stored answer if the message lost a race to itself', async () => {
    const { hub } = await openedHub();
    const message = update('twice');
    const { entry, repeated } = accepted(await send(hub, amk, message, losing(hub, [[amk, message]])));
    expect(repeated).toBe(true);
    expect(entry.number).toBe(2);
    expect(await log(hub)).toHaveLength(2);
  });

  test('accepts the same message once if it comes twice at once, and returns one answer to both', async () => {
    const hub = memoryHub();
    const both = (await Promise.all([send(hub, amk, request), send(hub, amk, request)])).map(accepted);
    expect(both.filter(({ repeated }) => repeated)).toHaveLength(1);
    expect(withoutFanOut(both[0]?.entry ?? failed())).toEqual(withoutFanOut(both[1]?.entry ?? failed()));
    expect(await log(hub)).toHaveLength(1);
  });

  test('assigns different numbers to messages that come at once', async () => {
    const { hub } = await openedHub();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const all = (await Promise.all(ids.map((id) => send(hub, amk, update(id))))).map(accepted);
    expect(new Set(all.map(({ entry }) => entry.number))).toEqual(new Set([2, 3, 4, 5, 6]));
    expect((await log(hub)).map(({ state }) => state.version)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('accepts one of two messages that exclude each other', async () => {
    const { hub } = await openedHub();
    const seen = (id: string): Message => acknowledgement({ task: taskOpenedBy(mission, 1), id });
    const both = await Promise.all([send(hub, la, seen('first')), send(hub, la, seen('second'))]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'refused']);
    expect(await log(hub)).toHaveLength(2);
  });

  test('refuses a message as contended after ten lost races, and stores nothing', async () => {
    const { hub } = await openedHub();
    const rivals = Array.from({ length: 50 }, (_, number) => [amk, update(`rival-${number}`)] as const);
    const rivalLog = losing(hub, rivals);
    const refusal = expectRefused(await send(hub, la, update('mine'), rivalLog), 'contended');
    expect(statusOf(refusal)).toBe(503);
    expect(rivalLog.appends).toBe(10);
    expect((await log(hub)).some(({ messageId }) => messageId === 'mine')).toBe(false);
    expect(accepted(await send(hub, la, update('mine'))).repeated).toBe(false);
  });
});

describe('acceptMessage, failing storage', () => {
  test('answers as accepted if a write was stored but reported as lost', async () => {
    const { hub } = await openedHub();
    const message = update('landed');
    let reported = false;
    const forgetful: MissionLog = {
      ...hub.missions,
      append: async (entry, dueAt) => {
        const result = await hub.missions.append(entry, dueAt);
        if (reported) return result;
        reported = true;
        return 'taken';
      },
    };
    const { entry, repeated } = accepted(await send(hub, amk, message, forgetful));
    expect(repeated).toBe(true);
    expect(entry).toMatchObject({ number: 2, messageId: 'landed' });
    expect(await log(hub)).toHaveLength(2);
  });

  test.each([
    ['was not stored', false],
    ['was stored', true],
  ] as const)('accepts a repeated message once after a failed write that %s', async (_how, landed) => {
    const { hub } = await openedHub();
    const broken: MissionLog = {
      ...hub.missions,
      append: async (entry, dueAt) => {
        if (landed) await hub.missions.append(entry, dueAt);
        throw new Unavailable('no answer');
      },
    };
    await expect(send(hub, amk, update('lost'), broken)).rejects.toThrow(Unavailable);
    const { entry, repeated } = accepted(await send(hub, amk, update('lost')));
    expect(repeated).toBe(landed);
    expect(entry.number).toBe(2);
    expect(await log(hub)).toHaveLength(2);
  });

  test('accepts nothing if the log cannot be read', async () => {
    const { hub } = await openedHub();
    const broken: MissionLog = { ...hub.missions, last: () => Promise.reject(new Unavailable('no answer')) };
    await expect(send(hub, amk, update('unread'), broken)).rejects.toThrow(Unavailable);
    expect(await log(hub)).toHaveLength(1);
  });
});

const failed = (): never => {
  throw new Error('there is no such entry');
};
