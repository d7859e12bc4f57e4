import { describe, expect, test } from 'vitest';
import { type Accepted, acceptMessage } from '../../../../core/mission/accept-message.ts';
import { Unavailable } from '../../../../core/mission/errors.ts';
import type { MissionLog } from '../../../../core/mission/mission-log.ts';
import type { Entry, Party } from '../../../../core/mission/state.ts';
import { type Refusal, refuse, statusOf } from '../../../../schemas/faults.ts';
import { fingerprintOf } from '../../../../schemas/identifiers.ts';
import type { Message } from '../../../../schemas/messages/message.ts';
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
const withoutDebt = (entry: Entry): unknown => {
  const {
    fanOutPending: _pending,
    notified: _notified,
    withoutSubscription: _without,
    ...plain
  } = { fanOutPending: true, notified: [], withoutSubscription: [], ...entry };
  return plain;
};

/** Accepted before: the answer is the first one, and the log has not grown. */
const expectSameAnswer = async (hub: MemoryHub, outcome: Outcome, first: Accepted): Promise<void> => {
  const { entry, repeated } = accepted(outcome);
  expect(repeated).toBe(true);
  expect(withoutDebt(entry)).toEqual(withoutDebt(first.entry));
  const numbers = (await log(hub)).map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
};

/** A hub with the mission opened. */
const openedHub = async (): Promise<{ readonly hub: MemoryHub; readonly opening: Accepted }> => {
  const hub = memoryHub();
  return { hub, opening: accepted(await send(hub, amk, request)) };
};

