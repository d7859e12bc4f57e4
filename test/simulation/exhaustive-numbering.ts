import { type Unnumbered, numberNotification } from '../../core/delivery/number-notification.ts';
import { memoryNotifications } from '../memory/notifications.ts';
import { memoryPlaces } from '../memory/places.ts';
import { subscriptionStore } from '../memory/subscription-store.ts';
import { openActor, type Scene } from './exhaustive.ts';
import type { Step } from './process.ts';
import { untilAllWait } from './scheduler.ts';

/**
 * Two missions whose entries are numbered at the same time in the log of one subscription, as their fan-outs do: who numbers an
 * entry numbers the earlier ones of the mission first, because they may be pending.
 */

/** Entries that each process numbers, one after another. */
const work: readonly (readonly Pick<Unnumbered, 'mission' | 'entry'>[])[] = [
  [{ mission: 'a', entry: 1 }],
  [
    { mission: 'a', entry: 1 },
    { mission: 'a', entry: 2 },
  ],
  [{ mission: 'b', entry: 1 }],
];

const endOfTime = '2099-01-01T00:00:00.000Z';

export const entriesOfTwoMissions = async (): Promise<Scene> => {
  const store = subscriptionStore();
  const notifications = memoryNotifications(store);
  const places = memoryPlaces(store);
  const stepped = (step: Step) => {
    const call = (name: string) => ({ place: 'table' as const, name, writes: true });
    return {
      places: {
        ...places,
        read: (...args: Parameters<typeof places.read>) => step(call('read the place'), () => places.read(...args)),
        claim: (...args: Parameters<typeof places.claim>) => step(call('claim'), () => places.claim(...args)),
        settle: (...args: Parameters<typeof places.settle>) => step(call('settle'), () => places.settle(...args)),
      },
      notifications: {
        ...notifications,
        newest: (id: string) => step(call('read the newest'), () => notifications.newest(id)),
        taken: (...args: Parameters<typeof notifications.taken>) =>
          step(call('look ahead'), () => notifications.taken(...args)),
        append: (...args: Parameters<typeof notifications.append>) =>
          step(call('append'), () => notifications.append(...args)),
      },
    };
  };
  const number = (ports: ReturnType<typeof stepped>, of: Pick<Unnumbered, 'mission' | 'entry'>) =>
    numberNotification(
      ports,
      { subscription: 'one', organisation: '311000012', writtenAt: endOfTime, ...of },
      endOfTime,
    );
  /** What each call returned, as the job that is sent: the numbers of a mission in their order. */
  const sent: { readonly mission: string; readonly entry: number; readonly number: number }[] = [];
  const actors = work.map((entries, index) => {
    const { actor: own, step } = openActor(`process ${index + 1}`, (result) => JSON.stringify(result));
    const run = async (): Promise<void> => {
      for (const of of entries) {
        const found = await number(stepped(step), of);
        if (found !== 'passed') sent.push({ ...of, number: found.number });
      }
    };
    void run();
    return own;
  });
  await untilAllWait();

  const wrongAtEnd = async (): Promise<readonly string[]> => {
    // The sweeper, after everything else.
    for (const of of work.flat()) await number({ places, notifications }, of);
    const log = await notifications.range('one', 1, 100);
    const text = log.map(({ mission, entry }) => `${mission}${entry}`);
    const stored = log.map((one) => `${one.number}: ${one.mission}${one.entry} after ${one.previous}`).join(', ');
    const wrong = log.flatMap((one, index) => {
      const before = log.slice(0, index).findLast(({ mission }) => mission === one.mission);
      const isRight =
        one.number === index + 1 &&
        one.previous === before?.number &&
        (before === undefined || before.entry < one.entry);
      return isRight ? [] : [`number ${index + 1} of ${stored}`];
    });
    if (text.toSorted().join() !== 'a1,a2,b1') wrong.push(`not each entry once: ${stored}`);
    for (const { mission, entry, number: as } of sent)
      if (text[as - 1] !== `${mission}${entry}`) wrong.push(`${mission}${entry} was numbered ${as} in ${stored}`);
    for (const mission of ['a', 'b'])
      if ((await places.read({ subscription: 'one', mission })).claim !== undefined)
        wrong.push(`a claim of ${mission} is left`);
    return wrong;
  };
  return {
    actors,
    contents: async () => [[...store.items], [...store.places], sent],
    unseenCalls: [],
    wrongAtEnd,
  };
};
