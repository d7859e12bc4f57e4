import { type Accepted, acceptMessage } from '../../core/mission/accept-message.ts';
import type { CallSlots, Slot } from '../../core/delivery/call-slots.ts';
import { deliver } from '../../core/delivery/deliver.ts';
import { deliverySettings } from '../../core/delivery/retry-policy.ts';
import { deliveryGraceMilliseconds, fanOut } from '../../core/delivery/fan-out.ts';
import type { DeliveryJob, Lane } from '../../core/delivery/delivery-queue.ts';
import { deliverQuickly } from '../../core/delivery/quick-lane.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { redrive } from '../../core/delivery/dead-letters.ts';
import { replan } from '../../core/delivery/wrong-clocks.ts';
import { sweep } from '../../core/delivery/sweep.ts';
import type { Notice } from '../../core/delivery/notice.ts';
import { type Refusal, statusOf } from '../../schemas/faults.ts';
import { defined } from '../../schemas/defined.ts';
import { directory, sentBy } from '../support/messages.ts';
import type { OutgoingMessage } from './next-message.ts';
import { steppedPorts } from './ports.ts';
import type { Process } from './process.ts';
import type { JobResult } from './queue.ts';
import type { SeededRandom } from '../support/random.ts';
import type { World } from './world.ts';

/** The use cases, combined as in functions/<name>/handler.ts, on the ports of the simulation. */

/** A notification in short: which entry of which mission, and which message that is. */
export interface NoticeSummary {
  readonly kind: string;
  readonly mission?: string;
  readonly entry?: number;
  readonly messageId?: string;
  readonly number?: number;
}

const summaryOf = (notice: Notice): string => {
  const [event] = 'events' in notice ? notice.events : [];
  const summary: NoticeSummary = {
    kind: notice.kind,
    ...defined({
      mission: event?.entry.mission,
      entry: event?.entry.number,
      messageId: event?.entry.messageId,
      number: event?.notification.number,
    }),
  };
  return JSON.stringify(summary);
};

/** HTTP status and, if it was accepted, the number of the entry. */
export interface Reply {
  readonly status: number;
  readonly entry?: number;
}

/** A sender waits this long for the fan-out. */
const fanOutWaitMilliseconds = 3_000;
/** Between two looks of the sweeper. */
const sweepPauseMilliseconds = 2_000;
/** The sweeper begins no look in the last part of its time. */
const reserveMilliseconds = 15_000;
/** Seconds after which a delivery that threw comes back. */
const retryAfterError = 5;

