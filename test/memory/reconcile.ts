import type { NightlyReconcilePorts, ReconcileState, Surveyed } from '../../core/audit/reconcile/nightly.ts';
import type { KnownParties, LoggedEntry, Receipt, ReconcilePorts } from '../../core/audit/reconcile/logged.ts';
import type { Directory } from '../../core/mission/directory.ts';
import { type Role, roles } from '../../schemas/codes.ts';
import type { MemoryHub } from './hub.ts';

const isRole = (name: string): name is Role => Object.hasOwn(roles, name);

export const partiesIn = (directory: Directory, loadedAt?: string): KnownParties => ({
  roleOf: (organisation) => directory.partyOf(organisation)?.role,
  ofRole: (role) => (isRole(role) ? directory.partiesOf(role).map(({ organisation }) => organisation) : []),
  covering: (municipality) => directory.coordinatorFor(municipality)?.organisation,
  ...(loadedAt === undefined ? {} : { loadedAt }),
});

/** What the auditor reads, of a hub in memory. */
export const memoryReconcile = (
  { missions, store, now }: Pick<MemoryHub, 'missions' | 'store' | 'now'>,
  parties: KnownParties,
): ReconcilePorts => ({
  survey: async (since = '') => {
    const isInWindow = async (mission: string): Promise<boolean> =>
      ((await missions.last(mission))?.receivedAt ?? '') >= since;
    const inWindow: string[] = [];
    for (const mission of missions.all()) if (await isInWindow(mission)) inWindow.push(mission);
    return {
      missions: inWindow,
      subscriptions: [...store.heads.values()].map(({ subscription }) => ({
        ...subscription,
        isOff: subscription.status === 'off',
      })),
    };
  },
  log: async function* (mission) {
    const entries: readonly LoggedEntry[] = await missions.entries(mission, 1, Number.MAX_SAFE_INTEGER);
    // In two parts: what was read before must not be needed again.
    const half = Math.ceil(entries.length / 2);
    yield entries.slice(0, half);
    if (half < entries.length) yield entries.slice(half);
  },
  receipts: async (names) =>
    names.flatMap(({ subscription, number }): Receipt[] => {
      const item = store.items.get(`${subscription}/${number}`);
      return item === undefined ? [] : [item.notification];
    }),
  receiptsOf: async function* (subscription, since = '') {
    for (const { notification } of store.items.values())
      if (notification.subscription === subscription && notification.writtenAt >= since) yield notification;
  },
  parties,
  now,
  sleep: async () => undefined,
});

/** Pages of the survey of a hub in memory: so many missions on each, subscriptions on the last. */
const missionsOnPage = 2;

/** The ports of the nightly run, of a hub in memory. */
export const memoryNightlyReconcile = (
  hub: Pick<MemoryHub, 'missions' | 'store' | 'now' | 'directory'>,
): Omit<NightlyReconcilePorts, 'now' | 'wait'> => {
  let state: ReconcileState | undefined;
  const parts: Surveyed[] = [];
  const ports = memoryReconcile(hub, partiesIn(hub.directory));
  return {
    reconcileState: {
      read: async () => state,
      replace: async (before, after) => {
        if (state !== before) return false;
        state = after;
        return true;
      },
    },
    survey: (since) => ({
      segments: 1,
      page: async (_segment, from) => {
        const { missions, subscriptions } = await ports.survey(since);
        const end = Number(from) + missionsOnPage;
        const isLast = end >= missions.length;
        return {
          missions: missions.slice(Number(from), end),
          subscriptions: isLast ? subscriptions.map(({ id }) => id) : [],
          next: isLast ? 'end' : String(end),
          units: 1,
        };
      },
    }),
    parts: {
      write: async (part, found) => {
        parts[part] = found;
      },
      read: async (part) => parts[part] ?? { missions: [], subscriptions: [] },
    },
    subscriptionsOf: async (ids) => (await ports.survey(undefined)).subscriptions.filter(({ id }) => ids.includes(id)),
    reconcilePorts: async () => ports,
  };
};
