import type * as z from 'zod';
import { resourceAvailabilities, resourceKinds } from '../codes.ts';
import { defined } from '../defined.ts';
import { location } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { codingsOf, oneOf, requiredCodeAmong } from './coded.ts';
import { callSign, placedConcepts } from './fields.ts';
import { type Context, missing, reject } from './issues.ts';
import { adviceOnSystem } from './system-names.ts';

/** The call sign of the resource, among the identifiers of its Location. */
const requiredCallSign = (context: Context, { identifier }: z.output<typeof location>): string | undefined => {
  const signs = (identifier ?? []).flatMap(({ system, value }, index) => {
    const path = ['identifier', index];
    const advice = system === undefined ? undefined : adviceOnSystem(system);
    if (advice !== undefined) reject(context, [...path, 'system'], advice);
    const sign = system === systems.resource ? callSign(context, value, path) : undefined;
    return sign === undefined ? [] : [{ value: sign, path }];
  });
  const read = oneOf(context, signs, { what: 'the call sign' });
  if (read.found === 'nothing') missing(context, ['identifier'], `give the call sign, system ${systems.resource}`);
  return read.value;
};

const schema = location.transform((resource, context): Facts => {
  const path = ['operationalStatus'];
  const availability = requiredCodeAmong(
    context,
    resource.operationalStatus === undefined ? [] : [{ value: resource.operationalStatus, path }],
    path,
    systems.resourceAvailability,
    resourceAvailabilities,
  );
  const kinds = placedConcepts(resource.type, ['type']).flatMap((kind) => codingsOf(kind.value, kind.path));
  const resourceKind = requiredCodeAmong(context, kinds, ['type'], systems.resourceKind, resourceKinds);
  return defined({ resource: requiredCallSign(context, resource), availability, resourceKind });
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
