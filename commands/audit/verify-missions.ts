import { setTimeout as wait } from 'node:timers/promises';
import { loadGuidelines } from '../../adapters/dynamodb/guideline-store.ts';
import {
  keptFingerprints,
  type NamedMissions,
  namedMissions,
  recordedEntries,
  tracesOf,
} from '../../adapters/dynamodb/recorded-missions.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import type { AnchorSet } from '../../core/audit/anchor-set.ts';
import { compareWithEvidence, type EvidenceFault, type Stored } from '../../core/audit/evidence.ts';
import { type MissionFault, type RecordedEntry, verifyMission } from '../../core/audit/verify-mission.ts';
import type { Guidelines } from '../../schemas/guideline.ts';
import { inBatches } from '../../schemas/in-batches.ts';
import { missionFaultText } from './report.ts';

/** The mission logs: each against its texts, its states, what else names its entries, and the anchors. */

interface Checked {
  readonly entries: number;
  readonly withAnchors: number;
  readonly lost: number;
  readonly faults: readonly (MissionFault | EvidenceFault)[];
}

interface Context {
  readonly table: Table;
  readonly guidelines: Guidelines;
  readonly anchored: AnchorSet;
}

/** `named`: the highest entry that something else in the table names, read before the log. */
const check = async (
  { table, guidelines, anchored }: Context,
  mission: string,
  named: NamedMissions,
): Promise<Checked> => {
  const trace = named.get(mission);
  const traces = [...(trace === undefined ? [] : [trace]), ...(await tracesOf(table, mission))];
  const kept = await keptFingerprints(table, mission);
  const stored: Stored[] = [];
  const noted = async function* (): AsyncGenerator<RecordedEntry> {
    for await (const entry of recordedEntries(table, mission)) {
      stored.push({ number: entry.number, digest: entry.digest, at: entry.content?.receivedAt ?? '' });
      yield entry;
    }
  };
  const verified = await verifyMission(noted(), { guidelines, kept, traces });
  const compared = compareWithEvidence(stored, {
    logged: { statements: [], covers: () => false },
    anchored: { statements: anchored.of('missions', mission), completeUntil: anchored.completeUntil },
    restores: anchored.restores,
  });
  return { ...compared, entries: verified.entries, faults: [...verified.faults, ...compared.faults] };
};

/** Longer than a function takes between two reads of one mission. */
const settleMilliseconds = 2_000;

const missionsAtOnce = 8;
const progressMilliseconds = 5_000;

const progressOf = (missions: number) => {
  let done = 0;
  let printed = performance.now();
  return (): void => {
    done += 1;
    if (performance.now() - printed < progressMilliseconds) return;
    printed = performance.now();
    console.error(`${done} of ${missions} missions verified`);
  };
};

export interface VerifiedMissions {
  readonly missions: number;
  readonly entries: number;
  readonly withAnchors: number;
  readonly lost: number;
  /** Missions with a fault. */
  readonly faulty: number;
  /** Anchored missions, of which the table has none: the anchors are of another hub, or all were removed. */
  readonly foreign: number;
}

/** Checks the logs of all missions and resources, or of one, and prints their faults on stderr. */
export const verifyMissions = async (
  table: Table,
  only: string | undefined,
  anchored: AnchorSet,
): Promise<VerifiedMissions> => {
  const context = { table, guidelines: await loadGuidelines(table), anchored };
  const named: NamedMissions = only === undefined ? await namedMissions(table) : new Map([[only, undefined]]);
  const byAnchors = only === undefined ? anchored.chains('missions') : [];
  const isKnown = byAnchors.length === 0 || byAnchors.some((mission) => named.has(mission));
  const missions = [...new Set([...named.keys(), ...(isKnown ? byAnchors : [])])].sort();
  const progress = progressOf(missions.length);
  const sum = { entries: 0, withAnchors: 0, lost: 0 };
  const doubtful: string[] = [];
  await inBatches(missions, missionsAtOnce, async (mission) => {
    const { entries, withAnchors, lost, faults } = await check(context, mission, named);
    sum.entries += entries;
    sum.withAnchors += withAnchors;
    sum.lost += lost;
    if (faults.length > 0) doubtful.push(mission);
    progress();
  });
  // A message may have been under way.
  if (doubtful.length > 0) await wait(settleMilliseconds);
  let faulty = 0;
  for (const mission of doubtful.toSorted()) {
    const { faults } = await check(context, mission, named);
    if (faults.length === 0) continue;
    faulty += 1;
    console.error(`Mission ${mission}:`);
    for (const fault of faults) console.error(`  ${missionFaultText(fault)}`);
  }
  return { missions: missions.length, ...sum, faulty, foreign: isKnown ? 0 : byAnchors.length };
};
