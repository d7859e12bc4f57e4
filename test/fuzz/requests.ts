import { type Arbitrary, array, constantFrom, dictionary, nat, oneof, option, record, tuple } from 'fast-check';
import { publishedTypes } from '../../schemas/published/types.ts';
import { type Plan, plan, word } from './inputs.ts';

/** Requests for the fuzz run: to every route, with every kind of path, parameters, headers and bodies. */

export interface FuzzRequest {
  readonly method: string;
  /** Segments of the path below `/fhir/`, before encoding. */
  readonly parts: readonly string[];
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Plan;
  /** Selects one of the sample's clients. */
  readonly client: number;
}

const contentTypes = constantFrom(
  'application/fhir+json',
  'application/json',
  'application/fhir+json; charset=utf-8',
  'APPLICATION/JSON ; x=y',
);
const usual = { 'content-type': 'application/fhir+json' };
const headerNames = [
  'content-type',
  'content-encoding',
  'if-match',
  'if-none-match',
  'accept',
  'x-correlation-id',
  'x-request-id',
  'traceparent',
  'prefer',
  'range',
  'x-http-method-override',
  '__proto__',
  'constructor',
];
const headers: Arbitrary<Readonly<Record<string, string>>> = oneof(
  { weight: 8, arbitrary: contentTypes.map((type) => ({ 'content-type': type })) },
  {
    weight: 2,
    arbitrary: dictionary(constantFrom(...headerNames), word, { maxKeys: 3, noNullPrototype: true }).map((some) => ({
      ...usual,
      ...some,
    })),
  },
);

const message: Arbitrary<FuzzRequest> = record({
  method: constantFrom('POST'),
  parts: constantFrom(['$process-message'], ['$process-message'], ['$process-message'], ['$validate']),
  query: constantFrom([]),
  headers,
  body: plan,
  client: nat(1_000),
});

const types = [
  'Task',
  'ServiceRequest',
  'Communication',
  'Location',
  'Organization',
  'Provenance',
  'AuditEvent',
  'Endpoint',
  'Bundle',
  'Patient',
  'Subscription',
  'metadata',
  ...publishedTypes,
];
const parts: Arbitrary<readonly string[]> = tuple(
  oneof({ weight: 5, arbitrary: constantFrom(...types) }, { weight: 1, arbitrary: word }),
  option(word, { nil: undefined, freq: 2 }),
  option(oneof(constantFrom('$history', '_history', '$status', '$events', '$rotate-secret', '$x'), word), {
    nil: undefined,
    freq: 3,
  }),
).map(([type, id, operation]) =>
  id === undefined ? [type] : [type, id, ...(operation === undefined ? [] : [operation])],
);
const parameterNames = [
  'owner',
  'status',
  'based-on',
  'part-of',
  'requisition',
  'type',
  'operational-status',
  'organization',
  'name',
  'name:contains',
  'target',
  'entity',
  'url',
  'version',
  '_count',
  '_cursor',
  '_format',
  '_security',
  '_id',
  'criteria',
  'eventsSinceNumber',
  'eventsUntilNumber',
  'content',
  'overlap',
  'id',
  'owner:identifier',
  '_revinclude',
  '__proto__',
];
const query = array(tuple(constantFrom(...parameterNames), word), { maxLength: 4 });

const reading: Arbitrary<FuzzRequest> = record({
  method: constantFrom('GET'),
  parts,
  query,
  headers,
  client: nat(1_000),
});

const subscription: Arbitrary<FuzzRequest> = record(
  {
    method: constantFrom('POST', 'POST', 'PUT', 'GET', 'DELETE'),
    parts: oneof(
      { weight: 3, arbitrary: constantFrom(['Subscription']) },
      {
        weight: 2,
        arbitrary: tuple(word, option(constantFrom('$status', '$events', '$rotate-secret'), { nil: undefined })).map(
          ([id, operation]) => ['Subscription', id, ...(operation === undefined ? [] : [operation])],
        ),
      },
    ),
    query,
    headers,
    body: plan,
    client: nat(1_000),
  },
  { requiredKeys: ['method', 'parts', 'query', 'headers', 'client'] },
);

export const requests: Arbitrary<FuzzRequest> = oneof(
  { weight: 6, arbitrary: message },
  { weight: 2, arbitrary: reading },
  { weight: 2, arbitrary: subscription },
);
