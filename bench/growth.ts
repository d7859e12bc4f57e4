import { type Aws, startAws } from './aws.ts';
import type { Traffic } from './aws-protocol.ts';
import { type HubInProcess, loadHub, play } from './hub.ts';
import type { GrowthResults, GrowthSettings, Side } from './measure-protocol.ts';
import { messageText, organisationOf, steps } from './messages.ts';
import { storeNotified } from './stored.ts';
import { median } from './statistics.ts';

/** One mission of a size, ready for further messages. */
interface Case {
  readonly size: number;
  readonly mission: string;
  readonly coordinator: string;
}

const regions = ['amk-la-oslo', 'amk-la-bergen', 'amk-la-trondheim'] as const;
const operator = steps.resourceResponse.sender;

const regionAt = (index: number): string => {
  const region = regions[index];
  if (region === undefined) throw new Error(`growth is measured at no more than ${regions.length} sizes`);
  return region;
};

/** A mission that its AMK LA has accepted. */
const openMission = async (hub: HubInProcess, aws: Aws, name: string, coordinator: string): Promise<string> => {
  const mission = await play(hub, aws, steps.request, { name: `${name} request`, coordinator });
  await play(hub, aws, steps.acknowledgement, { name: `${name} acknowledgement`, mission, coordinator });
  await play(hub, aws, steps.decision, { name: `${name} decision`, mission, coordinator });
  return mission;
};

const lengthCases = async (hub: HubInProcess, aws: Aws, sizes: readonly number[]): Promise<readonly Case[]> => {
  const coordinator = regionAt(0);
  await hub.subscribe(coordinator);
  const cases: Case[] = [];
  for (const size of sizes) {
    const mission = await openMission(hub, aws, `length ${size}`, coordinator);
    for (let index = 3; index < size; index += 1)
      await play(hub, aws, steps.update, { name: `length ${size} ${index}`, mission, coordinator });
    cases.push({ size, mission, coordinator });
  }
  return cases;
};

/** The largest number for one organisation. */
const mostSubscriptions = 50;

const subscriberCases = async (hub: HubInProcess, aws: Aws, sizes: readonly number[]): Promise<readonly Case[]> => {
  const cases: Case[] = [];
  for (const [index, size] of sizes.entries()) {
    const coordinator = regionAt(index);
    for (let count = 0; count < Math.min(size, mostSubscriptions); count += 1) await hub.subscribe(coordinator);
    const name = `subscribers ${size}`;
    const mission = await openMission(hub, aws, name, coordinator);
    if (size > mostSubscriptions) {
      for (let count = mostSubscriptions; count < size; count += 1) await hub.subscribe(operator);
      await play(hub, aws, steps.resourceRequest, { name: `${name} ask`, mission, coordinator });
      await play(hub, aws, steps.resourceResponse, { name: `${name} answer`, mission, coordinator });
    }
    cases.push({ size, mission, coordinator });
  }
  return cases;
};

/** Missions that the hub has just opened and notified. */
const awakeCases = async (hub: HubInProcess, aws: Aws, sizes: readonly number[]): Promise<readonly Case[]> => {
  const cases: Case[] = [];
  for (const [index, size] of sizes.entries()) {
    const coordinator = regionAt(index);
    await hub.subscribe(coordinator);
    for (let count = 1; count < size; count += 1)
      await play(hub, aws, steps.request, { name: `awake ${size} ${count}`, coordinator });
    const mission = await openMission(hub, aws, `awake ${size}`, coordinator);
    cases.push({ size, mission, coordinator });
  }
  return cases;
};

/** Missions of which the subscription was notified, written straight into the table. */
const storedCases = async (hub: HubInProcess, aws: Aws, sizes: readonly number[]): Promise<readonly Case[]> => {
  const cases: Case[] = [];
  for (const [index, size] of sizes.entries()) {
    const coordinator = regionAt(index);
    const subscription = await hub.subscribe(coordinator);
    await storeNotified(aws.tableName, { subscription, organisation: organisationOf(coordinator), missions: size - 1 });
    const mission = await openMission(hub, aws, `stored ${size}`, coordinator);
    cases.push({ size, mission, coordinator });
  }
  return cases;
};

const makers = { length: lengthCases, subscribers: subscriberCases, stored: storedCases, awake: awakeCases };

interface Sample {
  readonly traffic: Traffic;
  readonly cpu: number;
  readonly wall: number;
}

interface Found {
  readonly size: number;
  readonly accept: Sample[];
  readonly deliver: Sample[];
}

const sampled = async (aws: Aws, work: () => Promise<unknown>): Promise<Sample> => {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  const wall = performance.now() - started;
  return { traffic: await aws.setMode({ mode: 'pass', withBodies: false }), cpu: (user + system) / 1000, wall };
};

/** Calls that do not belong to one message: the directory and the guideline, once a minute. */
const withoutReference = ({ GetItem: _reference, ...calls }: Record<string, number>): Record<string, number> => calls;

const summary = (samples: readonly Sample[]): Side => {
  const middle = (pick: (sample: Sample) => number): number => median(samples.map(pick));
  return {
    calls: withoutReference(samples.at(-1)?.traffic.calls ?? {}),
    readUnits: middle(({ traffic }) => traffic.readUnits),
    writeUnits: middle(({ traffic }) => traffic.writeUnits),
    notificationUnits: middle(({ traffic }) => traffic.notificationUnits),
    bytes: middle(({ traffic }) => traffic.bytes),
    cpu: middle(({ cpu }) => cpu),
    wall: middle(({ wall }) => wall),
  };
};

/** The cost of one more message at each size. The sizes alternate, so that warm code and other load affect all of them. */
export const measureGrowth = async ({ assembly, of, sizes, samples }: GrowthSettings): Promise<GrowthResults> => {
  const aws = await startAws(assembly);
  try {
    const hub = await loadHub(aws, assembly);
    // The sender gets no notifications here, but without a subscription the hub would write messages about an unreachable party.
    await hub.subscribe(steps.update.sender);
    const cases = await makers[of](hub, aws, sizes);
    const found = cases.map(({ size }): Found => ({ size, accept: [], deliver: [] }));
    for (let index = 0; index < samples; index += 1) {
      for (const [at, { size, mission, coordinator }] of cases.entries()) {
        const text = messageText(steps.update, { name: `${of} ${size} measured ${index}`, mission, coordinator });
        const event = hub.eventOf(text, steps.update.sender);
        const accepted = await sampled(aws, () => hub.process(event));
        found[at]?.accept.push(accepted);
        for (const job of accepted.traffic.jobs) {
          const delivery = hub.deliveryOf(job);
          found[at]?.deliver.push(await sampled(aws, () => hub.deliver(delivery)));
        }
      }
    }
    return found.map(({ size, accept, deliver }) => ({ size, accept: summary(accept), deliver: summary(deliver) }));
  } finally {
    await aws.close();
  }
};
