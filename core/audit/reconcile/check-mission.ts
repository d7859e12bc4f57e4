import { type AlertLog, alertLog, type Unnotified } from './alerts.ts';
import { before, dependsOnDirectory, entitledTo, isKnownEvent } from './entitled.ts';
import type { Finding } from './findings.ts';
import type { LoggedEntry, Receipt, ReconcilePorts, StoredSubscription } from './logged.ts';
import { type AuditedMission, follow, type Heard, opened, readinessOf } from './mission-so-far.ts';
import { readText, type Said } from './read-text.ts';
import { inForce, selects } from './subscribed.ts';
import { emptyTally, type Tally } from './tally.ts';

/** Compares one mission's log with its receipts. */

/** The hub gives a notification up twelve minutes after its first attempt; the rest is for queues and earlier ones. */
const pendingMilliseconds = 1_800_000;
/** The sweeper completes a fan-out within seconds, and retries one that fails every half minute. */
const fanOutMilliseconds = 600_000;

export interface Scope {
  readonly ports: ReconcilePorts;
  /** By id. */
  readonly subscriptions: ReadonlyMap<string, StoredSubscription>;
  /** By organisation. */
  readonly ofParty: ReadonlyMap<string, readonly StoredSubscription[]>;
  /** Milliseconds: entries received before are followed, and not compared. */
  readonly since: number;
  /** Called for every receipt that an entry lists and that is as the entry says. */
  readonly onAccounted: (receipt: Receipt) => void;
}

const nameOf = ({ subscription, number }: Pick<Receipt, 'subscription' | 'number'>): string =>
  `${subscription}.${number}`;

/** Roles that people are alerted about (16). */
const mustBeReached: readonly (string | undefined)[] = ['local-amk', 'amk-la', 'operator', 'hospital'];

/** Nobody is alerted about the hub's own messages and about the readiness of resources (16). */
const alertsNobody = ({ sender }: LoggedEntry, { event }: Said): boolean =>
  sender === 'luftbro' || event === 'resource-availability';

/** One entry that is compared. */
interface Compared {
  readonly entry: LoggedEntry;
  readonly said: Said;
  readonly entitled: ReadonlySet<string>;
  readonly after: AuditedMission;
  /** The directory of that time may have had others for a role that the message goes to. */
  readonly isUncertain: (organisation: string) => boolean;
  readonly receipts: readonly Receipt[];
  readonly alerts: AlertLog;
}

/** What the comparison of one mission comes to. */
interface Comparison {
  readonly tally: Tally;
  readonly unnotified: Unnotified[];
  readonly report: (kind: Finding['kind'], compared: Pick<Compared, 'entry' | 'said'>, more?: Partial<Finding>) => void;
}

/** Receipts of those who are not entitled, or whose filter excludes the entry. */
const checkReceipts = (compared: Compared, { subscriptions }: Scope, { tally, report }: Comparison): void => {
  const { entry, said, entitled, after, isUncertain, receipts } = compared;
  const seen = new Map<string, number>();
  for (const receipt of receipts) {
    const subscription = subscriptions.get(receipt.subscription);
    // The endpoint is the subscription's: its organisation gets the notification, whatever the receipt says.
    const organisation = subscription?.organisation ?? receipt.organisation;
    const more = { organisation, at: nameOf(receipt) };
    if (seen.has(receipt.subscription)) report('twice', compared, more);
    seen.set(receipt.subscription, receipt.number);
    const isForeign = organisation !== receipt.organisation || !entitled.has(organisation);
    const isExcluded =
      subscription !== undefined &&
      inForce(subscription, entry) === 'yes' &&
      !selects(subscription, entry, said, after);
    if (isForeign && isUncertain(organisation)) tally.notKnown += 1;
    else if (isForeign || isExcluded) report('unexpected', compared, more);
  }
};

const count = (receipt: Receipt, compared: Compared, { ports }: Scope, { tally, report }: Comparison): void => {
  const { entry } = compared;
  tally.notifications += 1;
  switch (receipt.status) {
    case 'delivered': {
      tally.delivered += 1;
      if (receipt.completedAt === undefined || receipt.redrivenAt !== undefined) return;
      const milliseconds = Date.parse(receipt.completedAt) - Date.parse(entry.receivedAt);
      const { mission, number, organisation } = { ...entry, organisation: receipt.organisation };
      tally.slowerOf({ milliseconds, mission, entry: number, organisation });
      return;
    }
    case 'failed':
      tally.givenUp += 1;
      return;
    case 'pending': {
      const since = receipt.redrivenAt ?? receipt.writtenAt;
      tally.pending += 1;
      tally.olderOf(since);
      if (ports.now() - Date.parse(since) > pendingMilliseconds)
        report('late', compared, { organisation: receipt.organisation, at: nameOf(receipt), since });
    }
  }
};

