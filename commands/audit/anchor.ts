import { anchorStates } from '../../adapters/dynamodb/nightly-state.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { chainsIn } from '../../adapters/dynamodb/chains.ts';
import { anchorStore } from '../../adapters/s3/anchor-store.ts';
import { bucketBeside } from '../../adapters/s3/bucket.ts';
import { setTimeout as wait } from 'node:timers/promises';
import { anchorChains } from '../../core/audit/anchor-chains.ts';

/** Anchors the chains now, as the nightly function does in the night. Continues a pass that the function has begun. */
export const anchorNow = async (table: Table, bucket: string): Promise<number> => {
  const outcome = await anchorChains(
    {
      now: () => Date.now(),
      wait: (milliseconds) => wait(milliseconds),
      hub: table.name,
      wholeTable: chainsIn(table),
      anchorStates: anchorStates(table),
      anchors: anchorStore(bucketBeside(table, bucket)),
    },
    {
      timeLeft: () => Number.POSITIVE_INFINITY,
      isAsked: true,
      written: ({ anchor, chains, digest }) =>
        console.log(`Anchor ${anchor}: ${chains} ${chains === 1 ? 'chain' : 'chains'}, digest ${digest}`),
    },
  );
  if (outcome === 'complete') return 0;
  console.error('The nightly function is anchoring, or another command is. Run this again in a quarter of an hour.');
  return 1;
};
