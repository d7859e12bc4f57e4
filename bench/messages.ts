import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { uuidOf } from '../schemas/identifiers.ts';
import { missionTopic } from '../schemas/names.ts';

/** The messages of the bench: the first mission of `partner/examples/`, in its original size, any number of times with new ids. */
const fileText = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const clients = z
  .object({ clients: z.record(z.string(), z.object({ orgnr_parent: z.string() })) })
  .parse(JSON.parse(fileText('local/sample/clients.json'))).clients;

/** The organisation number of a client of the sample directory. */
export const organisationOf = (client: string): string => {
  const organisation = clients[client]?.orgnr_parent;
  if (organisation === undefined) throw new Error(`local/sample/clients.json names no ${client}`);
  return organisation;
};

const exampleMission = '615a28d9-e671-85b0-8bf8-11b64eeb6c62';
const bundleShape = z.object({ id: z.string(), entry: z.array(z.object({ resource: z.looseObject({}) })) });

export interface Step {
  /** File in `partner/examples/`, without its ending. */
  readonly example: string;
  /** Client id of the sender. */
  readonly sender: string;
}

/** The part of the first mission that the bench plays. */
export const steps = {
  request: { example: 'mission-request', sender: 'amk-innlandet' },
  acknowledgement: { example: 'acknowledgement', sender: 'amk-la-oslo' },
  decision: { example: 'mission-decision', sender: 'amk-la-oslo' },
  resourceRequest: { example: 'resource-request', sender: 'amk-la-oslo' },
  resourceResponse: { example: 'resource-response', sender: 'operator-lorenskog' },
  resourceStatus: { example: 'resource-status', sender: 'operator-lorenskog' },
  prearrival: { example: 'prearrival-notification', sender: 'operator-lorenskog' },
  prearrivalResponse: { example: 'prearrival-response', sender: 'hospital-ulleval' },
  update: { example: 'mission-update', sender: 'amk-innlandet' },
} as const satisfies Record<string, Step>;

/** The parties of the first mission, whose systems subscribe. */
export const listeners = ['amk-innlandet', 'amk-la-oslo', 'operator-lorenskog', 'hospital-ulleval', 'quality-register'];

const originals = new Map<string, string>();
const original = (example: string): string => {
  const known = originals.get(example) ?? fileText(`partner/examples/${example}.json`);
  originals.set(example, known);
  return known;
};

interface Wanted {
  /** Gives the message new ids; the same name gives the same ids. */
  readonly name?: string;
  /** The hub's id of the mission; the example's own by default. */
  readonly mission?: string;
  /** Client id of the AMK LA that receives the request instead of Oslo. */
  readonly coordinator?: string;
}

export const headerIdOf = (name: string): string => uuidOf('bench message', name);

/** An example's text, with changed ids, mission id and coordinator only. */
export const messageText = ({ example }: Step, { name, mission, coordinator }: Wanted = {}): string => {
  const text = original(example);
  const bundle = bundleShape.parse(JSON.parse(text));
  const header = String(bundle.entry[0]?.resource['id']);
  const renamed =
    name === undefined
      ? text
      : text.replaceAll(header, headerIdOf(name)).replaceAll(bundle.id, uuidOf('bench Bundle', name));
  const placed = mission === undefined ? renamed : renamed.replaceAll(exampleMission, mission);
  return coordinator === undefined
    ? placed
    : placed.replaceAll(organisationOf('amk-la-oslo'), organisationOf(coordinator));
};

/** The id that the hub assigns to the mission of a request. */
export const missionOf = (answer: string): string => {
  const mission = /"identifier":\{"system":"[^"]+","value":"([0-9a-f-]{36})"\}/.exec(answer)?.[1];
  if (mission === undefined) throw new Error(`the hub named no mission: ${answer.slice(0, 500)}`);
  return mission;
};

/** A `Subscription` to everything, `full-resource`, as a partner posts it. */
export const subscriptionText = (endpoint: string): string =>
  JSON.stringify({
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'bench',
    criteria: missionTopic,
    channel: {
      type: 'rest-hook',
      endpoint,
      payload: 'application/fhir+json',
      _payload: {
        extension: [
          {
            url: 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content',
            valueCode: 'full-resource',
          },
        ],
      },
    },
  });
