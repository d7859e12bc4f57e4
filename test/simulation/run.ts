import type { Subscription } from '../../core/delivery/subscription.ts';
import type { MissionState, Party } from '../../core/mission/state.ts';
import { missionIdOf } from '../../schemas/identifiers.ts';
import { sampleSubscription } from '../contract/contract.ts';
import { parties } from '../support/messages.ts';
import { type Dice, diceOf } from './dice.ts';
import type { Mood } from './endpoints.ts';
import { fairWeather, type Tally, type Weather, weatherOf } from './faults.ts';
import { handlersOf, type Reply } from './handlers.ts';
import { type Finding, findingsOf } from './invariants.ts';
import type { Process } from './process.ts';
import { opens, reportsReadiness, reuses, type Said, saidNext } from './story.ts';
import { type World, worldOf } from './world.ts';

/** One run: a story under faults, then the same world without faults until everything owed is paid. */

/** A message as its sender sees it: how often it was sent, and what came of it. */
export interface Sending {
  readonly name: string;
  readonly said: Said;
  readonly replies: { readonly at: number; readonly reply: Reply }[];
  /** Somebody else uses its id for another content. */
  readonly isContested: boolean;
}

export interface Outcome {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly tally: Tally;
  readonly entries: number;
  readonly notifications: number;
  readonly virtualMinutes: number;
}

const start = Date.parse('2026-02-01T11:00:00.000Z');
const second = 1_000;
const minute = 60 * second;
/**
 * Everything owed is paid this long after the last fault, milliseconds. What a dead process held, SQS hides for three minutes;
 * to an endpoint that stays dead the hub tries for twelve, and for twelve more to tell it that another was not reached.
 */
const paidWithin = 20 * minute;
const paidWithinIfDead = 32 * minute;
/** Missions in which nothing is said are forgotten by then. */
const forgottenWithin = 40 * minute;

const processMessageLimit = 10 * second;
const sweepLimit = 80 * second;

const isFinal = ({ status }: Reply): boolean => status < 500;

/** A partner's own code, which does not die. */
const invocation = (
  world: World,
  name: string,
  limit: number,
  work: (process: Process) => Promise<Reply>,
): Promise<Reply | undefined> =>
  new Promise((resolve) => {
    const process = world.start(name, limit);
    const done = (reply: Reply | undefined): void => {
      world.scheduler.woken();
      resolve(reply);
    };
    world.scheduler.woken();
    const answered = (reply: Reply): void => {
      process.finish();
      if (world.dice.chance(world.weather().lostAnswer)) {
        world.count('answers to senders lost');
        return;
      }
      world.scheduler.after(world.dice.between(1, 30), () => done(reply));
    };
    void work(process).then(answered);
    world.scheduler.after(limit + 5 * second, () => done(undefined));
  });

const wait = (world: World, milliseconds: number): Promise<void> =>
  new Promise((resolve) =>
    world.scheduler.after(milliseconds, () => {
      world.scheduler.woken();
      resolve();
    }),
  );

const partnersOf = (world: World) => {
  const { dice } = world;
  const handlers = handlersOf(world, dice.fork());
  const sendings: Sending[] = [];
  let invocations = 0;

  /** Sends a message until the hub has answered it for good. */
  const sendUntilAnswered = async (sending: Sending): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      invocations += 1;
      const reply = await invocation(
        world,
        `message#${invocations}(${sending.name} ${sending.said.message.type.event}, try ${attempt})`,
        processMessageLimit,
        (process) => handlers.processMessage(process, sending.said),
      );
      if (reply !== undefined) {
        sending.replies.push({ at: world.scheduler.now(), reply });
        world.trace(() => `${sending.name} is answered ${reply.status}`);
        if (isFinal(reply)) return;
      }
      await wait(world, dice.between(500, 5_000) * Math.min(attempt, 6));
    }
  };

  const say = (name: string, said: Said, isContested = false): Sending => {
    const sending: Sending = { name, said, replies: [], isContested };
    sendings.push(sending);
    void sendUntilAnswered(sending);
    const twice = dice.pick(['at once', 'later', 'no', 'no', 'no', 'no', 'no', 'no']);
    if (twice !== 'no') {
      world.count('messages sent twice by their sender');
      const after = twice === 'later' ? dice.between(1_000, 600_000) : dice.below(50);
      void wait(world, after).then(() => sendUntilAnswered(sending));
    }
    return sending;
  };

  const untilDone = async (name: string, work: (process: Process) => Promise<Reply>): Promise<Reply> => {
    for (;;) {
      invocations += 1;
      const reply = await invocation(world, `${name}#${invocations}`, processMessageLimit, work);
      if (reply !== undefined && isFinal(reply)) return reply;
      await wait(world, dice.between(1_000, 10_000));
    }
  };

  return { handlers, sendings, say, untilDone };
};