describe('A message that is accepted', () => {
  test('It is in the log with its text, its digest and the state after it', async () => {
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

  test('Its fan-out is owed ten seconds later, if nobody has done it', async () => {
    const { hub } = await openedHub();
    hub.clock.advance(9_999);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([]);
    hub.clock.advance(1);
    expect(await hub.obligations.due(hub.clock.iso(), 10)).toEqual([{ kind: 'fan-out', mission, entry: 1 }]);
  });

  test('It costs one read and one write', async () => {
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

  test('It knows since when its mission is awake: since it was opened, or since the last pause', async () => {
    const { hub } = await openedHub();
    const awakeSince = async (id: string) => accepted(await send(hub, amk, update(id))).entry.activeSince;
    expect(await awakeSince('second')).toBe(1);
    hub.clock.advance(299_000);
    expect(await awakeSince('third')).toBe(1);
    hub.clock.advance(300_000);
    expect(await awakeSince('after-a-pause')).toBe(4);
    hub.clock.advance(299_000);
    expect(await awakeSince('fifth')).toBe(4);
  });

  test('It may owe together with those before it that have not paid', async () => {
    const { hub } = await openedHub();
    const unpaidFrom = async (id: string) => accepted(await send(hub, amk, update(id))).entry.pendingFrom;
    expect(await unpaidFrom('second')).toBe(1);
    expect(await unpaidFrom('third')).toBe(1);
    await hub.missions.completeFanOut(mission, 3, {
      notified: [],
      withoutSubscription: [],
      fanOutCompletedAt: hub.clock.iso(),
    });
    expect(await unpaidFrom('fourth')).toBe(4);
    expect(await unpaidFrom('fifth')).toBe(4);
  });

  test('One that is refused leaves nothing behind', async () => {
    const { hub } = await openedHub();
    expectRefused(await send(hub, operator, update('stranger')), 'not-found');
    expectRefused(await send(hub, amk, update('drill', { exercise: true })), 'exercise-mismatch');
    expect(await log(hub)).toHaveLength(1);
    expectRefused(await send(memoryHub(), amk, update('nowhere')), 'not-found');
  });

  test('One that was refused may be accepted later, with the same id', async () => {
    const hub = memoryHub();
    expectRefused(await send(hub, amk, update('early')), 'not-found');
    await send(hub, amk, request);
    expect(accepted(await send(hub, amk, update('early')))).toMatchObject({ repeated: false, entry: { number: 2 } });
  });
});

describe('A message that is sent again', () => {
  test('It gets its first answer', async () => {
    const { hub, opening } = await openedHub();
    await expectSameAnswer(hub, await send(hub, amk, request), opening);
    const first = accepted(await send(hub, la, update('once')));
    await expectSameAnswer(hub, await send(hub, la, update('once')), first);
    expect(await log(hub)).toHaveLength(2);
  });

  test('It gets its first answer however many came after it', async () => {
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

  test('It gets its first answer though the mission would not allow it any more', async () => {
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

  test('It gets its first answer though it names a version that has passed', async () => {
    const { hub } = await openedHub();
    const circumstances = { ...sentBy(amk), ifMatch: 1 };
    const now = (): number => hub.clock.now();
    const first = accepted(await acceptMessage(hub.missions, update('conditional'), circumstances, now));
    await send(hub, la, update('other'));
    await expectSameAnswer(hub, await acceptMessage(hub.missions, update('conditional'), circumstances, now), first);
    expectRefused(await acceptMessage(hub.missions, update('stale'), circumstances, now), 'version-conflict');
  });

  test('It may come in an envelope of its own, or in none', async () => {
    const { hub } = await openedHub();
    const first = accepted(await send(hub, amk, update('letter', { bundleId: 'first-envelope' })));
    for (const bundleId of ['second-envelope', 'none'])
      await expectSameAnswer(hub, await send(hub, amk, update('letter', { bundleId })), first);
    expect(await log(hub)).toHaveLength(2);
  });

  test('White space and the order of members do not make it another message', async () => {
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

  test('The digits of a decimal make it another message: 1.50 says more than 1.5', async () => {
    const { hub } = await openedHub();
    const measured = (digits: string): Message =>
      read(
        update('measured', { more: [{ resourceType: 'Observation', valueQuantity: { value: '%' } }] }).text.replace(
          '"%"',
          digits,
        ),
      );
    const first = accepted(await send(hub, amk, measured('1.50')));
    for (const other of ['1.5', '1.500', '15e-1', '1.51'])
      expectRefused(await send(hub, amk, measured(other)), 'message-id-reused');
    await expectSameAnswer(hub, await send(hub, amk, measured('1.50')), first);
  });
});

describe('An id that is used for something else', () => {
  test('The same message id with another content is an error', async () => {
    const { hub } = await openedHub();
    await send(hub, amk, update('used'));
    const refusal = expectRefused(
      await send(hub, amk, update('used', { urgency: 'routine' })),
      'message-id-reused',
      'Bundle.entry[0].resource.id',
    );
    expect(statusOf(refusal)).toBe(422);
    expectRefused(await send(hub, amk, missionRequest({ id: 'request', urgency: 'routine' })), 'message-id-reused');
    expectRefused(await send(hub, amk, update('request')), 'message-id-reused');
    expect(await log(hub)).toHaveLength(2);
  });

  test('The same Bundle id with another message id is an error', async () => {
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

  test('A reused id is seen however many came after it', async () => {
    const { hub } = await openedHub();
    for (let number = 0; number < 40; number += 1)
      await send(hub, amk, update(`u${number}`, { bundleId: `b${number}` }));
    for (const number of [0, 1, 20, 39]) {
      expectRefused(await send(hub, amk, update(`u${number}`, { urgency: 'urgent' })), 'message-id-reused');
      expectRefused(await send(hub, amk, update('new', { bundleId: `b${number}` })), 'bundle-id-reused');
    }
  });

  test('Two senders may happen to use the same ids', async () => {
    const { hub } = await openedHub();
    const same = update('same', { bundleId: 'same' });
    expect(accepted(await send(hub, amk, same))).toMatchObject({ repeated: false, entry: { number: 2 } });
    expect(accepted(await send(hub, la, same))).toMatchObject({ repeated: false, entry: { number: 3 } });
    await expectSameAnswer(hub, await send(hub, amk, same), accepted(await send(hub, amk, same)));
  });

  test('Messages without a Bundle id never share one', async () => {
    const { hub } = await openedHub();
    for (const id of ['a', 'b', 'c'])
      expect(accepted(await send(hub, amk, update(id, { bundleId: 'none' }))).repeated).toBe(false);
  });

  test('Two requests with one id from two AMKs open two missions', async () => {
    const { hub } = await openedHub();
    const other = accepted(await send(hub, parties.otherAmk, request));
    expect(other.repeated).toBe(false);
    expect(other.entry.mission).not.toBe(mission);
  });
});

describe('Fingerprints that happen to be equal', () => {
  /** A log in which every entry seems to carry the message that comes. */
  const colliding = ({ missions }: MemoryHub, message: Message, sender: Party): MissionLog => ({
    ...missions,
    last: async (id) => {
      const last = await missions.last(id);
      if (last === undefined) return undefined;
      return {
        ...last,
        state: {
          ...last.state,
          messageFingerprints: fingerprintOf(sender.organisation, message.id).repeat(last.number),
          bundleFingerprints: fingerprintOf(sender.organisation, 'Bundle', message.bundleId ?? '').repeat(last.number),
        },
      };
    },
  });

  test('A new message is accepted', async () => {
    const { hub } = await openedHub();
    for (const id of ['a', 'b', 'c']) await send(hub, amk, update(id));
    const message = update('new');
    expect(accepted(await send(hub, amk, message, colliding(hub, message, amk)))).toMatchObject({
      repeated: false,
      entry: { number: 5 },
    });
  });

  test('A message that is sent again still gets its first answer, and a reused id is still seen', async () => {
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

  test('What another sender has used is still nobody’s but its own', async () => {
    const { hub } = await openedHub();
    const used = update('used', { bundleId: 'used-b' });
    accepted(await send(hub, amk, used));
    const same = update('used', { bundleId: 'used-b', urgency: 'routine' });
    expect(accepted(await send(hub, la, same, colliding(hub, same, la))).repeated).toBe(false);
  });

  test('A fingerprint that points past the log finds nothing', async () => {
    const { hub } = await openedHub();
    const message = update('new');
    const tooLong: MissionLog = {
      ...hub.missions,
      last: async (id) => {
        const last = await hub.missions.last(id);
        const fingerprints = fingerprintOf(amk.organisation, message.id).repeat(9);
        return last === undefined
          ? undefined
          : { ...last, state: { ...last.state, messageFingerprints: fingerprints } };
      },
    };
    expect(accepted(await send(hub, amk, message, tooLong)).repeated).toBe(false);
  });
});

/** A log in which somebody else is faster: before each append another message gets the number. */
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

describe('Races', () => {
  test('Whoever loses a race takes the next number, and its state builds on the winner', async () => {
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

  test('Whoever loses a race is judged by the state after the winner', async () => {
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

  test('Whoever loses a race to itself gets the one answer', async () => {
    const { hub } = await openedHub();
    const message = update('twice');
    const { entry, repeated } = accepted(await send(hub, amk, message, losing(hub, [[amk, message]])));
    expect(repeated).toBe(true);
    expect(entry.number).toBe(2);
    expect(await log(hub)).toHaveLength(2);
  });

  test('The same message twice at once is accepted once, and both get the one answer', async () => {
    const hub = memoryHub();
    const both = (await Promise.all([send(hub, amk, request), send(hub, amk, request)])).map(accepted);
    expect(both.filter(({ repeated }) => repeated)).toHaveLength(1);
    expect(withoutDebt(both[0]?.entry ?? failed())).toEqual(withoutDebt(both[1]?.entry ?? failed()));
    expect(await log(hub)).toHaveLength(1);
  });

  test('Different messages at once get numbers of their own', async () => {
    const { hub } = await openedHub();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const all = (await Promise.all(ids.map((id) => send(hub, amk, update(id))))).map(accepted);
    expect(new Set(all.map(({ entry }) => entry.number))).toEqual(new Set([2, 3, 4, 5, 6]));
    expect((await log(hub)).map(({ state }) => state.version)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('Of two that cannot both be, the log decides which one is', async () => {
    const { hub } = await openedHub();
    const seen = (id: string): Message => acknowledgement({ task: taskOpenedBy(mission, 1), id });
    const both = await Promise.all([send(hub, la, seen('first')), send(hub, la, seen('second'))]);
    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['accepted', 'refused']);
    expect(await log(hub)).toHaveLength(2);
  });

  test('Whoever loses too many races is asked to come again, and has left nothing', async () => {
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

describe('Storage that fails', () => {
  test('A write that landed but seemed to lose is found, and answered as accepted', async () => {
    const { hub } = await openedHub();
    const message = update('landed');
    let told = false;
    const forgetful: MissionLog = {
      ...hub.missions,
      append: async (entry, dueAt) => {
        const result = await hub.missions.append(entry, dueAt);
        if (told) return result;
        told = true;
        return 'taken';
      },
    };
    const { entry, repeated } = accepted(await send(hub, amk, message, forgetful));
    expect(repeated).toBe(true);
    expect(entry).toMatchObject({ number: 2, messageId: 'landed' });
    expect(await log(hub)).toHaveLength(2);
  });

  test.each([
    ['did not land', false],
    ['landed', true],
  ] as const)('After a write that failed and %s, the message sent again is accepted once', async (_how, landed) => {
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

  test('A log that cannot be read accepts nothing', async () => {
    const { hub } = await openedHub();
    const broken: MissionLog = { ...hub.missions, last: () => Promise.reject(new Unavailable('no answer')) };
    await expect(send(hub, amk, update('unread'), broken)).rejects.toThrow(Unavailable);
    expect(await log(hub)).toHaveLength(1);
  });
});

const failed = (): never => {
  throw new Error('there is no such entry');
};

describe('Whoever may be kept from opening missions', () => {
  const asked = (refusal?: Refusal) => {
    const calls: number[] = [];
    return {
      calls,
      checkActivation: async () => {
        calls.push(1);
        return refusal;
      },
    };
  };
  const sendAsking = (
    hub: MemoryHub,
    message: Message,
    terms: ReturnType<typeof asked>,
    missions: MissionLog = hub.missions,
  ) => acceptMessage(missions, message, sentBy(amk), () => hub.clock.now(), terms);

  test('is asked for once, when all else is in order, and what is refused is not stored', async () => {
    const hub = memoryHub();
    const kept = asked(refuse('too-many-requests'));
    expectRefused(await sendAsking(hub, request, kept), 'too-many-requests');
    expect(kept.calls).toHaveLength(1);
    expect(await log(hub)).toEqual([]);
    const free = asked();
    accepted(await sendAsking(hub, request, free));
    expect(free.calls).toHaveLength(1);
  });

  test('is asked for again when a mission is taken up after a pause, and never while it is awake', async () => {
    const hub = memoryHub();
    const kept = asked(refuse('too-many-requests'));
    accepted(await sendAsking(hub, request, asked()));
    hub.clock.advance(299_000);
    accepted(await sendAsking(hub, update('awake'), kept));
    hub.clock.advance(300_000);
    expectRefused(await sendAsking(hub, update('pause'), kept), 'too-many-requests');
    expect(kept.calls).toHaveLength(1);
  });

  test('is not asked for what is refused by the rules, and not for what was sent before', async () => {
    const hub = memoryHub();
    const kept = asked(refuse('too-many-requests'));
    expectRefused(await sendAsking(hub, update('no-such-mission'), kept), 'not-found');
    accepted(await sendAsking(hub, request, asked()));
    hub.clock.advance(3_600_000);
    expect(accepted(await sendAsking(hub, request, kept)).repeated).toBe(true);
    expect(kept.calls).toEqual([]);
  });

  test('is asked once by a message that loses a race', async () => {
    const hub = memoryHub();
    accepted(await sendAsking(hub, request, asked()));
    hub.clock.advance(300_000);
    let races = 3;
    const racing: MissionLog = {
      ...hub.missions,
      append: async (...args) => (races-- > 0 ? 'taken' : hub.missions.append(...args)),
    };
    const free = asked();
    accepted(await sendAsking(hub, update('racing'), free, racing));
    expect(free.calls).toHaveLength(1);
  });
});
