import { checkR4 } from '../schemas/r4/check.ts';
import { startAws } from './aws.ts';
import { floorOf } from './floor.ts';
import { loadHub, play } from './hub.ts';
import type { CpuResults, CpuSettings } from './measure-protocol.ts';
import { leanServices, plainServices } from './services.ts';
import { listeners, messageText, steps, type Step } from './messages.ts';
import { median } from './statistics.ts';

/** Milliseconds of processor time of this process per call, over a number of consecutive calls. */
const cpuOf = async (calls: number, call: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  for (let index = 0; index < calls; index += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / calls;
};

type Call = () => Promise<unknown>;

interface Compared {
  readonly hub: number;
  readonly floor: number;
  readonly leanFloor: number;
  readonly ratio: number;
  readonly leanRatio: number;
}

/** Alternates all three, so that other load of the machine affects them equally. */
const compare = async ({ calls, rounds }: CpuSettings, hub: Call, floor: Call, leanFloor: Call): Promise<Compared> => {
  // Twice, because the compiler optimises code for the calls it has seen.
  for (const call of [hub, floor, leanFloor, hub, floor, leanFloor]) await cpuOf(calls, call);
  const all: Compared[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [ofHub, ofFloor, ofLean] = [
      await cpuOf(calls, hub),
      await cpuOf(calls, floor),
      await cpuOf(calls, leanFloor),
    ];
    all.push({ hub: ofHub, floor: ofFloor, leanFloor: ofLean, ratio: ofHub / ofFloor, leanRatio: ofHub / ofLean });
  }
  const medianOf = (pick: (one: Compared) => number): number => median(all.map(pick));
  return {
    hub: medianOf(({ hub: one }) => one),
    floor: medianOf(({ floor: one }) => one),
    leanFloor: medianOf(({ leanFloor: one }) => one),
    ratio: medianOf(({ ratio }) => ratio),
    leanRatio: medianOf(({ leanRatio }) => leanRatio),
  };
};

/** Milliseconds that the check of a message against FHIR R4 takes, of the accept step. */
const checkOf = async ({ calls, rounds }: CpuSettings, text: string): Promise<number> => {
  const message: unknown = JSON.parse(text);
  const check = async (): Promise<void> => {
    checkR4(message);
  };
  await cpuOf(calls, check);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await cpuOf(calls, check));
  return median(times);
};

const measured: readonly Step[] = [steps.request, steps.acknowledgement, steps.update, steps.prearrival];

/**
 * Plays the first mission. At some of its messages the hub and the floor handle the same message repeatedly, with AWS answers that are
 * replayed from the first time. Must run in a separate process.
 */
export const measureCpu = async (settings: CpuSettings): Promise<CpuResults> => {
  const aws = await startAws(settings.assembly);
  try {
    const hub = await loadHub(aws, settings.assembly);
    const plain = plainServices();
    const lean = leanServices(aws.tableName);
    for (const client of listeners) await hub.subscribe(client);
    const results: CpuResults = [];
    for (const step of Object.values(steps)) {
      if (!measured.includes(step)) {
        await play(hub, aws, step);
        continue;
      }
      await aws.setMode({ mode: 'pass', withBodies: true });
      const text = messageText(step);
      const event = hub.eventOf(text, step.sender);
      await hub.process(event);
      const accepting = await aws.setMode({ mode: 'pass', withBodies: true });
      const [job = '', ...others] = accepting.jobs;
      const delivery = hub.deliveryOf(job);
      await hub.deliver(delivery);
      const delivering = await aws.setMode({ mode: 'replay', withBodies: false });

      const floor = floorOf(accepting, aws.endpoint, plain);
      const leanFloor = floorOf(accepting, aws.endpoint, lean);
      results.push({
        step: step.example,
        what: 'accept and notify',
        bytes: Buffer.byteLength(text),
        calls: accepting.calls,
        ...(await compare(
          settings,
          () => hub.process(event),
          () => floor.process(event),
          () => leanFloor.process(event),
        )),
        check: await checkOf(settings, text),
      });
      const deliveryFloor = floorOf(delivering, aws.endpoint, plain);
      const leanDeliveryFloor = floorOf(delivering, aws.endpoint, lean);
      results.push({
        step: step.example,
        what: 'deliver',
        bytes: Buffer.byteLength(delivering.posts[0] ?? ''),
        calls: delivering.calls,
        ...(await compare(
          settings,
          () => hub.deliver(delivery),
          () => deliveryFloor.deliver(delivery),
          () => leanDeliveryFloor.deliver(delivery),
        )),
      });
      await aws.setMode({ mode: 'pass', withBodies: false });
      for (const other of others) await hub.deliver(hub.deliveryOf(other));
    }
    return results;
  } finally {
    await aws.close();
  }
};