/** Whether a party that is entitled has the entry, or people know that it does not. */
const checkParty = (organisation: string, compared: Compared, scope: Scope, comparison: Comparison): void => {
  const { entry, said, after, receipts, alerts, isUncertain } = compared;
  const { tally, unnotified, report } = comparison;
  const own = scope.ofParty.get(organisation) ?? [];
  const received = receipts.filter((receipt) => receipt.organisation === organisation);
  const isIn = (subscription: StoredSubscription): boolean =>
    received.some((receipt) => receipt.subscription === subscription.id);
  const states = own.map((subscription) => ({ subscription, force: inForce(subscription, entry) }));
  const without = states.filter(({ subscription }) => !isIn(subscription));
  const wanting = without.filter(
    ({ subscription, force }) => force === 'yes' && selects(subscription, entry, said, after),
  );
  if (isUncertain(organisation)) {
    if (received.length === 0) tally.notKnown += 1;
  } else if (!entry.fanOutPending) {
    for (const { subscription } of wanting)
      report(received.length === 0 ? 'missing' : 'subscription-missing', compared, {
        organisation,
        at: subscription.id,
      });
    if (received.length === 0 && wanting.length === 0) {
      if (states.some(({ force }) => force === 'unknown')) tally.notKnown += 1;
      else if (states.some(({ force }) => force === 'yes')) tally.filtered += 1;
      else
        unnotified.push({
          entry,
          event: said.event,
          organisation,
          needs: isForPeople(organisation, compared, scope) ? 'any-alert' : 'none',
          isKnown: alerts.inForce(organisation),
        });
    }
  }
  if (received.length === 0 || received.some(({ status }) => status === 'delivered')) return;
  const isGivenUp = received.every(({ status }) => status === 'failed');
  unnotified.push({
    entry,
    event: said.event,
    organisation,
    needs: isGivenUp && isForPeople(organisation, compared, scope) ? 'delivery-failed' : 'none',
    isKnown: alerts.inForce(organisation),
  });
};

const isForPeople = (organisation: string, { entry, said }: Compared, { ports }: Scope): boolean =>
  !alertsNobody(entry, said) && mustBeReached.includes(ports.parties.roleOf(organisation));

/** The receipts that an entry lists; those that are not as it says are findings. */
const listedReceipts = (
  heard: Pick<Compared, 'entry' | 'said'>,
  found: ReadonlyMap<string, Receipt>,
  { onAccounted }: Scope,
  { report }: Comparison,
): readonly Receipt[] =>
  heard.entry.notified.flatMap((listed): readonly Receipt[] => {
    const receipt = found.get(nameOf(listed));
    if (receipt?.mission === heard.entry.mission && receipt.entry === heard.entry.number) {
      onAccounted(receipt);
      return [receipt];
    }
    report('receipt-differs', heard, { at: nameOf(listed) });
    return [];
  });

const coordinatorOf = ({ entry, said, knowsDirectory }: Heard, { parties }: ReconcilePorts): string | undefined => {
  const [receiver] = said.receivers;
  if (receiver !== undefined) return receiver;
  return knowsDirectory && said.municipality !== undefined ? parties.covering(said.municipality) : entry.owner;
};

/** The mission after an entry; nothing if the auditor cannot follow it. */
const next = (mission: AuditedMission | undefined, heard: Heard, ports: ReconcilePorts): AuditedMission | undefined => {
  if (heard.said.event === 'resource-availability') return readinessOf(heard.entry);
  if (mission !== undefined) return follow(mission, heard) ? mission : undefined;
  const coordinator = coordinatorOf(heard, ports);
  return heard.said.event !== 'mission-request' || coordinator === undefined ? undefined : opened(heard, coordinator);
};

const receiptsByName = async (
  entries: readonly LoggedEntry[],
  { ports, since }: Scope,
): Promise<ReadonlyMap<string, Receipt>> => {
  const names = entries.filter(({ receivedAt }) => Date.parse(receivedAt) >= since).flatMap(({ notified }) => notified);
  const receipts = names.length === 0 ? [] : await ports.receipts(names);
  return new Map(receipts.map((receipt) => [nameOf(receipt), receipt]));
};

