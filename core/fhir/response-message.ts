import type { Bundle, BundleEntry, FhirResource } from 'fhir/r4.d.ts';
import { uuidOf } from '../../schemas/identifiers.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import { systems } from '../../schemas/names.ts';
import { tasksConcerned } from '../mission/recipients.ts';
import type { Entry } from '../mission/state.ts';
import { securityOf, type Viewpoint } from './fhir.ts';
import { taskResource } from './task.ts';

/** Warns a sender that addressed organisations which the mission does not concern, so that the sender knows that they were not notified. */
const notNotifiedWarning = (
  entry: Entry,
  view: Viewpoint,
): (BundleEntry<FhirResource> & { fullUrl: string }) | undefined => {
  if (entry.notParties.length === 0) return undefined;
  const names = entry.notParties
    .map((organisation) => view.directory.partyOf(organisation)?.name ?? organisation)
    .join(', ');
  return {
    fullUrl: `urn:uuid:${uuidOf('response details', entry.mission, String(entry.number))}`,
    resource: {
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'warning',
          code: 'not-found',
          details: {
            text: `Accepted, but these organisations were not notified, because the mission does not concern them now: ${names}. Notify them by phone if they must know.`,
          },
          expression: ['Bundle.entry[0].resource.destination'],
        },
      ],
    },
  };
};

/** The subject of the log: a mission, or a resource by its call sign. */
const subjectOf = ({ mission, state: { readiness } }: Entry) =>
  readiness === undefined
    ? { type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } }
    : { type: 'Location', identifier: { system: systems.resource, value: readiness.resource } };

/**
 * The answer to an accepted message: a FHIR R4 message that names the exact message answered.
 * Derived from the entry alone, so the same message sent again, also days later, gets the same answer.
 */
export const responseMessage = (entry: Entry, view: Viewpoint): Bundle<FhirResource> => {
  const { state } = entry;
  const tasks = tasksConcerned(entry, state);
  const warning = notNotifiedWarning(entry, view);
  const id = uuidOf('response', entry.mission, String(entry.number));
  return {
    resourceType: 'Bundle',
    id: uuidOf('response Bundle', entry.mission, String(entry.number)),
    meta: { lastUpdated: entry.receivedAt, ...securityOf(entry.exercise) },
    type: 'message',
    timestamp: entry.receivedAt,
    entry: [
      {
        fullUrl: `urn:uuid:${id}`,
        resource: {
          resourceType: 'MessageHeader',
          id,
          eventCoding: { system: systems.event, code: eventCodeOf(knownMessageType(entry.event)) },
          source: { name: 'luftbro', software: 'luftbro', endpoint: `${view.base}/$process-message` },
          response: {
            identifier: entry.messageId,
            code: 'ok',
            ...(warning === undefined ? {} : { details: { reference: warning.fullUrl } }),
          },
          focus: [
            {
              ...subjectOf(entry),
              display: `version ${entry.number}`,
            },
            ...tasks.map((task) => ({ reference: `${view.base}/Task/${task.id}`, type: 'Task' })),
          ],
        },
      },
      ...tasks.map((task) => ({
        fullUrl: `${view.base}/Task/${task.id}`,
        resource: taskResource(task, state, view),
      })),
      ...(warning === undefined ? [] : [warning]),
    ],
  };
};
