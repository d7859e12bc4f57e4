import { redrive } from '../../core/delivery/dead-letters.ts';
import type { Notification } from '../../core/delivery/notifications.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { type Hub, lookUp } from './hub.ts';
import { calls, details, line, nameOf } from './report.ts';

const lookedUpAtOnce = 16;

/** Another operator, or the hub, was faster. */
const alreadyDone = 'already redriven or discarded';

export const listAll = async (hub: Hub, letters: readonly Notification[]): Promise<void> => {
  const found = await inBatches(letters, lookedUpAtOnce, (letter) => lookUp(hub, letter));
  for (const letter of found) console.log(line(letter));
  console.log(
    letters.length === 0
      ? 'No dead letters.'
      : `${letters.length} dead ${letters.length === 1 ? 'letter' : 'letters'}. To be phoned:`,
  );
  for (const call of calls(found)) console.log(`  ${call}`);
};

export const showAll = async (hub: Hub, letters: readonly Notification[]): Promise<void> => {
  for (const letter of letters) console.log(`${details(await lookUp(hub, letter)).join('\n  ')}\n`);
};

export const redriveAll = async (hub: Hub, letters: readonly Notification[]): Promise<void> => {
  for (const { letter, outcome } of await redrive(hub, letters))
    console.log(`${nameOf(letter)}  ${outcome === 'redriven' ? 'sending again' : alreadyDone}`);
  console.log('What still cannot be delivered is among the dead letters again within a quarter of an hour.');
};

export const discardAll = async (hub: Hub, letters: readonly Notification[]): Promise<void> => {
  for (const letter of letters) {
    const { subscription, number } = letter;
    const isDiscarded = await hub.deadLetters.discard(subscription, number, new Date().toISOString());
    console.log(`${nameOf(letter)}  ${isDiscarded ? 'discarded' : alreadyDone}`);
  }
};
