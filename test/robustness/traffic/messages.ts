import { digestOf, type Message, parseWithDigits, type Parts } from '../history.ts';
import { type Client, organisationOf } from './parties.ts';

/** Messages as a vendor writes them from the pages of `docs/messages/`. */

const base = 'https://luftbro.example/fhir';
const organisationSystem = 'urn:oid:2.16.578.1.12.4.1.4.101';

export interface Draft {
  readonly client: Client;
  readonly text: string;
  readonly message: Message;
}

interface Resource {
  readonly resourceType: string;
  readonly [element: string]: unknown;
}

interface Content {
  readonly client: Client;
  readonly id: string;
  readonly event: string;
  readonly receiver?: Client;
  readonly mission?: string;
  readonly author?: string;
  /** Names of the resources are derived from the id of the message. The first one is the focus. */
  readonly resources: readonly Resource[];
  readonly known?: Partial<Message>;
}

/** A name for a resource of a message, the same whenever the message is written. */
const nameOf = (id: string, index: number): string => `urn:uuid:${id.slice(0, -4)}${(index + 4096).toString(16)}`;

const endpointOf = (client: Client): string => `https://${client}.example/fhir`;

/** The resources of a Bundle, each with its digest. */
export const partsIn = (text: string): Parts => {
  const bundle = parseWithDigits(text);
  if (typeof bundle !== 'object' || bundle === null || !('entry' in bundle) || !Array.isArray(bundle.entry)) return {};
  return Object.fromEntries(
    bundle.entry.flatMap((entry: { readonly fullUrl?: string; readonly resource?: unknown }) =>
      entry.fullUrl === undefined || entry.resource === undefined ? [] : [[entry.fullUrl, digestOf(entry.resource)]],
    ),
  );
};

const draft = ({ client, id, event, receiver, mission, author, resources, known }: Content): Draft => {
  const header = {
    resourceType: 'MessageHeader',
    id,
    eventCoding: { system: `${base}/CodeSystem/message-event`, code: event },
    source: { endpoint: endpointOf(client) },
    ...(receiver === undefined
      ? {}
      : {
          destination: [
            {
              endpoint: endpointOf(receiver),
              receiver: { identifier: { system: organisationSystem, value: organisationOf(receiver) } },
            },
          ],
        }),
    ...(author === undefined ? {} : { author: { reference: nameOf(id, resources.length - 1) } }),
    focus: [
      ...(mission === undefined ? [] : [{ identifier: { system: `${base}/sid/mission`, value: mission } }]),
      ...(resources[0]?.resourceType === 'Observation' || resources.length === 0 ? [] : [{ reference: nameOf(id, 0) }]),
    ],
  };
  const text = JSON.stringify({
    resourceType: 'Bundle',
    type: 'message',
    timestamp: new Date().toISOString(),
    entry: [
      { fullUrl: `urn:uuid:${id}`, resource: header },
      ...resources.map((resource, index) => ({ fullUrl: nameOf(id, index), resource })),
    ],
  });
  return {
    client,
    text,
    message: {
      id,
      event,
      ...(mission === undefined ? {} : { mission }),
      ...(receiver === undefined ? {} : { receiver: organisationOf(receiver) }),
      ...known,
      parts: partsIn(text),
    },
  };
};

const person = (client: Client, name: string): Resource => ({
  resourceType: 'PractitionerRole',
  practitioner: { display: name },
  organization: { identifier: { system: organisationSystem, value: organisationOf(client) } },
  code: [{ text: 'Fartøysjef (oppdiktet)' }],
});

const observation = (value: number, note: string): Resource => ({
  resourceType: 'Observation',
  status: 'preliminary',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
  valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
  note: [{ text: note }],
});

const coded = (system: string, code: string) => ({ coding: [{ system: `${base}/CodeSystem/${system}`, code }] });

export const missionRequest = (
  client: Client,
  { id, coordinator, priority }: { readonly id: string; readonly coordinator: Client; readonly priority: string },
): Draft =>
  draft({
    client,
    id,
    event: 'mission-request',
    receiver: coordinator,
    known: { priority },
    resources: [
      {
        resourceType: 'ServiceRequest',
        status: 'active',
        intent: 'order',
        priority,
        subject: { display: 'Not identified yet' },
        reasonCode: [coded('mission-criterion', 'time-to-definitive-care')],
        locationReference: [{ reference: nameOf(id, 1) }],
      },
      { resourceType: 'Location', position: { latitude: 60.8, longitude: 11.1 } },
      observation(88, 'Oppdiktet'),
    ],
  });

export const missionUpdate = (
  client: Client,
  {
    id,
    mission,
    value,
    note,
  }: { readonly id: string; readonly mission: string; readonly value: number; readonly note: string },
): Draft => draft({ client, id, event: 'mission-update', mission, resources: [observation(value, note)] });

export const acknowledgement = (
  client: Client,
  { id, mission, task }: { readonly id: string; readonly mission: string; readonly task: string },
): Draft =>
  draft({
    client,
    id,
    event: 'acknowledgement',
    mission,
    known: { task },
    resources: [{ resourceType: 'Task', id: task, status: 'received', intent: 'order' }],
  });

export const resourceRequest = (
  client: Client,
  { id, mission, operator }: { readonly id: string; readonly mission: string; readonly operator: Client },
): Draft =>
  draft({
    client,
    id,
    event: 'resource-request',
    mission,
    receiver: operator,
    resources: [
      { resourceType: 'Task', status: 'requested', intent: 'order', code: coded('resource-kind', 'helicopter') },
    ],
  });

export const resourceResponse = (
  client: Client,
  {
    id,
    mission,
    task,
    answer,
  }: { readonly id: string; readonly mission: string; readonly task: string; readonly answer: 'accepted' | 'declined' },
): Draft =>
  draft({
    client,
    id,
    event: 'resource-response',
    mission,
    author: 'Rask Rotor',
    known: { task, answer },
    resources: [
      {
        resourceType: 'Task',
        id: task,
        status: answer === 'accepted' ? 'accepted' : 'rejected',
        businessStatus: coded('resource-answer', answer),
        intent: 'order',
        ...(answer === 'accepted'
          ? {
              output: [
                { type: coded('task-detail', 'eta'), valueDateTime: new Date(Date.now() + 1_800_000).toISOString() },
              ],
            }
          : { statusReason: { ...coded('refusal-reason', 'weather'), text: 'Skydekket er for lavt (oppdiktet)' } }),
      },
      person(client, 'Rask Rotor'),
    ],
  });

export const missionCancel = (
  client: Client,
  { id, mission }: { readonly id: string; readonly mission: string },
): Draft =>
  draft({
    client,
    id,
    event: 'mission-cancel',
    mission,
    resources: [
      {
        resourceType: 'ServiceRequest',
        status: 'revoked',
        intent: 'order',
        subject: { display: 'Not identified yet' },
        reasonCode: [{ ...coded('cancel-reason', 'other-transport'), text: 'Bilambulanse (oppdiktet)' }],
      },
    ],
  });
