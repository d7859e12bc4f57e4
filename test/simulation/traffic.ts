import type { MissionState } from '../../core/mission/state.ts';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { handlersOf, type Reply } from './handlers.ts';
import {
  messageWithUsedId,
  nextMessage,
  openingMessage,
  type OutgoingMessage,
  readinessMessage,
} from './next-message.ts';
import type { Process } from './process.ts';
import type { SeededRandom } from '../support/random.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** What senders do: they send messages and requests, and repeat each until the hub has given a final answer. */

/** A message as its sender knows it. */
export interface SentMessage {
  readonly name: string;
  readonly outgoing: OutgoingMessage;
  readonly replies: { readonly at: number; readonly reply: Reply }[];
  /** Another message with the same id is sent too. */
  readonly isContested: boolean;
}

const second = 1_000;
const processMessageLimit = 10 * second;

const isFinal = ({ status }: Reply): boolean => status < 500;

/** One request of a client. The client itself does not crash; `undefined`: it got no answer. */
const request = (
  world: World,
  name: string,
  limit: number,
  handle: (process: Process) => Promise<Reply>,
): Promise<Reply | undefined> =>
  new Promise((resolve) => {
    const process = world.start(name, limit);
    const done = (reply: Reply | undefined): void => {
      world.scheduler.resumed();
      resolve(reply);
    };
    world.scheduler.resumed();
    const answered = (reply: Reply): void => {
      process.finish();
      if (world.random.chance(world.failpoints().lostAnswer)) {
        world.count('answers to senders lost');
        return;
      }
      world.scheduler.after(world.random.between(1, 30), () => done(reply));
    };
    void handle(process).then(answered);
    world.scheduler.after(limit + 5 * second, () => done(undefined));
  });

const wait = (world: World, milliseconds: number): Promise<void> =>
  new Promise((resolve) =>
    world.scheduler.after(milliseconds, () => {
      world.scheduler.resumed();
      resolve();
    }),
  );

export const clientsOf = (world: World) => {
  const { random } = world;
  const handlers = handlersOf(world, random.fork());
  const sent: SentMessage[] = [];
  let invocations = 0;

  const sendUntilAnswered = async (message: SentMessage): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      invocations += 1;
      const reply = await request(
        world,
        `message#${invocations}(${message.name} ${message.outgoing.message.type.event}, try ${attempt})`,
        processMessageLimit,
        (process) => handlers.processMessage(process, message.outgoing),
      );
      if (reply !== undefined) {
        message.replies.push({ at: world.scheduler.now(), reply });
        world.trace(() => `${message.name} is answered ${reply.status}`);
        if (isFinal(reply)) return;
      }
      await wait(world, random.between(500, 5_000) * Math.min(attempt, 6));
    }
  };

  const send = (name: string, outgoing: OutgoingMessage, isContested = false): SentMessage => {
    const message: SentMessage = { name, outgoing, replies: [], isContested };
    sent.push(message);
    void sendUntilAnswered(message);
    const twice = random.pick(['at once', 'later', 'no', 'no', 'no', 'no', 'no', 'no']);
    if (twice !== 'no') {
      world.count('messages sent twice by their sender');
      const after = twice === 'later' ? random.between(1_000, 600_000) : random.below(50);
      void wait(world, after).then(() => sendUntilAnswered(message));
    }
    return message;
  };

  /** Repeats a request until it has a final answer. */
  const requestUntilAnswered = async (name: string, handle: (process: Process) => Promise<Reply>): Promise<Reply> => {
    for (;;) {
      invocations += 1;
      const reply = await request(world, `${name}#${invocations}`, processMessageLimit, handle);
      if (reply !== undefined && isFinal(reply)) return reply;
      await wait(world, random.between(1_000, 10_000));
    }
  };

  return { handlers, sent, send, requestUntilAnswered };
};

export type Clients = ReturnType<typeof clientsOf>;

const gapBetween = (random: SeededRandom): number =>
  random.pick([
    random.below(300),
    random.below(300),
    random.between(300, 15_000),
    random.between(1_000, 20_000),
    random.between(10_000, 120_000),
  ]);

/** Sends the messages of one or more missions, one after another and at once. */
export const sendMessages = async (
  world: World,
  { send }: Clients,
  { start, length, crowd, crowdAt }: Scenario,
): Promise<void> => {
  const { random, stores, scheduler } = world;
  const missions: string[] = [];
  const end = start + length;
  const count = random.between(5, 24);
  const anyState = async (): Promise<MissionState | undefined> =>
    missions.length === 0 ? undefined : (await stores.ports.missions.last(random.pick(missions)))?.state;
  const open = (name: string): void => {
    const opening = openingMessage(name, random);
    missions.push(missionIdOf(opening.sender.organisation, opening.message.id));
    send(name, opening);
  };
  open('m1');
  if (crowd > 0)
    scheduler.after(crowdAt - start, () => {
      for (let index = 1; index <= crowd; index += 1) send(`crowd${index}`, openingMessage(`crowd${index}`, random));
    });
  const moreMissions = random.pick([0, 0, 1, 2, 4]);
  for (let index = 2; index <= count && scheduler.now() < end; index += 1) {
    await wait(world, gapBetween(random));
    const name = `m${index}`;
    if (missions.length <= moreMissions && random.chance(0.2)) {
      open(name);
      continue;
    }
    if (random.chance(0.02)) {
      send(name, readinessMessage(name, random));
      continue;
    }
    const state = await anyState();
    // The mission is not in the log yet: no party can refer to it.
    if (state === undefined) {
      index -= random.chance(0.9) ? 1 : 0;
      continue;
    }
    const next = nextMessage(state, name, scheduler.now(), random);
    const isContested = random.chance(0.03);
    send(name, next, isContested);
    if (isContested) send(`${name}-other`, messageWithUsedId(next, state), true);
  }
};