/** Follows one mission entry by entry. */
const follower = (mission: string, scope: Scope, unlisted: readonly Receipt[], comparison: Comparison) => {
  const { ports } = scope;
  const { tally, report } = comparison;
  const alerts = alertLog();
  const senders = new Map<number, string>();
  let state: AuditedMission | undefined;
  let isLost = false;

  const compare = (
    heard: Heard,
    event: string,
    earlier: ReturnType<typeof before>,
    listed: readonly Receipt[],
  ): void => {
    const { entry, said, knowsDirectory } = heard;
    if (state === undefined || !isKnownEvent(event)) return;
    const extra = unlisted.filter((receipt) => receipt.entry === entry.number);
    const entitled = entitledTo(event, {
      entry,
      said,
      after: state,
      parties: ports.parties,
      senderOf: (number) => senders.get(number),
      concernedBefore: earlier.concernedBefore,
      hospitalsBefore: earlier.hospitalsBefore,
      changedStatus: earlier.status !== undefined && earlier.status !== state.status,
    });
    const { maybeObservers, observers } = state;
    const roles: readonly (string | undefined)[] = event === 'resource-availability' ? ['amk-la'] : ['quality'];
    const compared: Compared = {
      entry,
      said,
      entitled,
      after: state,
      receipts: [...listed, ...extra],
      alerts,
      isUncertain: (organisation) =>
        !knowsDirectory &&
        ((dependsOnDirectory(event) && roles.includes(ports.parties.roleOf(organisation))) ||
          (maybeObservers.has(organisation) && !observers.has(organisation))),
    };
    checkReceipts(compared, scope, comparison);
    if (Date.parse(entry.receivedAt) < scope.since) return;
    for (const receipt of compared.receipts) count(receipt, compared, scope, comparison);
    for (const organisation of entitled) checkParty(organisation, compared, scope, comparison);
    if (entry.fanOutPending) {
      tally.pending += 1;
      tally.olderOf(entry.receivedAt);
      if (ports.now() - Date.parse(entry.receivedAt) > fanOutMilliseconds)
        report('fan-out-late', compared, { since: entry.receivedAt });
    }
  };

  return {
    take: (entry: LoggedEntry, found: ReadonlyMap<string, Receipt>): void => {
      const isInWindow = Date.parse(entry.receivedAt) >= scope.since;
      if (isInWindow) tally.entries += 1;
      senders.set(entry.number, entry.sender);
      const said = isLost ? undefined : readText(entry.text);
      const { loadedAt } = ports.parties;
      const heard = said && {
        entry,
        said,
        roleOf: (organisation: string) => ports.parties.roleOf(organisation),
        knowsDirectory: loadedAt === undefined || loadedAt <= entry.receivedAt,
      };
      const earlier = before(state);
      state = heard && next(state, heard, ports);
      if (heard === undefined || state === undefined) {
        isLost = true;
        tally.unreadable += 1;
        for (const receipt of found.values()) if (receipt.entry === entry.number) scope.onAccounted(receipt);
        return;
      }
      alerts.add(entry, heard.said);
      compare(heard, heard.said.event, earlier, isInWindow ? listedReceipts(heard, found, scope, comparison) : []);
    },

    end: (): void => {
      for (const one of comparison.unnotified) {
        const isCovered = one.needs === 'delivery-failed' ? alerts.saysGivenUp(one) : alerts.covers(one);
        if (isCovered) tally.alerted += 1;
        else if (one.needs !== 'none')
          report(
            'missing',
            { entry: one.entry, said: { event: one.event, code: '', receivers: [], phases: [] } },
            {
              organisation: one.organisation,
            },
          );
      }
      // A receipt of an entry that does not exist was written for nothing that anybody sent.
      for (const receipt of unlisted)
        if (!senders.has(receipt.entry))
          tally.findings.push({
            kind: 'unexpected',
            mission,
            entry: receipt.entry,
            event: '',
            organisation: receipt.organisation,
            at: nameOf(receipt),
          });
    },
  };
};

/** Compares one mission. `unlisted`: receipts of the mission that no entry lists. */
export const checkMission = async (
  mission: string,
  scope: Scope,
  unlisted: readonly Receipt[] = [],
): Promise<Tally> => {
  const tally = emptyTally();
  const comparison: Comparison = {
    tally,
    unnotified: [],
    report: (kind, { entry, said }, more = {}) => {
      tally.findings.push({ kind, mission, entry: entry.number, event: said.event, ...more });
    },
  };
  const { take, end } = follower(mission, scope, unlisted, comparison);
  for await (const entries of scope.ports.log(mission)) {
    const found = await receiptsByName(entries, scope);
    for (const entry of entries) take(entry, found);
  }
  end();
  return tally;
};