type Partners = ReturnType<typeof partnersOf>;

const members: readonly Party[] = Object.values(parties);

const moods: readonly Mood[] = [
  'slow',
  'flapping',
  'flapping',
  'stumbling',
  'stumbling',
  'down',
  'down',
  'refusing',
  'refusing',
  'deaf',
];

/** A subscription of a party, and the spells its endpoint has during the story. */
const subscriptionFor = (party: Party, name: string, dice: Dice): Subscription => ({
  ...sampleSubscription(name, party.organisation),
  status: 'requested',
  endpoint: `https://${name}.example/notify`,
  payload: dice.pick(['full-resource', 'id-only', 'empty']),
  filter: dice.chance(0.15)
    ? dice.pick([
        { urgencies: ['stat' as const] },
        { events: ['mission-request', 'resource-request', 'mission-cancel'] },
      ])
    : {},
  createdAt: new Date(start).toISOString(),
  ...(dice.chance(0.08) ? { heartbeat: 60 } : {}),
});

const spells = (world: World, url: string, length: number, trouble: number): void => {
  const { dice, endpoints, scheduler, trace } = world;
  if (!dice.chance(trouble)) return;
  for (let spell = dice.between(1, 3); spell > 0; spell -= 1) {
    const mood = dice.pick(moods);
    const from = dice.below(length);
    const lasts = mood === 'down' && dice.chance(0.5) ? 30 * minute : dice.between(5_000, 300_000);
    const becomes = (next: Mood) => (): void => {
      // In the end every endpoint stays as it is.
      if (world.weather() === fairWeather) return;
      trace(() => `${url} is ${next}`);
      endpoints.behave(url, next);
    };
    scheduler.after(from, becomes(mood));
    scheduler.after(from + lasts, becomes('well'));
  }
};

interface Cast {
  readonly urls: Set<string>;
  readonly trouble: number;
  readonly length: number;
}

/** A party subscribes; if the hub does not answer it asks again, and has a subscription more. */
const subscribes = async (
  world: World,
  partners: Partners,
  cast: Cast,
  party: Party,
  name: string,
): Promise<string> => {
  let tries = 0;
  const made: string[] = [];
  await partners.untilDone(`subscribe(${name})`, (process) => {
    tries += 1;
    const subscription = subscriptionFor(party, tries === 1 ? name : `${name}-${tries}`, world.dice);
    made.push(subscription.id);
    cast.urls.add(subscription.endpoint);
    spells(world, subscription.endpoint, cast.length, cast.trouble);
    return partners.handlers.createSubscription(process, subscription);
  });
  return made.at(-1) ?? name;
};

/** Subscriptions that were there before the story began. */
const settle = async (world: World, party: Party, name: string, cast: Cast): Promise<string> => {
  const subscription: Subscription = { ...subscriptionFor(party, name, world.dice), status: 'active' };
  cast.urls.add(subscription.endpoint);
  spells(world, subscription.endpoint, cast.length, cast.trouble);
  await world.kept.subscriptions.create(subscription, new Date(start + minute).toISOString());
  return name;
};

