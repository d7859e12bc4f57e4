import { deadLetterShard, obligationShards, unpack } from '../../adapters/dynamodb/table.ts';
import type { WorklistItem } from '../../core/mission/projections.ts';
import { type Item, textOf } from './items.ts';

/** What a backup holds, in words for people on call: numbers and names of missions, nothing of what a message says. */
export interface Contents {
  readonly missions: number;
  readonly entries: number;
  readonly subscriptions: number;
  readonly notifications: number;
  /** Fan-outs, notifications and signs that are owed. */
  readonly owed: number;
  readonly deadLetters: number;
  readonly reads: number;
  /** Missions with open Tasks, by the organisation number of who coordinates them. */
  readonly open: ReadonlyMap<string, ReadonlySet<string>>;
}

const shards: readonly string[] = obligationShards;

/** Counts what passes. */
export const contentsCounter = () => {
  const counts = { missions: 0, entries: 0, subscriptions: 0, notifications: 0, owed: 0, deadLetters: 0, reads: 0 };
  const open = new Map<string, Set<string>>();
  return {
    add: (item: Item): void => {
      const [kind = '', id = ''] = textOf(item, 'pk').split('#');
      const [part = '', number = ''] = textOf(item, 'sk').split('#');
      if (kind === 'MISSION' && part === 'ENTRY') {
        counts.entries += 1;
        if (Number(number) === 1) counts.missions += 1;
      }
      if (kind === 'SUBSCRIPTION' && part === 'HEAD') counts.subscriptions += 1;
      if (kind === 'SUBSCRIPTION' && part === 'NOTE') counts.notifications += 1;
      if (kind === 'AUDIT' && part === 'RECORD') counts.reads += 1;
      if (shards.includes(textOf(item, 'obligation'))) counts.owed += 1;
      if (textOf(item, 'obligation') === deadLetterShard) counts.deadLetters += 1;
      if (kind === 'MISSION' && part === 'TASK' && textOf(item, 'worklist').endsWith('#open')) {
        const { coordinator = 'unknown' }: WorklistItem = unpack(item['packed']?.B);
        open.set(coordinator, (open.get(coordinator) ?? new Set()).add(id));
      }
    },
    contents: (): Contents => ({ ...counts, open }),
  };
};

export const contentLines = (contents: Contents): readonly string[] => {
  const { missions, entries, subscriptions, notifications, owed, deadLetters, reads, open } = contents;
  const openMissions = new Set([...open.values()].flatMap((ids) => [...ids]));
  return [
    `missions and resource logs: ${missions}, of them with open Tasks: ${openMissions.size}; messages: ${entries}`,
    `subscriptions: ${subscriptions}; notifications: ${notifications}; owed: ${owed}; dead letters: ${deadLetters}`,
    `reads in the log of reads: ${reads}`,
  ];
};
