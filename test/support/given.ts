import { expect } from 'vitest';
import { decide } from '../../core/mission/decide.ts';
import type { Decision, DecisionContext } from '../../core/mission/decision.ts';
import type { MissionState, Party, TaskState } from '../../core/mission/state.ts';
import type { TaskStatus } from '../../schemas/codes.ts';
import { type Refusal, statusOf } from '../../schemas/faults.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { directory, missionOpenedBy, missionRequest, taskOpenedBy } from './messages.ts';

/** Given / when / then for the mission's rules: what was accepted before, what is sent now, what comes of it. */
export type Step = readonly [sender: Party, message: Message];
export type Outcome = Decision | Refusal;

export const request = missionRequest();
export const mission = missionOpenedBy(request);
/** The hub's id of the Task that an entry opened. */
export const task = (entry: number): string => taskOpenedBy(mission, entry);

const start = Date.parse('2026-02-01T11:00:00.000Z');
/** The hub's clock when it accepts an entry: one minute passes from entry to entry. */
export const timeOf = (entry: number): string => new Date(start + (entry - 1) * 60_000).toISOString();

type More = Partial<Pick<DecisionContext, 'ifMatch' | 'now'>>;

export const when = (before: MissionState | undefined, [sender, message]: Step, more: More = {}): Outcome =>
  decide(before, message, {
    sender,
    directory,
    guidelines: firstGuidelines,
    now: timeOf((before?.version ?? 0) + 1),
    ...more,
  });

export const entryOf = (outcome: Outcome): Decision['entry'] => {
  if (outcome.outcome === 'refused') throw new Error(`refused: ${JSON.stringify(outcome.faults)}`);
  return outcome.entry;
};

/** The mission after messages that were all accepted. */
export const given = (...steps: readonly Step[]): MissionState => {
  const state = steps.reduce<MissionState | undefined>((before, step) => entryOf(when(before, step)).state, undefined);
  if (state === undefined) throw new Error('a mission begins with a request');
  return state;
};

/** The same mission, one more message later. */
export const later = (before: MissionState, ...steps: readonly Step[]): MissionState =>
  steps.reduce((state, step) => entryOf(when(state, step)).state, before);

export const taskIn = (state: MissionState, id: string): TaskState => {
  const found = state.tasks.find((one) => one.id === id);
  if (found === undefined) throw new Error(`the mission has no Task ${id}`);
  return found;
};

export const statusesOf = (state: MissionState): readonly TaskStatus[] => state.tasks.map(({ status }) => status);

/** The mission as if one of its Tasks had another status, reachable or not. */
export const withTask = (state: MissionState, id: string, change: Partial<TaskState>): MissionState => ({
  ...state,
  tasks: state.tasks.map((one) => (one.id === id ? { ...one, ...change } : one)),
});

export const recipients = (outcome: Outcome): readonly string[] => entryOf(outcome).recipients;

/** The names of parties as organisation numbers, for comparison without order. */
const numbersOf = (...list: readonly Party[]): readonly string[] => list.map(({ organisation }) => organisation).sort();

export const expectNotified = (outcome: Outcome, ...list: readonly Party[]): void =>
  expect([...recipients(outcome)].sort()).toEqual(numbersOf(...list));

export const codeOf = (outcome: Outcome): string =>
  outcome.outcome === 'refused' ? outcome.faults[0].code : outcome.outcome;

export const expectRefused = (outcome: Outcome, code: string, at?: string): Refusal => {
  if (outcome.outcome !== 'refused') throw new Error('accepted, but it should have been refused');
  expect(outcome.faults[0].code).toBe(code);
  if (at !== undefined) expect(outcome.faults[0].at).toBe(at);
  return outcome;
};

/** 409, with the version of the mission that refused. */
export const expectIllegal = (outcome: Outcome, before: MissionState): void => {
  const refusal = expectRefused(outcome, 'illegal-transition');
  expect(statusOf(refusal)).toBe(409);
  expect(refusal.version).toBe(before.version);
};
