import { refuse } from '../../schemas/faults.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { focusPath, focusResourcePath, receiverPath } from '../../schemas/reading/fhir-paths.ts';
import type { Check, MissionProposal, TaskProposal } from './decision.ts';
import { isFinal, leads, taskOf } from './state.ts';

/**
 * References of a message to other Tasks, parties and times must be valid. Otherwise a party would wait for an answer that cannot
 * come. `decide.ts` has the order of the checks.
 */

/** `Task.partOf` names an open flight of the sender, or any open flight if the sender coordinates. */
export const flightReference: Check<MissionProposal> = ({ message, before, sender }) => {
  const { partOf } = message.facts;
  if (partOf === undefined) return undefined;
  const at = `${focusResourcePath(message)}.partOf`;
  const flight = taskOf(before, partOf);
  if (flight?.kind !== 'resource') return refuse('unknown-task', at, 'must be the Task of a resource of this mission');
  if (![flight.owner, before.coordinator].includes(sender.organisation))
    return refuse('forbidden-relation', at, 'the flight belongs to another operator');
  return isFinal(flight)
    ? refuse(
        'illegal-transition',
        at,
        `the flight is ${flight.status}: name one that is under way, or none`,
        before.version,
      )
    : undefined;
};

/** A deferral ends in the future, within the limit of the guideline. */
export const deferralTime: Check<MissionProposal> = ({ message, now, guideline }) => {
  const { until } = message.facts;
  if (until === undefined) return undefined;
  const at = `${focusResourcePath(message)}.restriction.period.end`;
  if (timeOf(until) <= Date.parse(now)) return refuse('wrong-field', at, 'must be in the future');
  const { longestDeferralSeconds } = guideline;
  return timeOf(until) > Date.parse(now) + longestDeferralSeconds * 1000
    ? refuse('wrong-field', at, `a decision can be deferred for at most ${longestDeferralSeconds} seconds`)
    : undefined;
};

/** A message that could open a Task but names one goes to that Task's owner only. */
export const taskReceiver: Check<TaskProposal> = ({ message: { type, destinations }, task }) => {
  if (type.opens === undefined || type.mission === 'forwards') return undefined;
  const other = destinations.findIndex((organisation) => organisation !== task.owner);
  return other === -1
    ? undefined
    : refuse(
        'wrong-field',
        receiverPath(other),
        'must be the owner of the Task; to ask another party, send a message without the id of the Task',
      );
};

/** The hospital that a patient is diverted or handed over to is in the directory, and another than the one that diverts. */
export const namedHospital: Check<MissionProposal> = ({ message, task, directory }) => {
  const number = message.facts.divertedTo ?? message.facts.handedOverTo;
  if (number === undefined) return undefined;
  const at = `${focusResourcePath(message)}.output`;
  const hospital = directory.partyOf(number);
  if (hospital === undefined) return refuse('unknown-organisation', at);
  if (hospital.role !== 'hospital')
    return refuse('wrong-field', at, `must be a hospital, but the directory says ${hospital.role}`);
  return task?.kind === 'prearrival' && number === task.owner
    ? refuse('wrong-field', at, 'must be another hospital than the one the patient was to come to')
    : undefined;
};

/** A ServiceRequest in focus replaces the description of the mission. */
export const description: Check<MissionProposal> = ({ message: { type, focusIndex }, before, sender }) =>
  type.focus?.resource === 'ServiceRequest' && focusIndex !== undefined && !leads(before, sender.organisation)
    ? refuse(
        'forbidden-relation',
        focusPath,
        'only the requester and the coordinating AMK LA may replace the description of the mission; send other resources without a ServiceRequest in focus',
      )
    : undefined;
