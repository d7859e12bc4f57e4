import type { Party } from '../../core/mission/state.ts';
import {
  acknowledgement,
  missionCancel,
  missionDecision,
  missionForward,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
} from './messages.ts';
import { mission, request, type Step, task } from './given.ts';

/** The steps of a usual mission, each said by the party that usually says it. */

const { amk, la, otherLa, operator, hospital } = parties;

/** Another message than the one before, though it says the same. */
type Said = { readonly id?: string };

export const opened: Step = [amk, request];
export const decides = (
  answer: 'accepted' | 'partially-accepted' | 'deferred' | 'rejected',
  more: Said & Partial<Parameters<typeof missionDecision>[0]> = {},
): Step => [la, missionDecision({ task: task(1), answer, ...more })];
export const accepted = decides('accepted');
export const rejected = decides('rejected');
export const disputes = (id = task(1), more: Said & { readonly words?: string } = {}): Step => [
  amk,
  reviewRequest({ task: id, ...more }),
];
export const forwards = (id = task(1), from: Party = la, to: Party = otherLa, more: Said = {}): Step => [
  from,
  missionForward({ task: id, to: [to.organisation], ...more }),
];
export const asksCrew: Step = [la, resourceRequest({ mission })];
export const crewSays = (
  id: string,
  answer: 'accepted' | 'declined' | 'withdrawn' | 'aborted',
  crew: Party = operator,
): Step => [crew, resourceResponse({ task: id, answer })];
export const crewReports = (id: string, phase: string, crew: Party = operator): Step => [
  crew,
  resourceStatus({ task: id, phases: { [phase]: '2026-01-31T12:20:00+01:00' } }),
];
export const warnsHospital = (more: Partial<Parameters<typeof prearrivalNotification>[0]> = {}): Step => [
  la,
  prearrivalNotification({ mission, ...more }),
];
export const hospitalSays = (
  id: string,
  answer: 'accepted' | 'diverted' | 'cannot-receive',
  more: Partial<Parameters<typeof prearrivalResponse>[0]> = {},
): Step => [hospital, prearrivalResponse({ task: id, answer, ...more })];
export const cancels: Step = [amk, missionCancel({ mission })];
export const acknowledges = (party: Step[0], id: string, more: Said = {}): Step => [
  party,
  acknowledgement({ task: id, ...more }),
];
