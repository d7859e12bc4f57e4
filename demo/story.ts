import { messageFrom, type Play } from './messages.ts';
import { systems } from '../schemas/names.ts';
import type { Heard, Partner } from './partner.ts';

/** Who reacts to what: the mission of `examples/`, carried on until the patient is handed over. */

export interface Cast {
  readonly amk: Partner;
  readonly coordinator: Partner;
  readonly operator: Partner;
  readonly hospital: Partner;
}

interface Resource {
  resourceType: string;
  output?: unknown[];
  sender?: unknown;
  destination?: unknown;
}

/** Changes the first resource of a type in a message. */
const changing =
  (type: string, change: (resource: Resource) => void) =>
  (text: string): string => {
    const bundle: { entry: { resource: Resource }[] } = JSON.parse(text);
    const found = bundle.entry.find(({ resource }) => resource.resourceType === type)?.resource;
    if (found !== undefined) change(found);
    return JSON.stringify(bundle);
  };

/** A report of flight phases, each with the time it was seen. */
const reporting = (...seen: readonly string[]) =>
  changing('Task', (task) => {
    task.output = seen.map((code, index) => ({
      type: { coding: [{ system: systems.flightPhase, code }] },
      valueDateTime: new Date(Date.now() - (seen.length - index) * 60_000).toISOString(),
    }));
  });

/** The example is the AMK LA's acknowledgement; another party signs with its own name. */
const signedBy = (partner: Partner) =>
  changing('MessageHeader', (header) => {
    header.sender = {
      type: 'Organization',
      identifier: { system: systems.organisationNumber, value: partner.organisation },
    };
    delete header.destination;
  });

const countOf = (partner: Partner, event: string): number =>
  partner.heard.filter((heard) => heard.event === event).length;

/** Lets the partners act, and resolves when the hospital has accepted, the flight has ended and everybody has heard of it. */
export const play = ({ amk, coordinator, operator, hospital }: Cast, startedAt: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const send = (who: Partner, example: string, how: Play): Promise<string> =>
      who.send(example, messageFrom(example, startedAt, how));
    let flight = '';

    coordinator.react = async ({ event, mission, task }: Heard) => {
      if (event === 'mission-request' && task !== undefined) {
        await send(coordinator, 'acknowledgement', { mission, task });
        await send(coordinator, 'mission-decision', { mission, task });
        await send(coordinator, 'resource-request', { mission });
      }
    };
    operator.react = async ({ event, mission, task }: Heard) => {
      if (event === 'resource-request' && task !== undefined) {
        flight = task;
        await send(operator, 'acknowledgement', { mission, task, change: signedBy(operator) });
        await send(operator, 'resource-response', { mission, task });
        await send(operator, 'resource-status', { mission, task });
        await send(operator, 'prearrival-notification', { mission, task, exampleTask: 4 });
      }
      if (event === 'prearrival-response') {
        await send(operator, 'resource-status', {
          mission,
          task: flight,
          change: reporting('on-scene', 'patient-contact'),
        });
      }
      if (event === 'mission-update') {
        const change = reporting('departed-scene', 'arrived-at-destination', 'handed-over');
        await send(operator, 'resource-status', { mission, task: flight, change });
      }
    };
    hospital.react = async ({ event, mission, task }: Heard) => {
      if (event === 'prearrival-notification' && task !== undefined) {
        await send(hospital, 'acknowledgement', { mission, task, change: signedBy(hospital) });
        await send(hospital, 'prearrival-response', { mission, task });
      }
      if (event === 'resource-status' && countOf(hospital, event) === 2) resolve(mission);
    };
    amk.react = async ({ event, mission }: Heard) => {
      if (event === 'resource-status' && countOf(amk, event) === 2) {
        await send(amk, 'mission-update', { mission });
      }
    };
    send(amk, 'mission-request', {}).catch(reject);
  });
