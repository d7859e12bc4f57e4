import { type Accepted, acceptMessage } from '../../core/mission/accept-message.ts';
import { unreachableMessage, writeHubMessage } from '../../core/mission/hub-messages.ts';
import type { StoredEntry } from '../../core/mission/mission-log.ts';
import { hub as hubParty } from '../../core/mission/state.ts';
import { sweep, type SweepPorts } from '../../core/delivery/sweep.ts';
import { defined } from '../../schemas/defined.ts';
import type { Refusal } from '../../schemas/faults.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { readMessage } from '../../schemas/reading/read-message.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type Interceptor, withInterceptor } from '../memory/intercept.ts';
import { memoryHub } from '../memory/hub.ts';
import { missionOpenedBy, missionRequest, missionUpdate, parties, resourceAvailability } from '../support/messages.ts';
import { type SeededRandom, seededRandom } from '../support/random.ts';
import {
  advancing,
  afterCancellation,
  type Draft,
  draft,
  eventOf,
  type Intent,
  persons,
  progressOf,
  someParty,
  type Turn,
} from './arbitraries.ts';
import { entryNumber, summaryOfModel, summaryOfState, visit } from './compare.ts';
import {
  type Action,
  type EventName,
  forbiddenBetween,
  forbiddenIn,
  hasPart,
  mayReportReadiness,
  type ModelMission,
  overdueAt,
  reportDeliveryFailed,
  reportOverdue,
  reportUnreachable,
  step,
} from './mission-model.ts';
import { directory, ofRole, partyOf, world } from './parties.ts';
import { reconcile } from '../../core/audit/reconcile/reconcile.ts';
import { memoryReconcile, partiesIn } from '../memory/reconcile.ts';
import { toMessage } from './to-message.ts';

/** Every port call waits; one of them, chosen at random, continues at a time. So messages overlap in any order. */
const overlapping = (random: SeededRandom) => {
  const waiting: (() => void)[] = [];
  const intercept: Interceptor = async (_name, call) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return call();
  };
  const untilDone = async (work: Promise<unknown>): Promise<void> => {
    const progress = { done: false };
    const done = work.finally(() => {
      progress.done = true;
    });
    while (!progress.done) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = waiting.splice(random.below(waiting.length), 1);
      next?.();
    }
    await done;
  };
  return { intercept, untilDone };
};

/** Hub and model differ; the message has the whole sequence before it. */
class Disagreement extends Error {
  override readonly name = 'Disagreement';
}

interface Sent {
  readonly id: string;
  readonly about: string;
  readonly action: Action;
  readonly message: Message | undefined;
}

