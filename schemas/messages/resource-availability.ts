import { resourceAvailabilities, resourceKinds } from '../codes.ts';
import { defined } from '../defined.ts';
import { location } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { callSign, missing, requiredCode } from './fields.ts';

const schema = location.transform((resource, context): Facts => {
  const identifier = resource.identifier?.find(({ system }) => system === systems.resource);
  const sign = callSign(context, identifier?.value, ['identifier']);
  if (sign === undefined) missing(context, ['identifier'], `give the call sign, system ${systems.resource}`);
  const availability = requiredCode(
    context,
    resource.operationalStatus === undefined ? undefined : { coding: [resource.operationalStatus] },
    ['operationalStatus'],
    systems.resourceAvailability,
    resourceAvailabilities,
  );
  const [first] = resource.type ?? [];
  const resourceKind = requiredCode(context, first, ['type'], systems.resourceKind, resourceKinds);
  return defined({ resource: sign, availability, resourceKind });
});

export const resourceAvailability = {
  event: 'resource-availability',
  code: 'resource-status',
  title: 'Availability of a resource',
  family: 'resource',
  purpose:
    'The operator reports whether a helicopter, aeroplane or car that is in no mission is free, and if not, why. The hub notifies every AMK LA, in all regions.',
  senders: ['operator'],
  relation: 'anyone-of-the-role',
  focus: { resource: 'Location', schema, location: { element: 'self', required: false } },
  elements: [
    { path: 'Location.identifier', required: 'always', what: 'The call sign, system `sid/resource`.' },
    { path: 'Location.type', required: 'always', what: 'The kind of resource.', codes: 'resource-kind' },
    {
      path: 'Location.operationalStatus',
      required: 'always',
      what: 'Whether it is free, and if not, why.',
      codes: 'resource-availability',
    },
    { path: 'Location.position', required: 'never', what: 'Where it is, WGS84 decimal degrees.' },
  ],
  log: 'resource',
  dated: true,
  legalIn: [],
  notifies: ['every-amk-la'],
  readableBy: ['amk-la', 'quality'],
  example: 'resource-availability.json',
} as const satisfies MessageType;
