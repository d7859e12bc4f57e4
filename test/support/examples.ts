import { fingerprintWindow } from '../../core/mission/known-messages.ts';
import { entryAfter } from '../../core/mission/log-entry.ts';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { directoryOf } from '../../adapters/party-directory.ts';
import { type Step as PlayedStep, stepsIn } from '../../docs/generate/openapi/steps.ts';
import { decide } from '../../core/mission/decide.ts';
import type { StoredEntry } from '../../core/mission/mission-log.ts';
import type { Directory } from '../../core/mission/directory.ts';
import type { MissionState, Party } from '../../core/mission/state.ts';
import { readDirectory } from '../../schemas/directory/read-directory.ts';
import type { DirectoryData } from '../../schemas/directory/directory.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { canonicalBase } from '../../schemas/names.ts';
import { readMessage } from '../../schemas/reading/read-message.ts';
import type { Message } from '../../schemas/reading/message.ts';

/** The published examples: two missions, and the sample directory they are played against. */
const fileText = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

export const sampleDirectoryText = fileText('local/sample/directory.json');

const reading = readDirectory(JSON.parse(sampleDirectoryText));
if ('faults' in reading) throw new Error(`the sample directory is faulty: ${reading.faults.join('; ')}`);

export const sampleDirectoryData: DirectoryData = reading.directory;

/** Everybody in the sample directory. */
export const sampleParties: readonly Party[] = sampleDirectoryData.parties;

export const sampleDirectory: Directory = directoryOf(sampleDirectoryData);

/** The clients that call with the organisation's own number; others are its units and its suppliers. */
export const sampleClients: ReadonlyMap<string, string> = new Map(
  Object.entries(
    z
      .object({ clients: z.record(z.string(), z.looseObject({ orgnr_parent: z.string() })) })
      .parse(JSON.parse(fileText('local/sample/clients.json'))).clients,
  ).flatMap(([client, { orgnr_parent, ...others }]) =>
    Object.keys(others).length === 0 ? [[client, orgnr_parent]] : [],
  ),
);

/** The organisation number that a client of the sample stands for. */
export const organisationOf = (client: string): string => {
  const organisation = sampleClients.get(client);
  if (organisation === undefined) throw new Error(`no client of the sample: ${client}`);
  return organisation;
};

/** The party that a client of the sample stands for. */
export const partyOfClient = (client: string): Party => {
  const party = sampleDirectory.partyOf(organisationOf(client));
  if (party === undefined) throw new Error(`not in the sample directory: ${client}`);
  return party;
};

export const exampleText = (file: string): string => fileText(`partner/examples/${file}`);

/** A message of the examples, and who sends it. */
export type Step = Pick<PlayedStep, 'file' | 'client'>;

/** The tables of `partner/examples/README.md`, each in the order in which it is played. */
const tables: readonly (readonly Step[])[] = stepsIn(fileText('partner/examples/README.md'));

/** The first mission, the second mission, and what belongs to no mission. */
export const [exampleSteps = [], secondSteps = [], readinessSteps = []] = tables;

export const everyStep: readonly Step[] = [...exampleSteps, ...secondSteps, ...readinessSteps];

/** Reads a text that must be a message. `base`: of the hub that reads it. */
const readExample = (text: string, base = canonicalBase): Message => {
  const message = readMessage(text, { base, partiesAt: () => [] });
  if (message.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(message.faults)}`);
  return message;
};

/** When the hub gets a message: when it was written, and never before what it has already. */
const receivedAt = (state: MissionState | undefined, { text }: Message): string => {
  const { timestamp } = z.object({ timestamp: z.string().optional() }).parse(JSON.parse(text));
  const written = timestamp === undefined ? 0 : Date.parse(timestamp);
  return new Date(Math.max(written, Date.parse(state?.changedAt ?? '2026-01-08T07:30:00.000Z'))).toISOString();
};

/** Decides on a message; the hub's answer, whatever it is. */
export const decideExample = (state: MissionState | undefined, message: Message, sender: Party) =>
  decide(state, message, {
    sender,
    now: receivedAt(state, message),
    directory: sampleDirectory,
    guidelines: firstGuidelines,
  });

/** A log entry after a further message, which must be legal. */
export const nextEntry = (
  before: StoredEntry | undefined,
  text: string,
  client: string,
  base?: string,
): StoredEntry => {
  const decided = decideExample(before?.state, readExample(text, base), partyOfClient(client));
  if (decided.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(decided.faults)}`);
  return {
    ...entryAfter(before, decided.entry, fingerprintWindow),
    fanOutPending: false,
    notified: [],
    withoutSubscription: [],
  };
};

/** The log of a mission after its first messages; all of them if no count is given. */
export const logOf = (steps: readonly Step[], count: number = steps.length): readonly StoredEntry[] =>
  steps
    .slice(0, count)
    .reduce<readonly StoredEntry[]>(
      (log, { file, client }) => [...log, nextEntry(log.at(-1), exampleText(file), client)],
      [],
    );

/** The log of the first example mission. */
export const exampleLog = (count?: number): readonly StoredEntry[] => logOf(exampleSteps, count);