export const handlersOf = (world: World, random: SeededRandom) => {
  const portsOf = (process: Process, ports = world.ports) => ({
    ...steppedPorts(ports, process.step),
    directory,
    now: process.now,
  });

  const processMessage = async (process: Process, { sender, message, ifMatch }: OutgoingMessage): Promise<Reply> => {
    const ports = portsOf(process);
    let accepted: Accepted | Refusal;
    try {
      const circumstances = { ...sentBy(sender), ...defined({ ifMatch }) };
      accepted = await acceptMessage(ports.missions, message, circumstances, process.now);
    } catch {
      return { status: 503 };
    }
    if (accepted.outcome === 'refused') return { status: statusOf(accepted) };
    const reply: Reply = { status: 200, entry: accepted.entry.number };
    if (!accepted.fanOutPending) return reply;
    const work = fanOut(ports, accepted.entry, { mayHaveStarted: accepted.repeated }).then(
      () => 'in time' as const,
      () => 'in time' as const,
    );
    const late = process.sleep(fanOutWaitMilliseconds).then(() => 'late' as const);
    if ((await Promise.race([work, late])) === 'late') {
      // After the answer Lambda pauses the sandbox until the next request, or ends it.
      if (random.chance(world.failpoints().pause)) process.pause(random.between(1_000, 1_800_000));
      else process.crash();
    }
    return reply;
  };

  const recordedSlots = (process: Process, slots: CallSlots): CallSlots => {
    const { scheduler, history } = world;
    const held = new Map<Slot, (typeof history.slotsTaken)[number]>();
    return {
      take: async (owner, ...args) => {
        const slot = await slots.take(owner, ...args);
        if (slot === undefined) return slot;
        const at = scheduler.now();
        const taken = {
          at,
          process: process.name,
          organisation: owner.organisation,
          until: Date.parse(slot.until),
          clockError: process.now() - at,
        };
        held.set(slot, taken);
        history.slotsTaken.push(taken);
        return slot;
      },
      free: (slot) => {
        const taken = held.get(slot);
        if (taken !== undefined) taken.freedAt = scheduler.now();
        return slots.free(slot);
      },
    };
  };

  const deliverJob = async (
    process: Process,
    job: DeliveryJob,
    { lane, receives }: { readonly lane: Lane; readonly receives: number },
  ): Promise<JobResult> => {
    const ports = portsOf(process);
    const slots = recordedSlots(process, ports.slots);
    try {
      const deliverPorts = {
        ...ports,
        slots,
        channel: world.endpoints.channelOf(process, lane),
        clock: { now: process.now },
        random: () => random.unit(),
        compose: summaryOf,
        settings: deliverySettings,
      };
      const delivered = await (lane === 'quick'
        ? deliverQuickly(job, deliverPorts, { receives })
        : deliver(job, deliverPorts));
      return delivered.outcome === 'complete' ? 'done' : { seconds: delivered.seconds };
    } catch {
      return { seconds: retryAfterError };
    }
  };

  /** Waits until something is due or the time is over: the looks in between would find nothing. */
  const untilDue = (process: Process): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        const due = world.nextDue();
        const isOver = process.timeLeft() <= reserveMilliseconds;
        if (isOver || (due !== undefined && due <= process.now())) resolve();
        else process.after(sweepPauseMilliseconds, look);
      };
      process.after(sweepPauseMilliseconds, look);
    });

  const sweepRun = async (process: Process): Promise<void> => {
    const current = portsOf(process);
    // A DynamoDB index lags behind its table: an obligation in it may be completed already.
    const due: typeof current.obligations.due = async (...args) => {
      const found = await current.obligations.due(...args);
      if (random.chance(world.failpoints().slow)) await process.sleep(random.between(500, 5_000));
      return found;
    };
    const ports = { ...current, obligations: { ...current.obligations, due } };
    const look = async (): Promise<'more' | 'nothing more'> => {
      try {
        const swept = await sweep(ports, process.timeLeft, (obligation, error) =>
          world.trace(() => `${process.name} cannot complete ${JSON.stringify(obligation)}: ${String(error)}`),
        );
        return swept.more && swept.completed > 0 ? 'more' : 'nothing more';
      } catch {
        return 'nothing more';
      }
    };
    await replan(ports).catch(() => undefined);
    while (process.timeLeft() > reserveMilliseconds) {
      if ((await look()) === 'nothing more') await untilDue(process);
    }
  };

  const createSubscription = async (process: Process, subscription: Subscription): Promise<Reply> => {
    const { subscriptions, lanes } = portsOf(process, world.portsFor(process));
    const due = new Date(process.now() + deliveryGraceMilliseconds).toISOString();
    try {
      await subscriptions.create(subscription, due);
    } catch {
      return { status: 503 };
    }
    await lanes.slow.send([{ kind: 'handshake', subscription: subscription.id, due }]).catch(() => undefined);
    return { status: 201 };
  };

  const endSubscription = async (process: Process, id: string): Promise<Reply> => {
    try {
      await portsOf(process, world.portsFor(process)).subscriptions.turnOff(id, new Date(process.now()).toISOString());
      return { status: 204 };
    } catch {
      return { status: 503 };
    }
  };

  /** A new endpoint, another filter, or a new secret. */
  const changeSubscription = async (
    process: Process,
    id: string,
    change: Partial<Pick<Subscription, 'endpoint' | 'filter' | 'secret' | 'formerSecret'>>,
  ): Promise<Reply> => {
    const { subscriptions, lanes } = portsOf(process, world.portsFor(process));
    try {
      const subscription = await subscriptions.read(id);
      if (subscription === undefined || subscription.status === 'off') return { status: 404 };
      const due =
        change.endpoint === undefined ? undefined : new Date(process.now() + deliveryGraceMilliseconds).toISOString();
      if (change.filter !== undefined)
        world.history.filterChanges.push({ at: world.scheduler.now(), subscription: id });
      const filterChangedAt = change.filter === undefined ? undefined : new Date(process.now()).toISOString();
      const changed = { ...subscription, ...change, ...defined({ filterChangedAt }) };
      if (!(await subscriptions.change(changed, due))) return { status: 409 };
      if (due !== undefined)
        await lanes.slow.send([{ kind: 'handshake', subscription: id, due }]).catch(() => undefined);
      return { status: 200 };
    } catch {
      return { status: 503 };
    }
  };

  const redriveAll = async (process: Process): Promise<void> => {
    const ports = portsOf(process);
    try {
      const { items } = await ports.deadLetters.list(100);
      // The operator reads the list first.
      await process.sleep(random.between(0, 30_000));
      const redriven = await redrive(ports, items);
      world.count('dead letters redriven', redriven.filter(({ outcome }) => outcome === 'redriven').length);
    } catch {
      // The operator repeats the command, or the sweeper sends the notification.
    }
  };

  return {
    processMessage,
    deliverJob,
    sweepRun,
    createSubscription,
    endSubscription,
    changeSubscription,
    redriveAll,
  };
};
