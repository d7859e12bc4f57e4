import type { Subscription } from '../../core/delivery/subscription.ts';
import type { Party } from '../../core/mission/state.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { parties } from '../support/messages.ts';
import type { EndpointMode } from './endpoints.ts';
import { noFailpoints } from './failpoints.ts';
import type { SeededRandom } from '../support/random.ts';
import { minute, type Scenario } from './scenario.ts';
import type { Clients } from './traffic.ts';
import type { World } from './world.ts';

/** Subscriptions and their endpoints: made, changed, ended and redriven while messages are sent. */

const troubles: readonly EndpointMode[] = [
  'slow',
  'flapping',
  'flapping',
  'unstable',
  'unstable',
  'down',
  'down',
  'rejecting',
  'rejecting',
  'answers-late',
];

/** Schedules the periods of trouble that an endpoint has while messages are sent. */
const scheduleTrouble = (world: World, url: string, { length, endpointTrouble, crowd, crowdAt }: Scenario): void => {
  const { random, endpoints, scheduler, trace } = world;
  const setAt = (time: number, mode: EndpointMode): void =>
    scheduler.after(time - scheduler.now(), () => {
      // After the last fault every endpoint keeps its mode.
      if (world.failpoints() === noFailpoints) return;
      trace(() => `${url} is ${mode}`);
      endpoints.setMode(url, mode);
    });
  const during = (mode: EndpointMode, from: number, lasts: number): void => {
    setAt(from, mode);
    setAt(from + lasts, 'healthy');
  };
  if (crowd > 0 && random.chance(0.4)) {
    during('slow', crowdAt, 2 * minute);
    return;
  }
  if (!random.chance(endpointTrouble)) return;
  for (let left = random.between(1, 3); left > 0; left -= 1) {
    const mode = random.pick(troubles);
    const isLong = mode === 'down' && random.chance(0.5);
    during(mode, scheduler.now() + random.below(length), isLong ? 30 * minute : random.between(5_000, 300_000));
  }
};

const subscriptionFor = (party: Party, name: string, start: number, random: SeededRandom): Subscription => ({
  ...sampleSubscription(name, party.organisation),
  status: 'requested',
  endpoint: `https://${name}.example/notify`,
  payload: random.pick(['full-resource', 'id-only', 'empty']),
  filter: random.chance(0.15)
    ? random.pick([
        { urgencies: ['stat' as const] },
        { events: ['mission-request', 'resource-request', 'mission-cancel'] },
      ])
    : {},
  createdAt: new Date(start).toISOString(),
  ...(random.chance(0.08) ? { heartbeat: 60 } : {}),
});

export const administrationOf = (world: World, clients: Clients, scenario: Scenario) => {
  const { random, endpoints, scheduler, count } = world;
  const { start, length } = scenario;
  const urls = new Set<string>();

  /** A party subscribes. If it gets no answer it asks again, and then has one subscription more. */
  const subscribe = async (party: Party, name: string): Promise<string> => {
    let tries = 0;
    const created: string[] = [];
    await clients.requestUntilAnswered(`subscribe(${name})`, (process) => {
      tries += 1;
      const subscription = subscriptionFor(party, tries === 1 ? name : `${name}-${tries}`, start, random);
      created.push(subscription.id);
      urls.add(subscription.endpoint);
      scheduleTrouble(world, subscription.endpoint, scenario);
      return clients.handlers.createSubscription(process, subscription);
    });
    return created.at(-1) ?? name;
  };

  /** A subscription that is active before the first message. */
  const subscribeBefore = async (party: Party, name: string): Promise<string> => {
    const subscription: Subscription = { ...subscriptionFor(party, name, start, random), status: 'active' };
    urls.add(subscription.endpoint);
    scheduleTrouble(world, subscription.endpoint, scenario);
    await world.ports.subscriptions.create(subscription, new Date(start + minute).toISOString());
    return name;
  };

  /** Each party has no, one or two subscriptions. Returns the ids; more come while messages are sent. */
  const subscribeAll = async (): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (const [index, party] of Object.values(parties).entries()) {
      const number = random.pick([0, 1, 1, 1, 1, 1, 1, 1, 2]);
      for (let one = 1; one <= number; one += 1) {
        const name = `s${index + 1}${one === 1 ? '' : 'b'}`;
        if (random.chance(0.75)) ids.push(await subscribeBefore(party, name));
        else void subscribe(party, name).then((id) => ids.push(id));
      }
    }
    return ids;
  };

  const end = (id: string): void => {
    count('subscriptions ended during traffic');
    void clients.requestUntilAnswered(`end(${id})`, (process) => clients.handlers.endSubscription(process, id));
  };

  /** Subscriptions end, get new endpoints, filters and secrets; operators redrive dead letters, also several at once. */
  const scheduleChanges = (ids: readonly string[]): void => {
    if (ids.length > 0 && random.chance(0.3)) {
      const id = random.pick(ids);
      scheduler.after(random.below(length), () => end(id));
    }
    const changes = random.pick([0, 0, 0, 1, 2, 4]);
    for (let change = 0; ids.length > 0 && change < changes; change += 1) {
      const id = random.pick(ids);
      const endpoint = `https://${id}-moved${change}.example/notify`;
      const settings = [
        { endpoint },
        { filter: { urgencies: ['stat' as const] } },
        { filter: { events: ['mission-request'] } },
        { filter: {} },
        { secret: 'whsec_bmV3', formerSecret: { secret: 'whsec_b2xk', until: new Date(start + length).toISOString() } },
      ];
      urls.add(endpoint);
      const at = random.below(length);
      // In one of three changes, two requests at once.
      for (const one of random.shuffled(settings).slice(0, random.pick([1, 1, 2])))
        scheduler.after(at + random.below(300), () => {
          count('subscriptions changed during traffic');
          void clients.requestUntilAnswered(`change(${id})`, (process) =>
            clients.handlers.changeSubscription(process, id, one),
          );
        });
      if (random.chance(0.15)) scheduler.after(at + random.below(300), () => end(id));
    }
    if (random.chance(0.6)) {
      const at = random.between(minute, length + minute);
      const times = random.between(1, 3);
      scheduler.after(at, () => {
        for (let one = 1; one <= times; one += 1) {
          const process = world.start(`redrive#${one}`, 5 * minute);
          scheduler.resumed();
          void clients.handlers.redriveAll(process).then(process.finish);
        }
      });
    }
  };

  /** Makes every endpoint healthy, but for some that stay down or reject for good. Returns those. */
  const settleEndpoints = (): ReadonlySet<string> => {
    const dead = new Set<string>();
    const some = random.chance(0.3);
    for (const url of urls) {
      const isDead = some && random.chance(0.25);
      if (isDead) dead.add(url);
      endpoints.setMode(url, isDead ? random.pick(['down', 'rejecting']) : 'healthy');
    }
    return dead;
  };

  return { subscribeAll, scheduleChanges, settleEndpoints };
};
