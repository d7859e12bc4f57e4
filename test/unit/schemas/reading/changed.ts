import { isObject } from '../../../../schemas/json/json.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import {
  acknowledgement,
  medicalAssessment,
  missionCancel,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionReport,
  missionRequest,
  missionUpdate,
  outcomeFeedback,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  prearrivalWithdrawal,
  resourceAvailability,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  reviewRequest,
  taskOpenedBy,
} from '../../../support/messages.ts';

/** Valid messages, and functions that change one place in them. */

export const sampleMission = missionOpenedBy(missionRequest());
/** The second entry of the mission opens the Task of a resource. */
export const sampleTask = taskOpenedBy(sampleMission, 2);

const mission = sampleMission;
const task = sampleTask;

export const parsed = (message: Message): unknown => JSON.parse(message.text);

/** One valid message of each type and each answer. */
export const samples: readonly Message[] = [
  missionRequest(),
  missionRequest({ municipality: '3431', incident: '2026-17', to: [] }),
  missionRequest({ exercise: true, urgency: 'routine', by: 'Lege', bundleId: 'none' }),
  acknowledgement({ task }),
  missionUpdate({ mission, urgency: 'urgent', place: [60.5, 10.25] }),
  missionUpdate({ mission, describes: false, more: [{ resourceType: 'Observation', status: 'final' }] }),
  missionDecision({ task, answer: 'accepted' }),
  missionDecision({ task, answer: 'partially-accepted' }),
  missionDecision({ task, answer: 'deferred' }),
  missionDecision({ task, answer: 'rejected' }),
  missionDecision({
    task,
    answer: 'rejected',
    criterion: 'abcd-competence',
    by: { name: 'Lege', number: '9999901' },
    as: 'Physician',
  }),
  medicalAssessment({ mission, ground: 'not-indicated' }),
  reviewRequest({ task }),
  missionForward({ task }),
  missionReport({ task, phases: { available: '2026-02-01T13:05:00+01:00' } }),
  outcomeFeedback({ task }),
  resourceAvailability({ availability: 'weather' }),
  resourceRequest({ mission }),
  resourceRequest({ mission, resource: 'LA-01' }),
  resourceResponse({ task, answer: 'accepted' }),
  resourceResponse({ task, answer: 'declined' }),
  resourceResponse({ task, answer: 'withdrawn' }),
  resourceResponse({ task, answer: 'aborted' }),
  resourceStatus({
    task,
    phases: { departed: '2026-02-01T12:05:00+01:00', 'on-scene': '2026-02-01T12:25:00+01:00' },
    eta: '2026-02-01T12:40:00+01:00',
    place: [61, 9],
  }),
  prearrivalNotification({ mission, partOf: task }),
  prearrivalNotification({ mission, task, to: [] }),
  prearrivalWithdrawal({ mission, task, divertedTo: parties.otherHospital.organisation }),
  prearrivalResponse({ task, answer: 'accepted' }),
  prearrivalResponse({ task, answer: 'diverted' }),
  prearrivalResponse({ task, answer: 'cannot-receive' }),
  missionCancel({ mission }),
  missionCancel({ mission, reason: 'entered-in-error' }),
];

/** The place of a member or item in a JSON value. */
export type Path = readonly (string | number)[];

/** The value at a place; `undefined` if there is none. */
export const valueAt = (value: unknown, [key, ...rest]: Path): unknown => {
  if (key === undefined) return value;
  if (Array.isArray(value)) return valueAt(value[Number(key)], rest);
  return isObject(value) ? valueAt(value[key], rest) : undefined;
};

/** Every place in a JSON value, without the value itself. */
export const placesIn = (value: unknown, path: Path = []): readonly Path[] => {
  const members: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  return members.flatMap(([key, member]) => [[...path, key], ...placesIn(member, [...path, key])]);
};

export const gone = Symbol('gone');

/** A copy of the value with one place replaced, or removed if the new value is `gone`. */
export const changed = (value: unknown, [key, ...rest]: Path, into: unknown): unknown => {
  if (key === undefined) return into;
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index): unknown[] => {
      if (index !== key) return [item];
      const next = changed(item, rest, into);
      return next === gone ? [] : [next];
    });
  }
  const members = isObject(value) ? value : {};
  const next = changed(members[key], rest, into);
  const others = Object.entries(members);
  if (next === gone) return Object.fromEntries(others.filter(([name]) => name !== key));
  return Object.fromEntries(
    Object.hasOwn(members, key)
      ? others.map(([name, member]): [string, unknown] => [name, name === key ? next : member])
      : [...others, [String(key), next]],
  );
};
