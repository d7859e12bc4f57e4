import { type Accepted, acceptMessage } from '../../core/mission/accept-message.ts';
import { deliver } from '../../core/delivery/deliver.ts';
import { deliverySettings } from '../../core/delivery/retry-policy.ts';
import { deliveryGraceMilliseconds, fanOut } from '../../core/delivery/fan-out.ts';
import type { DeliveryJob } from '../../core/delivery/delivery-queue.ts';
import type { Subscription } from '../../core/delivery/subscription.ts';
import { redrive } from '../../core/delivery/dead-letters.ts';
import { removeIdleMissions } from '../../core/delivery/idle-missions.ts';
import { sweep } from '../../core/delivery/sweep.ts';
import type { Notice } from '../../core/delivery/notice.ts';
import { type Refusal, statusOf } from '../../schemas/faults.ts';
import { defined } from '../../schemas/defined.ts';
import { directory, sentBy } from '../support/messages.ts';
import type { Dice } from './dice.ts';
import { throughSteps } from './ports.ts';
import type { Process } from './process.ts';
import type { Said } from './story.ts';
import type { World } from './world.ts';

/** The use cases as the functions put them together (functions/<name>/handler.ts), on the ports of the simulation. */

/** What an endpoint is told, in short: which entry of which mission, and which message that is. */
export interface Told {
  readonly kind: string;
  readonly mission?: string;
  readonly entry?: number;
  readonly messageId?: string;
  readonly number?: number;
}

const shortNotice = (notice: Notice): string => {
  const [event] = 'events' in notice ? notice.events : [];
  const told: Told = {
    kind: notice.kind,
    ...defined({
      mission: event?.entry.mission,
      entry: event?.entry.number,
      messageId: event?.entry.messageId,
      number: event?.notification.number,
    }),
  };
  return JSON.stringify(told);
};

/** HTTP status and, if it was accepted, the number of the entry. */
export interface Reply {
  readonly status: number;
  readonly entry?: number;
}

const patienceMilliseconds = 3_000;
const restMilliseconds = 2_000;
const reserveMilliseconds = 15_000;
const brokenWait = 5;

export const handlersOf = (world: World, dice: Dice) => {
  const portsOf = (process: Process, kept = world.kept) => ({
    ...throughSteps(kept, process.step),
    directory,
    now: process.now,
  });

  const processMessage = async (process: Process, { sender, message, ifMatch }: Said): Promise<Reply> => {
    const ports = portsOf(process);
    const begun = process.now();
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
    const work = fanOut(ports, accepted.entry, accepted.again, begun).then(
      () => 'in time' as const,
      () => 'in time' as const,
    );
    const late = process.sleep(patienceMilliseconds).then(() => 'late' as const);
    if ((await Promise.race([work, late])) === 'late') {
      // The sandbox stands still after the answer, until another request wakes it or it is thrown away.
      if (dice.chance(world.weather().freeze)) process.freeze(dice.between(1_000, 1_800_000));
      else process.die();
    }
    return reply;
  };

  const deliverOrder = async (process: Process, order: DeliveryJob): Promise<'done' | { readonly seconds: number }> => {
    const ports = portsOf(process);
    try {
      const delivered = await deliver(order, {
        ...ports,
        channel: world.endpoints.channelOf(process),
        clock: { now: process.now },
        random: () => dice.unit(),
        compose: shortNotice,
        settings: deliverySettings,
      });
      return delivered.outcome === 'settled' ? 'done' : { seconds: delivered.seconds };
    } catch {
      return { seconds: brokenWait };
    }
  };

  /** Sleeps through looks that would find nothing, by as many rests as need be. */
  const rest = (process: Process): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        const due = world.nextDue();
        const isOver = process.timeLeft() <= reserveMilliseconds;
        if (isOver || (due !== undefined && due <= process.now())) resolve();
        else process.after(restMilliseconds, look);
      };
      process.after(restMilliseconds, look);
    });

  const sweepRun = async (process: Process): Promise<void> => {
    const whole = portsOf(process);
    // An index of DynamoDB lags behind its table: what it says may be over.
    const due: typeof whole.obligations.due = async (...args) => {
      const found = await whole.obligations.due(...args);
      if (dice.chance(world.weather().slow)) await process.sleep(dice.between(500, 5_000));
      return found;
    };
    const ports = { ...whole, obligations: { ...whole.obligations, due } };
    const look = async (): Promise<'more' | 'nothing more'> => {
      try {
        const swept = await sweep(ports, process.timeLeft, (obligation, error) =>
          world.trace(() => `${process.name} cannot pay ${JSON.stringify(obligation)}: ${String(error)}`),
        );
        return swept.more && swept.paid > 0 ? 'more' : 'nothing more';
      } catch {
        return 'nothing more';
      }
    };
    while (process.timeLeft() > reserveMilliseconds) {
      if ((await look()) === 'nothing more') await rest(process);
    }
    await removeIdleMissions(ports, process.timeLeft, (retirement, error) =>
      world.trace(() => `${process.name} cannot look at ${JSON.stringify(retirement)}: ${String(error)}`),
    ).catch(() => undefined);
  };

  const createSubscription = async (process: Process, subscription: Subscription): Promise<Reply> => {
    const { subscriptions, queue } = portsOf(process, world.keptFor(process));
    const due = new Date(process.now() + deliveryGraceMilliseconds).toISOString();
    try {
      await subscriptions.create(subscription, due);
    } catch {
      return { status: 503 };
    }
    await queue.send([{ kind: 'handshake', subscription: subscription.id, due }]).catch(() => undefined);
    return { status: 201 };
  };

  const endSubscription = async (process: Process, id: string): Promise<Reply> => {
    try {
      await portsOf(process, world.keptFor(process)).subscriptions.turnOff(id);
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
    const { subscriptions, queue } = portsOf(process, world.keptFor(process));
    try {
      const subscription = await subscriptions.read(id);
      if (subscription === undefined || subscription.status === 'off') return { status: 404 };
      const due =
        change.endpoint === undefined ? undefined : new Date(process.now() + deliveryGraceMilliseconds).toISOString();
      if (change.filter !== undefined) world.journal.refiltered.push({ at: world.scheduler.now(), subscription: id });
      if (!(await subscriptions.change({ ...subscription, ...change }, due))) return { status: 409 };
      if (due !== undefined) await queue.send([{ kind: 'handshake', subscription: id, due }]).catch(() => undefined);
      return { status: 200 };
    } catch {
      return { status: 503 };
    }
  };

  const redriveAll = async (process: Process): Promise<void> => {
    const ports = portsOf(process);
    try {
      const { items } = await ports.deadLetters.list(100);
      // A person reads them first.
      await process.sleep(dice.between(0, 30_000));
      const redriven = await redrive(ports, items);
      world.count('dead letters tried again', redriven.filter(({ outcome }) => outcome === 'redriven').length);
    } catch {
      // A person types it again, or the sweeper sends it.
    }
  };

  return {
    processMessage,
    deliverOrder,
    sweepRun,
    createSubscription,
    endSubscription,
    changeSubscription,
    redriveAll,
  };
};
