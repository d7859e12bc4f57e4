import { portContract } from '../../../contract/contract.ts';
import { manualClock } from '../../../memory/clock.ts';
import { memoryQueue } from '../../../memory/delivery-queue.ts';
import { memoryHub } from '../../../memory/hub.ts';
import { subscriptionStore } from '../../../memory/subscription-store.ts';
import { memorySubscriptions } from '../../../memory/subscriptions.ts';
import { queueContract } from '../../../contract/delivery-queue.ts';

portContract(
  'The memory',
  async () => {
    const clock = manualClock();
    const store = subscriptionStore();
    return {
      ...memoryHub(clock, store),
      interrupted: (between) => {
        let isBetween = false;
        return memorySubscriptions(store, async () => {
          if (isBetween) return;
          isBetween = true;
          await between();
        });
      },
    };
  },
  { isListedApart: true },
);

queueContract('The memory', async (lane) => {
  const clock = manualClock();
  const queue = memoryQueue(clock, lane);
  return {
    queue,
    receive: async () => {
      const received = queue.receive();
      return received === undefined ? undefined : { ...received, receipt: String(received.receipt) };
    },
    remove: async (receipt) => queue.remove(Number(receipt)),
    hide: async (receipt, seconds) => queue.hide(Number(receipt), seconds),
    pass: async (seconds) => clock.advance(seconds * 1000),
  };
});