const cast = async (world: World, partners: Partners, stage: Cast): Promise<readonly string[]> => {
  const { dice } = world;
  const ids: string[] = [];
  for (const [index, party] of members.entries()) {
    const number = dice.pick([0, 1, 1, 1, 1, 1, 1, 1, 2]);
    for (let one = 1; one <= number; one += 1) {
      const name = `s${index + 1}${one === 1 ? '' : 'b'}`;
      if (dice.chance(0.75)) ids.push(await settle(world, party, name, stage));
      else void subscribes(world, partners, stage, party, name).then((id) => ids.push(id));
    }
  }
  return ids;
};

const gap = (dice: Dice): number =>
  dice.pick([
    dice.below(300),
    dice.below(300),
    dice.between(300, 15_000),
    dice.between(1_000, 20_000),
    dice.between(10_000, 120_000),
  ]);

/** What parties say, one after another and at once. */
const tell = async (world: World, { say }: Partners, length: number): Promise<void> => {
  const { dice, hub, scheduler } = world;
  const missions: string[] = [];
  const end = start + length;
  const most = dice.between(5, 24);
  const stateOf = async (): Promise<MissionState | undefined> =>
    missions.length === 0 ? undefined : (await hub.missions.last(dice.pick(missions)))?.state;
  const begin = (name: string): void => {
    const said = opens(name, dice);
    missions.push(missionIdOf(said.sender.organisation, said.message.id));
    say(name, said);
  };
  begin('m1');
  const more = dice.pick([0, 0, 1, 2, 4]);
  for (let said = 2; said <= most && scheduler.now() < end; said += 1) {
    await wait(world, gap(dice));
    const name = `m${said}`;
    if (missions.length <= more && dice.chance(0.2)) {
      begin(name);
      continue;
    }
    if (dice.chance(0.02)) {
      say(name, reportsReadiness(name, dice));
      continue;
    }
    const state = await stateOf();
    // The mission is not in the log yet: nobody can speak of it.
    if (state === undefined) {
      said -= dice.chance(0.9) ? 1 : 0;
      continue;
    }
    const next = saidNext(state, name, scheduler.now(), dice);
    const isContested = dice.chance(0.03);
    say(name, next, isContested);
    if (isContested) say(`${name}-other`, reuses(next, state), true);
  }
};

/** Subscriptions end, move and get new secrets, and people have dead letters tried again. */
const administer = (world: World, { handlers, untilDone }: Partners, ids: readonly string[], stage: Cast): void => {
  const { dice, scheduler, count } = world;
  const { length, urls } = stage;
  if (ids.length > 0 && dice.chance(0.3)) {
    const id = dice.pick(ids);
    scheduler.after(dice.below(length), () => {
      count('subscriptions ended in the middle');
      void untilDone(`end(${id})`, (process) => handlers.endSubscription(process, id));
    });
  }
  const changes = dice.pick([0, 0, 0, 1, 2, 4]);
  for (let change = 0; ids.length > 0 && change < changes; change += 1) {
    const id = dice.pick(ids);
    const endpoint = `https://${id}-moved${change}.example/notify`;
    const news = [
      { endpoint },
      { filter: { urgencies: ['stat' as const] } },
      { filter: { events: ['mission-request'] } },
      { filter: {} },
      { secret: 'whsec_bmV3', formerSecret: { secret: 'whsec_b2xk', until: new Date(start + length).toISOString() } },
    ];
    urls.add(endpoint);
    const at = dice.below(length);
    // Now and then two at once.
    for (const one of dice.shuffled(news).slice(0, dice.pick([1, 1, 2])))
      scheduler.after(at + dice.below(300), () => {
        count('subscriptions changed in the middle');
        void untilDone(`change(${id})`, (process) => handlers.changeSubscription(process, id, one));
      });
    if (dice.chance(0.15))
      scheduler.after(at + dice.below(300), () => {
        count('subscriptions ended in the middle');
        void untilDone(`end(${id})`, (process) => handlers.endSubscription(process, id));
      });
  }
  if (dice.chance(0.6)) {
    const at = dice.between(minute, length + minute);
    const times = dice.between(1, 3);
    scheduler.after(at, () => {
      for (let one = 1; one <= times; one += 1) {
        const process = world.start(`redrive#${one}`, 5 * minute);
        scheduler.woken();
        void handlers.redriveAll(process).then(process.finish);
      }
    });
  }
};