/** One hub and the model of each of its missions. */
export const hubAndModel = (opening: number) => {
  const random = seededRandom(opening);
  const hub = { ...memoryHub(), directory };
  const models = new Map<string, ModelMission>();
  const sent = new Map<string, Sent>();
  const inLog = new Set<string>();
  const sequence: string[] = [];
  const readiness = new Map<string, { readonly statedAt: number; readonly availability: string }>();
  const subscribed = new Set(ofRole('local-amk', 'amk-la', 'operator', 'hospital').filter(() => random.chance(0.8)));

  const fail = (text: string): never => {
    throw new Disagreement(`${text}\n${sequence.join('\n')}`);
  };
  const agree = (holds: boolean, text: () => string): void => {
    if (!holds) fail(text());
  };

  /** Reads entry by entry up to the first missing one, so that a gap shows. */
  const logOf = async (mission: string, from = 1): Promise<readonly StoredEntry[]> => {
    const log: StoredEntry[] = [];
    for (let number = from; ; number += 1) {
      const entry = await hub.missions.entry(mission, number);
      if (entry === undefined) return log;
      log.push(entry);
    }
  };

  const circumstances = (by: string) => ({
    sender: partyOf(by) ?? hubParty,
    directory,
    guidelines: firstGuidelines,
  });

  /** The model's mission after an entry that is in the log. */
  const after = (before: ModelMission | undefined, entry: StoredEntry): ModelMission => {
    const name = `${entry.mission}#${entry.number}`;
    if (entry.sender !== hubParty.organisation) {
      const action = sent.get(entry.messageId)?.action ?? fail(`${name} was never sent`);
      const verdict = step(before, action, world);
      return verdict.verdict === 'accepted'
        ? verdict.mission
        : fail(`accepted, but the model refuses it (${verdict.why}): ${JSON.stringify(action)}`);
    }
    if (before === undefined) return fail(`${name}: the hub opens no mission`);
    const { task, deadline, undelivered } = entry.facts;
    visit(entry.event, 'accepted', before.status);
    switch (entry.event) {
      case 'acknowledgement-overdue': {
        const number = entryNumber(task) ?? 0;
        const awaited = before.tasks.find((one) => one.number === number)?.awaited;
        agree(awaited === Date.parse(deadline ?? ''), () => `${name}: overdue, but that is not the deadline`);
        return (
          reportOverdue(before, number, Date.parse(entry.receivedAt)) ??
          fail(`${name}: reported as overdue without a reason`)
        );
      }
      case 'party-unreachable':
        return reportUnreachable(before, undelivered?.organisation ?? '') ?? fail(`${name}: reported twice`);
      default:
        return reportDeliveryFailed(before, undelivered?.organisation ?? '');
    }
  };

  /** Applies the new entries of a log to the model. Returns every state of the model on the way. */
  const catchUp = async (mission: string): Promise<readonly (ModelMission | undefined)[]> => {
    let model = models.get(mission);
    const last = await hub.missions.last(mission);
    const between: (ModelMission | undefined)[] = [model];
    for (const entry of await logOf(mission, (model?.entries ?? 0) + 1)) {
      const before = model;
      const { state, recipients, sender, number } = entry;
      const name = `entry ${number} (${entry.event})`;
      model = after(before, entry);
      sequence.push(
        `  ${entry.mission.slice(0, 4)}#${number} ${entry.event} by ${partyOf(sender)?.name} is in the log`,
      );
      const is = summaryOfState(state);
      const should = summaryOfModel(model);
      agree(
        JSON.stringify(is) === JSON.stringify(should),
        () => `after ${name} the hub has\n${JSON.stringify(is)}\nand the model\n${JSON.stringify(should)}`,
      );
      const wrong = [
        ...forbiddenIn(model, world),
        ...(before === undefined ? [] : forbiddenBetween(before, model, sent.get(entry.messageId)?.action)),
      ];
      agree(wrong.length === 0, () => `after ${name} it does not hold that ${wrong.join('; ')}`);
      agree(!recipients.includes(sender), () => `${name} is sent to its own sender`);
      agree(!inLog.has(entry.mission + entry.messageId), () => `${name} is in the log twice`);
      inLog.add(entry.mission + entry.messageId);
      agree(new Set(recipients).size === recipients.length, () => `${name} is sent twice to one party`);
      const now = model;
      const others = recipients.filter((one) => !hasPart(now, one) && world.roleOf(one) !== 'quality');
      agree(others.length === 0, () => `${name} is sent to parties without a part in the mission: ${others.join()}`);
      const opened = now.tasks.filter((task) => task.number === number && task.owner !== sender);
      agree(
        opened.every(({ owner }) => recipients.includes(owner)),
        () => `${name} opens a Task whose owner is not a recipient`,
      );
      between.push(model);
      models.set(mission, model);
    }
    agree(last?.number === model?.entries, () => `${mission} has entries beyond a gap`);
    return between;
  };

  /** The hub's answer must be the model's in one of the states that the mission had meanwhile. */
  const compareAnswer = async (
    { action, about, id }: Sent,
    outcome: Accepted | Refusal,
    between: readonly (ModelMission | undefined)[],
  ): Promise<void> => {
    visit(action.content.event, outcome.outcome, between[0]?.status ?? 'none');
    if (outcome.outcome === 'accepted') {
      const stored = await hub.missions.entry(outcome.entry.mission, outcome.entry.number);
      agree(stored?.messageId === id, () => `${id} was accepted but is not in the log`);
      return;
    }
    const refusable =
      action.content.event === 'mission-request'
        ? step(undefined, action, world).verdict === 'refused'
        : between.some((state) => step(state, action, world).verdict === 'refused');
    agree(
      refusable,
      () =>
        `refused in ${about} (${outcome.faults.map(({ code, detail }) => `${code}: ${detail}`).join()}), but the model accepts it: ${JSON.stringify(action)}`,
    );
  };

  /** The message that an intent becomes now. */
  const messageFor = ({ topic, seed, selectivity }: Intent, id: string): Sent => {
    const own = seededRandom(seed);
    const known = [...models.keys()];
    const about = known[Math.max(0, own.below(known.length + 4) - 4)] ?? 'none';
    const mission = models.get(about);
    const at = hub.clock.now();
    const drafted = (event: EventName): Action => {
      const model = mission ?? fail('there is no mission');
      return {
        ...draft(own, event, model, at),
        at,
        exercise: own.chance(0.04) ? !model.exercise : model.exercise,
        person: own.chance(0.04) ? undefined : own.pick(persons),
        knows: event === 'mission-decision' && own.chance(0.4) ? model.entries - Number(own.chance(0.2)) : undefined,
      };
    };
    const legal = (tries: number, eventNow: () => EventName): readonly Action[] =>
      Array.from({ length: tries }, () => drafted(eventNow())).filter((one) => progressOf(mission, one) !== undefined);
    const airborne = mission?.tasks.some(({ status }) => status === 'in-progress') === true;
    // Most cancellations wait for a crew in the air; otherwise most missions would be short.
    // After a cancellation only the few messages while a crew is in the air matter.
    const isAftermath = mission !== undefined && mission.status !== 'active' && airborne && own.chance(0.75);
    const event = isAftermath
      ? own.pick(afterCancellation)
      : topic === 'mission-cancel' && !airborne && own.chance(0.8)
        ? 'resource-response'
        : eventOf(topic);
    const selected = (): Action | undefined => {
      if (selectivity < 3) return undefined;
      if (selectivity < 6) return legal(12, () => event)[0];
      const [first, ...rest] = legal(selectivity < 9 ? 3 : 12, () => (isAftermath ? event : own.pick(advancing)));
      return rest.reduce(
        (best, one) => ((progressOf(mission, one) ?? 0) > (progressOf(mission, best) ?? 0) ? one : best),
        first ?? drafted(event),
      );
    };
    const action = selected() ?? drafted(event);
    // Some messages name a mission that does not exist.
    const named = selectivity === 0 && own.chance(0.2) ? missionOpenedBy(missionRequest({ id: 'nowhere' })) : about;
    return { id, about: named, action, message: toMessage(action, named, id) };
  };

  const send = async (messages: readonly Sent[], order: SeededRandom | undefined, swept: boolean): Promise<void> => {
    for (const one of messages) {
      sent.set(one.id, one);
      sequence.push(
        `${one.id} ${partyOf(one.action.by)?.name} in ${one.about.slice(0, 4)}: ${JSON.stringify(one.action)}`,
      );
    }
    const overlap = order === undefined ? undefined : overlapping(order);
    const ports: SweepPorts = overlap === undefined ? hub : withInterceptor(hub, overlap.intercept);
    const outcomes = Promise.all(
      messages.map(
        async ({ action, message }): Promise<Accepted | Refusal> =>
          message === undefined
            ? { outcome: 'refused', faults: [{ code: 'missing-field', at: 'Bundle' }] }
            : acceptMessage(
                ports.missions,
                message,
                { ...circumstances(action.by), ...defined({ ifMatch: action.knows }) },
                hub.now,
              ),
      ),
    );
    const sweeper = swept ? sweepOnce(ports) : Promise.resolve();
    const all = Promise.all([outcomes, sweeper]);
    if (overlap !== undefined) await overlap.untilDone(all);
    const [answers] = await all;
    const statesOf = new Map<string, readonly (ModelMission | undefined)[]>();
    const names = new Set([
      ...models.keys(),
      ...answers.flatMap((answer) => (answer.outcome === 'accepted' ? [answer.entry.mission] : [])),
    ]);
    for (const name of names) statesOf.set(name, await catchUp(name));
    for (const [index, one] of messages.entries()) {
      const answer = answers[index];
      if (answer === undefined) continue;
      const states = statesOf.get(one.about) ?? [undefined];
      const wasLegal = step(states[0], one.action, world).verdict === 'accepted';
      if (order !== undefined) visit('race', wasLegal && answer.outcome === 'refused' ? 'lost' : 'undecided');
      await compareAnswer(one, answer, states);
    }
  };

  const sweepOnce = async (ports: SweepPorts): Promise<void> => {
    await sweep(
      ports,
      () => 600_000,
      (obligation, error) => fail(`the sweeper failed: ${JSON.stringify(obligation)} ${String(error)}`),
    );
  };

  const expectNotified = async (mission: string, model: ModelMission): Promise<void> => {
    const late = overdueAt(model, hub.clock.now());
    agree(late.length === 0, () => `an overdue deadline was not reported: ${JSON.stringify(late)}`);
    const log = await logOf(mission);
    const warned = log.filter(({ facts }) => facts.undelivered !== undefined);
    for (const { number, sender, recipients } of log) {
      if (sender === hubParty.organisation) continue;
      for (const party of recipients) {
        if (subscribed.has(party) || ['quality', 'observer'].includes(world.roleOf(party) ?? '')) continue;
        // 16: a party without a subscription is reported once.
        const known = warned.some((warning) => warning.facts.undelivered?.organisation === party);
        agree(known, () => `${party} was not notified of entry ${number}, and nobody was alerted`);
      }
    }
  };

  /** Sweeps until no obligation is due. */
  const sweepAll = async (): Promise<void> => {
    for (let passes = 0; passes < 50; passes += 1) {
      const due = await hub.obligations.due(new Date(hub.clock.now()).toISOString(), 1);
      if (due.length === 0) break;
      await sweepOnce(hub);
    }
    for (const mission of models.keys()) await catchUp(mission);
    for (const [mission, model] of models) await expectNotified(mission, model);
  };

  /** An operator reports the readiness of a resource, which has a log of its own. */
  const reportReadiness = async ({ seed }: Intent, id: string): Promise<void> => {
    const own = seededRandom(seed);
    const by = own.chance(0.7) ? own.pick(ofRole('operator')) : own.pick(ofRole('amk-la', 'hospital', 'local-amk'));
    const resource = own.pick(['LA-01', 'LA-02']);
    const exercise = own.chance(0.2);
    const availability = own.pick(['free', 'technical', 'weather']);
    const statedAt = hub.clock.now() - own.below(10_000_000);
    const message = resourceAvailability({
      id,
      resource,
      exercise,
      availability,
      at: new Date(statedAt).toISOString(),
    });
    const outcome = await acceptMessage(hub.missions, message, circumstances(by), hub.now);
    visit('resource-availability', outcome.outcome, 'none');
    sequence.push(`${id} ${by} reports ${resource}: ${outcome.outcome}`);
    const allowed = mayReportReadiness(by, world);
    agree((outcome.outcome === 'accepted') === allowed, () => `readiness of ${resource} by ${by}: ${outcome.outcome}`);
    if (outcome.outcome === 'refused') return;
    const key = `${by}|${resource}|${exercise}`;
    const known = readiness.get(key);
    if (known === undefined || known.statedAt <= statedAt) readiness.set(key, { statedAt, availability });
    agree(
      outcome.entry.state.readiness?.availability === readiness.get(key)?.availability,
      () => `an older report of ${resource} replaces a newer one`,
    );
  };

  /** A party sends a message that only the hub may write. */
  const forge = async ({ seed }: Intent, id: string): Promise<void> => {
    const own = seededRandom(seed);
    const mission = own.pick([...models.keys()]);
    const model = models.get(mission);
    if (model === undefined) return;
    const event = own.pick(['acknowledgement-overdue', 'party-unreachable', 'delivery-failed']);
    const plain = missionUpdate({ id, mission, describes: false, exercise: model.exercise });
    const message = readMessage(plain.text.replace('"code":"mission-update"', `"code":"${event}"`));
    const by = someParty(own, model, [model.requester, model.coordinator]);
    const outcome =
      message.outcome === 'refused' ? message : await acceptMessage(hub.missions, message, circumstances(by), hub.now);
    visit(event, outcome.outcome, model.status);
    agree(outcome.outcome === 'refused', () => `${by} may send ${event}, which only the hub may write`);
  };

  /** The hub gives a notification up. */
  const giveUp = async (own: SeededRandom): Promise<void> => {
    const mission = own.pick([...models.keys()]);
    const entry = own.pick(await logOf(mission));
    if (entry.recipients.length === 0) return;
    const message = unreachableMessage(
      entry,
      own.pick(entry.recipients),
      { code: 'gave-up', lastCall: { result: 'timeout', at: '2026-02-01T11:00:00.000Z' } },
      directory,
    );
    if (message === undefined) return;
    await writeHubMessage(hub, message);
    await catchUp(mission);
  };

  /** Opens a mission. In many sequences a crew flies to a hospital, or the mission is cancelled, before the first turn. */
  const open = async (): Promise<void> => {
    for (const organisation of subscribed) {
      await hub.subscriptions.create(
        sampleSubscription(`of-${organisation}`, organisation),
        '2099-01-01T00:00:00.000Z',
      );
    }
    const amk = parties.amk.organisation;
    const la = random.pick(ofRole('amk-la'));
    const operator = random.pick(ofRole('operator'));
    const hospital = random.pick(ofRole('hospital'));
    const urgency = random.pick(['stat', 'urgent', 'routine'] as const);
    const exercise = random.chance(0.15);
    const firstMessages: readonly Draft[] = [
      { by: amk, to: [la], content: { event: 'mission-request', urgency, municipality: undefined } },
      { by: la, to: [], content: { event: 'mission-decision', task: 1, answer: 'accepted', until: 0 } },
      { by: la, to: [operator], content: { event: 'resource-request' } },
      { by: operator, to: [], content: { event: 'resource-response', task: 3, answer: 'accepted' } },
      {
        by: operator,
        to: [],
        content: { event: 'resource-status', task: 3, phases: ['departed'], handedOverTo: undefined },
      },
      {
        by: la,
        to: [hospital],
        content: {
          event: 'prearrival-notification',
          task: undefined,
          flight: random.chance(0.5) ? 3 : undefined,
          takenBack: false,
          divertedTo: undefined,
        },
      },
      { by: amk, to: [], content: { event: 'mission-cancel', inError: random.chance(0.4) } },
    ];
    const length = random.pick([1, 1, 1, 1, 1, 6, 6, 7]);
    for (const [index, { by, to, content }] of firstMessages.slice(0, length).entries()) {
      const [about = 'none'] = models.keys();
      const action: Action = { by, to, content, exercise, at: hub.clock.now(), person: random.pick(persons) };
      const id = `opening-${index + 1}`;
      await send([{ id, about, action, message: toMessage(action, about, id) }], undefined, false);
    }
  };

  const run = async (turn: Turn, index: number): Promise<void> => {
    switch (turn.turn) {
      case 'message': {
        const { intent } = turn;
        hub.clock.advance(1_000 * intent.wait + 1);
        if (intent.topic === 'forged') return forge(intent, `m${index}`);
        if (intent.topic === 'resource-availability') return reportReadiness(intent, `m${index}`);
        return send([messageFor(intent, `m${index}`)], undefined, false);
      }
      case 'race': {
        const messages = turn.intents.map((intent, at) => messageFor(intent, `m${index}-${at}`));
        const order = seededRandom(turn.order);
        // In one race of five the first message is sent twice.
        return send(order.chance(0.2) ? [...messages, ...messages.slice(0, 1)] : messages, order, turn.swept);
      }
      case 'sweep':
        hub.clock.advance(1_000 * turn.after);
        return sweepAll();
      case 'delivery-failed':
        return giveUp(seededRandom(turn.seed));
    }
  };

  /** The auditor, which knows neither the model nor the hub's fold, finds nothing. */
  const audit = async (): Promise<void> => {
    const { findings, unreadable, notKnown } = await reconcile(memoryReconcile(hub, partiesIn(directory)));
    // Nothing is delivered here.
    const found = findings.filter(({ kind }) => kind !== 'late');
    agree(
      found.length + unreadable + notKnown === 0,
      () => `the auditor finds ${JSON.stringify({ found, unreadable, notKnown })}`,
    );
  };

  return { open, run, audit, hub };
};
