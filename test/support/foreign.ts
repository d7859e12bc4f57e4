import { readFileSync } from 'node:fs';
import { uuidOf } from '../../schemas/identifiers.ts';
import { isObject, parseLossless } from '../../schemas/json/json.ts';
import { systems } from '../../schemas/names.ts';

/** Published message Bundles of another country, which nobody wrote with this hub in mind. */
export const foreignFiles = ['booking-request.json', 'validation-request.json'] as const;

export const foreignText = (file: (typeof foreignFiles)[number]): string =>
  readFileSync(new URL(`../fixtures/bars/${file}`, import.meta.url), 'utf8');

/** The text of a foreign message with only its MessageHeader entry replaced, by that of a `mission-update` of a mission. */
export const asMissionUpdate = (foreign: string, mission: string): string => {
  const bundle = parseLossless(foreign);
  const entries = isObject(bundle) ? bundle['entry'] : undefined;
  if (!isObject(bundle) || !Array.isArray(entries)) throw new Error('the foreign text is not a Bundle with entries');
  const id = uuidOf('foreign message', mission, foreign);
  const header = {
    resourceType: 'MessageHeader',
    id,
    eventCoding: { system: systems.event, code: 'mission-update' },
    source: { endpoint: 'https://partner.example/fhir' },
    focus: [{ type: 'ServiceRequest', identifier: { system: systems.mission, value: mission } }],
  };
  return JSON.stringify({
    ...bundle,
    entry: [{ fullUrl: `urn:uuid:${id}`, resource: header }, ...entries.slice(1)],
  });
};
