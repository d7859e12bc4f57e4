import type { Entry } from './entries.ts';

/**
 * Who is party to a mission and which parties each message notifies, as `docs/messages/` publishes it. It covers the messages
 * that the traffic sends. Tasks have the number of the entry that opens them: `<mission>.<version>`.
 */

interface Task {
  readonly owner: string;
  readonly requester: string;
  /** Neither rejected nor cancelled: the mission concerns the owner. */
  isOpen: boolean;
}

interface Mission {
  readonly requester: string;
  readonly coordinator: string;
  readonly tasks: Map<string, Task>;
}

const isDefined = <Value>(value: Value | undefined): value is Value => value !== undefined;

const concerned = ({ requester, coordinator, tasks }: Mission): readonly string[] => [
  requester,
  coordinator,
  ...[...tasks.values()].filter(({ isOpen }) => isOpen).map(({ owner }) => owner),
];

/** The state after an entry, and the organisations that the entry notifies. */
const apply = (mission: Mission, { message, version, mission: id }: Entry): readonly (string | undefined)[] => {
  if (message === undefined) return [];
  const { event, receiver, task, answer } = message.sent;
  const answered = task === undefined ? undefined : mission.tasks.get(task);
  switch (event) {
    case 'mission-request':
      return [mission.coordinator];
    case 'resource-request':
      if (receiver !== undefined)
        mission.tasks.set(`${id}.${version}`, { owner: receiver, requester: message.organisation, isOpen: true });
      return [receiver];
    case 'acknowledgement':
      return [answered?.requester, mission.coordinator];
    case 'resource-response':
      if (answered !== undefined && answer === 'declined') answered.isOpen = false;
      return [answered?.requester, mission.coordinator, mission.requester];
    case 'mission-update':
      return concerned(mission);
    case 'mission-cancel': {
      const before = concerned(mission);
      for (const one of mission.tasks.values()) one.isOpen = false;
      return before;
    }
    default:
      throw new Error(`no rule says who is notified of ${event}`);
  }
};

export interface Parties {
  /** Organisations that an entry notifies; undefined if the history does not show which message it is. */
  readonly notified: ReadonlyMap<Entry, ReadonlySet<string>>;
  /** Organisations that have or had a part in the mission. */
  readonly everParty: ReadonlySet<string>;
  /** Organisations whose part never ends: what they may read never shrinks. */
  readonly lasting: ReadonlySet<string>;
}

/** Hub messages go to the coordinator and to senders of the mission only; which of them is not derived here. */
export const partiesOf = (entries: readonly Entry[]): Parties | undefined => {
  const [first] = entries;
  const opened = first?.message;
  const coordinator = opened?.sent.receiver;
  if (first?.version !== 1 || opened === undefined || coordinator === undefined) return undefined;
  const requester = opened.organisation;
  const tasks = new Map([[`${first.mission}.1`, { owner: coordinator, requester, isOpen: true }]]);
  const mission: Mission = { requester, coordinator, tasks };
  const notified = new Map<Entry, ReadonlySet<string>>();
  const everParty = new Set([requester, coordinator]);
  for (const [index, entry] of entries.entries()) {
    // Behind an entry that the history does not show, the state is not known.
    if (entry.version !== index + 1 || (entry.message === undefined && !entry.isOfHub)) break;
    const parties = apply(mission, entry);
    for (const { owner } of tasks.values()) everParty.add(owner);
    notified.set(
      entry,
      entry.isOfHub
        ? everParty
        : new Set(parties.filter(isDefined).filter((organisation) => organisation !== entry.message?.organisation)),
    );
  }
  return { notified, everParty, lasting: new Set([requester, coordinator]) };
};
