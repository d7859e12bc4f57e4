import type { PartyDirectory } from '../../adapters/party-directory.ts';
import type { Budget, RequestBudgets } from '../../adapters/dynamodb/rate-limits.ts';
import type { DeliveryJob, Lane } from '../../core/delivery/delivery-queue.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { uuidOf } from '../../schemas/identifiers.ts';
import { directory, partyOf } from '../support/messages.ts';
import { memoryAccessLog } from './access-log.ts';
import { memoryHub } from './hub.ts';

/** The directory of the test parties: each calls with its own number, and no supplier may call for it. */
export const partyDirectory: PartyDirectory = {
  ...directory,
  callerOf: ({ parent, supplier }) =>
    supplier === undefined ? (partyOf(parent) ?? 'unknown-caller') : 'supplier-not-granted',
  notifiesAt: () => true,
};

/** Rate limits in memory, in one window without an end. */
export const memoryBudgets = (most = 1_000): RequestBudgets<Budget> => {
  const counts = new Map<string, number>();
  return {
    spend: async ({ parent, client }, budget) => {
      const name = [parent, client, budget].join(' ');
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return {
        count,
        most,
        ...(count > most ? { waitFor: 7 } : {}),
        giveBack: async () => {
          counts.set(name, (counts.get(name) ?? 0) - 1);
        },
      };
    },
  };
};

/** Everything that the handlers of the functions need, in memory. */
export const handlerPorts = (hub = memoryHub()) => {
  const returned: { readonly receiptHandle: string; readonly seconds: number }[] = [];
  let made = 0;
  return {
    ...hub,
    base: 'https://hub.example/fhir',
    directory: async () => partyDirectory,
    guidelines: async () => firstGuidelines,
    accesses: memoryAccessLog(),
    budgets: memoryBudgets(),
    endpointRules: {
      whyRefused: (endpoint: string) => (endpoint.startsWith('https:') ? undefined : 'is not https'),
      isHeaderLine: (line: string) => /^[\w-]+: /.test(line),
    },
    secrets: {
      newId: () => uuidOf('made', String((made += 1))),
      newSecret: () => `whsec_${Buffer.from(`secret ${(made += 1)}`).toString('base64')}`,
    },
    random: () => 0.5,
    channelWithin: () => hub.channel,
    readJob: (body: string): DeliveryJob => JSON.parse(body),
    /** The records that went back to the queue, in order. */
    returned,
    laneOf: (queueArn: string): Lane => (queueArn.includes('quick') ? 'quick' : 'slow'),
    returnAfter: async (_lane: Lane, receiptHandle: string, seconds: number) => {
      returned.push({ receiptHandle, seconds });
    },
    wait: async (milliseconds: number) => hub.clock.advance(milliseconds),
  };
};

export type HandlerPorts = ReturnType<typeof handlerPorts>;
