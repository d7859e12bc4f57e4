import type { Bundle, FhirResource } from 'fhir/r4.d.ts';
import { uuidOf } from '../../schemas/identifiers.ts';
import { eventCodeOf, knownMessageType } from '../../schemas/messages/catalogue.ts';
import { destinationPath } from '../../schemas/reading/fhir-paths.ts';
import { systems } from '../../schemas/names.ts';
import { type Warning, warningOutcome } from '../../schemas/warnings.ts';
import { tasksConcerned } from '../mission/recipients.ts';
import type { Entry } from '../mission/state.ts';
import { securityOf, type Viewpoint } from './fhir.ts';
import { taskResource } from './task.ts';

/** Organisations that the sender addressed and that the mission does not concern now. */
const notPartiesWarning = ({ notParties }: Entry, { directory }: Viewpoint): readonly Warning[] =>
  notParties.length === 0
    ? []
    : [
        {
          code: 'not-a-party',
          at: destinationPath,
          detail: notParties.map((organisation) => directory.partyOf(organisation)?.name ?? organisation).join(', '),
        },
      ];

/** The subject of the log: a mission, or a resource by its call sign. */
const subjectOf = ({ mission, state: { readiness } }: Entry) =>
  readiness === undefined
    ? { type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } }
    : { type: 'Location', identifier: { system: systems.resource, value: readiness.resource } };

/**
 * The answer to an accepted message: a FHIR R4 message that names the exact message answered.
 * Derived from the entry, so the same message sent again, also days later, gets the same answer; only `more`, the warnings
 * about what the hub cannot do now, may differ.
 */
export const responseMessage = (entry: Entry, view: Viewpoint, more: readonly Warning[] = []): Bundle<FhirResource> => {
  const { state } = entry;
  const tasks = tasksConcerned(entry, state);
  const [first, ...others] = [...notPartiesWarning(entry, view), ...more];
  const warned =
    first === undefined
      ? undefined
      : {
          fullUrl: `urn:uuid:${uuidOf('response details', entry.mission, String(entry.number))}`,
          resource: warningOutcome([first, ...others]),
        };
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
            ...(warned === undefined ? {} : { details: { reference: warned.fullUrl } }),
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
      ...(warned === undefined ? [] : [warned]),
    ],
  };
};