const sweepForEver = (world: World, { handlers }: Partners): void => {
  let runs = 0;
  const run = (): void => {
    runs += 1;
    const process = world.start(`sweep#${runs}`, sweepLimit);
    world.scheduler.woken();
    void handlers.sweepRun(process).then(process.finish);
    world.scheduler.after(minute, run);
  };
  world.scheduler.after(world.dice.below(minute), run);
};

/** The endpoints that stay down or refuse for good, in some runs. */
const calm = (world: World, urls: ReadonlySet<string>): ReadonlySet<string> => {
  const { dice, endpoints } = world;
  const dead = new Set<string>();
  const some = dice.chance(0.3);
  for (const url of urls) {
    const isDead = some && dice.chance(0.25);
    if (isDead) dead.add(url);
    endpoints.behave(url, isDead ? dice.pick(['down', 'refusing']) : 'well');
  }
  return dead;
};

const lastOutage = ({ tableDown, queueDown }: Weather): number =>
  [...tableDown, ...queueDown].reduce((last, { to }) => Math.max(last, to), 0);

export const simulate = async (seed: number, print?: (line: string) => void): Promise<Outcome> => {
  const dice = diceOf(seed);
  const trace = (line: () => string): void =>
    print?.(`${new Date(world.scheduler.now()).toISOString().slice(11, 23)} ${line()}`);
  const world: World = worldOf(start, dice.fork(), trace);
  const length = dice.between(2 * minute, 10 * minute);
  const weather = weatherOf(dice.fork(), start, length);
  world.setWeather(weather);
  for (const { from, to } of weather.tableDown) {
    world.count('table outages');
    trace(() => `the table is down from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`);
  }
  for (const { from, to } of weather.queueDown) {
    world.count('queue outages');
    trace(() => `the queue is down from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`);
  }

  const partners = partnersOf(world);
  world.serve(partners.handlers.deliverOrder);
  const stage: Cast = { urls: new Set(), trouble: dice.pick([0, 0.2, 0.5]), length };
  const ids = await cast(world, partners, stage);
  sweepForEver(world, partners);
  administer(world, partners, ids, stage);
  void tell(world, partners, length);

  const calmFrom = Math.max(start + length, lastOutage(weather)) + dice.between(0, 2 * minute);
  await world.scheduler.runTo(calmFrom);
  // What was still to happen to endpoints happens no more.
  world.setWeather(fairWeather);
  trace(() => 'no faults from now on');
  const dead = calm(world, stage.urls);
  const paidBy = calmFrom + (dead.size === 0 ? paidWithin : paidWithinIfDead);
  await world.scheduler.runTo(paidBy);
  const paid = await findingsOf({ world, sendings: partners.sendings, calmFrom, dead, phase: 'paid' });
  // Time in which nothing happens takes time all the same: some runs live through it.
  const livesOn = dice.chance(0.3);
  if (livesOn) await world.scheduler.runTo(paidBy + forgottenWithin);
  const forgotten = livesOn
    ? await findingsOf({ world, sendings: partners.sendings, calmFrom, dead, phase: 'forgotten' })
    : [];

  const all = [...paid, ...forgotten];
  for (const { invariant, words } of all) trace(() => `BROKEN ${invariant}: ${words}`);
  return {
    seed,
    findings: all,
    tally: world.tally,
    entries: world.journal.appended.length,
    notifications: world.endpoints.arrivals.length,
    virtualMinutes: Math.round((world.scheduler.now() - start) / minute),
  };
};
