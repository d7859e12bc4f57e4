import { isOfKind } from '../../adapters/dynamodb/shards.ts';
import { unpack } from '../../adapters/packed.ts';
import type { Directory } from '../../core/mission/directory.ts';
import type { WorklistItem } from '../../core/mission/projections.ts';
import { type Item, textOf } from './items.ts';
import { missionChains } from './mission-chains.ts';

/** The contents of a backup as numbers and ids of missions, for people on call; no content of a message. */
export interface Contents {
  readonly missions: number;
  readonly entries: number;
  readonly subscriptions: number;
  readonly notifications: number;
  /** Pending obligations: fan-outs, notifications, handshakes. */
  readonly pending: number;
  readonly deadLetters: number;
  readonly reads: number;
  /** The last number of each subscription that is taken. */
  readonly newest: ReadonlyMap<string, number>;
  /** Missions with open Tasks, by the organisation number of their coordinator. */
  readonly open: ReadonlyMap<string, ReadonlySet<string>>;
  /** Missions whose logs are not as they were written. */
  readonly broken: readonly string[];
}

/** Counts the items that are added. */
export const contentsCounter = () => {
  const counts = { missions: 0, entries: 0, subscriptions: 0, notifications: 0, pending: 0, deadLetters: 0, reads: 0 };
  const newest = new Map<string, number>();
  const open = new Map<string, Set<string>>();
  const chains = missionChains();
  return {
    add: (item: Item): void => {
      chains.add(item);
      const [kind = '', id = ''] = textOf(item, 'pk').split('#');
      const [part = '', number = ''] = textOf(item, 'sk').split('#');
      if (kind === 'MISSION' && part === 'ENTRY') {
        counts.entries += 1;
        if (Number(number) === 1) counts.missions += 1;
      }
      if (kind === 'SUBSCRIPTION' && part === 'HEAD') counts.subscriptions += 1;
      if (kind === 'SUBSCRIPTION' && part === 'NOTE') {
        newest.set(id, Math.max(newest.get(id) ?? 0, Number(number)));
        // A restored hub begins its numbers with an item that is no notification.
        if (item['mission'] !== undefined) counts.notifications += 1;
      }
      if (kind === 'AUDIT' && part === 'RECORD') counts.reads += 1;
      if (isOfKind('pending', textOf(item, 'obligation'))) counts.pending += 1;
      if (isOfKind('failed', textOf(item, 'obligation'))) counts.deadLetters += 1;
      if (kind === 'MISSION' && part === 'TASK' && textOf(item, 'worklist').endsWith('#open')) {
        const { coordinator = 'unknown' }: WorklistItem = unpack(item['packed']?.B);
        open.set(coordinator, (open.get(coordinator) ?? new Set()).add(id));
      }
    },
    contents: (): Contents => ({ ...counts, newest, open, broken: chains.broken() }),
  };
};

export const contentLines = (contents: Contents): readonly string[] => {
  const { missions, entries, subscriptions, notifications, pending, deadLetters, reads, open } = contents;
  const openMissions = new Set([...open.values()].flatMap((ids) => [...ids]));
  return [
    `missions and resource logs: ${missions}, of them with open Tasks: ${openMissions.size}; messages: ${entries}`,
    `subscriptions: ${subscriptions}; notifications: ${notifications}; pending obligations: ${pending}; dead letters: ${deadLetters}`,
    `reads in the log of reads: ${reads}`,
  ];
};

/** What the commands that follow a restore need. */
export interface NextSteps {
  /** Nothing was accepted or delivered after the backup was made. */
  readonly exact: boolean;
  readonly isLocal: boolean;
  /** The options that name the hub in a command. */
  readonly target: string;
  /** When the restore began, ISO 8601. */
  readonly at: string;
  readonly exportTime: string;
  readonly directory: Directory;
  readonly open: Contents['open'];
}

const numbered = (steps: readonly string[]): readonly string[] => steps.map((step, index) => `  ${index + 1}. ${step}`);

/** What an operator does after a restore, and whom to phone about missions that had open Tasks. */
export const nextSteps = ({
  exact,
  isLocal,
  target,
  at,
  exportTime,
  directory,
  open,
}: NextSteps): readonly string[] => {
  const steps = numbered([
    `npm run hub -- audit verify ${target} --restored ${at}: checks the log of reads up to the backup. Keep this time: every later verification needs it.${isLocal ? ' The hub must run; it may be closed.' : " Add --log with the functions' log, and --anchors."}`,
    `npm run hub -- backup open ${target}: the hub accepts messages again, and sends pending notifications.`,
    ...(exact
      ? []
      : [
          `Ask the senders to send again, with the same ids and in their order, what they have sent since ${exportTime}: the hub has lost it.`,
        ]),
    `npm run hub -- dead-letters list ${isLocal ? target : `${target} --queue <url>`}, a quarter of an hour later.`,
  ]);
  const phoneCalls = [...open].flatMap(([organisation, missions]) => {
    const party = directory.partyOf(organisation);
    return [
      `  ${party?.name ?? organisation}: ${party?.phone ?? 'the directory has no number'}`,
      ...[...missions].map((mission) => `    ${mission}`),
    ];
  });
  return [
    'The hub is closed. What to do now:',
    ...steps,
    ...(open.size === 0
      ? []
      : [`Missions that had open Tasks at ${exportTime}. Phone their coordinators:`, ...phoneCalls]),
  ];
};

/** Prints missions whose logs were changed before the backup was made. A restore takes them as they are. */
export const printBroken = ({ broken }: Contents): void => {
  for (const mission of broken)
    console.error(
      `The log of mission ${mission} is not as it was written. After a restore, npm run hub -- audit verify --mission ${mission} says where.`,
    );
};
