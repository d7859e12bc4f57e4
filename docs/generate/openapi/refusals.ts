import { codesOf } from '../../../schemas/codes.ts';
import { type FaultCode, faults, operationOutcome, retryAfterOf } from '../../../schemas/faults.ts';
import { fhirJson } from '../../../schemas/names.ts';
import { exampleRef, headerRef, type Node, schemaRef } from './node.ts';

/** The refusals of the hub by status, from the catalogue of faults. */

/** Properties of an operation on which its refusals depend. */
export type Trait =
  /** Takes a body. */
  | 'body'
  /** Needs a token. */
  | 'caller'
  /** Takes a message. */
  | 'message'
  /** Takes a Subscription. */
  | 'subscription'
  /** Changes a Subscription. */
  | 'change'
  /** Has the address of one resource, or searches within one mission. */
  | 'address'
  /** Takes parameters. */
  | 'search'
  /** Reads resources that only some roles may see. */
  | 'roles'
  /** Reads resources that only their owner may see. */
  | 'owner';

/** Where a fault may be answered; `any`: by every operation. */
const answeredBy: Readonly<Record<FaultCode, readonly (Trait | 'any')[]>> = {
  'bad-request': ['any'],
  'not-json': ['body'],
  'not-utf-8': ['body'],
  'repeated-name': ['body'],
  'reserved-name': ['body'],
  'not-unicode': ['body'],
  'not-a-message': ['message'],
  'too-deep': ['body'],
  'too-large': ['any'],
  'too-many-entries': ['message'],
  'not-acceptable': ['any'],
  'wrong-content-type': ['body'],
  'unsupported-option': ['any'],
  'unknown-event': ['message'],
  'missing-field': ['message', 'subscription'],
  'wrong-field': ['message', 'subscription'],
  contradiction: ['message'],
  'changed-meaning': ['message'],
  'unresolved-reference': ['message'],
  'reserved-address': ['message'],
  'unknown-resource-type': ['message'],
  'impossible-coordinates': ['message'],
  'swapped-coordinates': ['message'],
  'unknown-organisation': ['message'],
  'wrong-sender': ['message'],
  'unknown-task': ['message'],
  'message-id-reused': ['message'],
  'bundle-id-reused': ['message'],
  'exercise-mismatch': ['message'],
  'unknown-code': ['message'],
  'no-coordinator': ['message'],
  'same-decider': ['message'],
  'illegal-transition': ['message'],
  'precondition-required': ['message'],
  'version-conflict': ['message', 'subscription', 'change'],
  'several-matches': ['subscription'],
  'forbidden-role': ['message', 'roles'],
  'forbidden-relation': ['message', 'owner'],
  'unknown-caller': ['caller'],
  'unknown-unit': ['caller'],
  'supplier-not-granted': ['caller'],
  'missing-scope': ['caller'],
  unauthenticated: ['caller'],
  'not-found': ['message', 'address'],
  // Answered where no operation is, beside those that are.
  'unknown-address': ['address'],
  'method-not-allowed': ['address'],
  'unknown-search': ['search'],
  'wrong-id': ['change'],
  'unsupported-subscription': ['subscription', 'change'],
  'refused-endpoint': ['subscription'],
  'too-many-requests': ['any'],
  'storage-unavailable': ['any'],
  closed: ['caller'],
  'identity-unavailable': ['caller'],
  contended: ['message', 'change'],
  timeout: ['any'],
  internal: ['any'],
};

/** When the function behind API Gateway fails without an answer; the code is `internal`. */
const badGateway = 502;

interface Refused {
  readonly status: string;
  readonly name: string;
  readonly response: Node;
}

const everyCode = codesOf(faults);
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row).join('\n');

/** Escapes Markdown: `__proto__` would be rendered in bold. */
const asWritten = (text: string): string => text.replaceAll(/[\\`*_<>|[\]]/g, String.raw`\$&`);

/** A table of all codes with what to do, ordered by status. */
export const refusalTable = (): string =>
  table(
    ['status', 'code', 'side that acts', 'what to do'],
    everyCode
      .toSorted((one, other) => faults[one].status - faults[other].status)
      .map((code) => [
        String(faults[code].status),
        `\`${code}\``,
        faults[code].origin === 'hub' ? 'hub operations team' : 'the sender',
        asWritten(faults[code].text),
      ]),
  );

/** Place and particulars of a fault, as in an answer of the hub. */
const details: Readonly<Partial<Record<FaultCode, { readonly at?: string; readonly detail?: string }>>> = {
  'missing-field': {
    at: 'Bundle.entry[1].resource.priority',
    detail: 'is missing: give the urgency as one of stat, urgent, routine',
  },
  'wrong-field': { at: 'Bundle.entry[1].resource.status', detail: 'must be "active" in a request' },
  'swapped-coordinates': { at: 'Bundle.entry[6].resource.position' },
  'wrong-sender': {
    at: 'Bundle.entry[0].resource.sender',
    detail: 'names an organisation that is not yours: leave it out, or give 311000012',
  },
  'missing-scope': { at: 'http.Authorization', detail: 'luftbro/request.send' },
  'unknown-search': {
    at: 'http.owner',
    detail: 'give owner=Organization/<your organisation number>, or based-on=ServiceRequest/<mission>',
  },
  'version-conflict': { at: 'http.If-Match' },
  'several-matches': { at: 'http.If-None-Exist' },
  'wrong-content-type': { at: 'http.Content-Type' },
  'refused-endpoint': { at: 'Subscription.channel.endpoint', detail: 'must be https' },
};

const correlationId = '0b9a4d6e-58c7-4f3a-9d51-2a6f0c1e7b34';

/** One example for each code: `components.examples`. */
export const refusalExamples = (): Node =>
  Object.fromEntries(
    everyCode.map((code) => [
      code,
      { summary: code, value: operationOutcome([{ code, ...details[code] }], correlationId) },
    ]),
  );

const headersOf = (status: number, code: FaultCode): Node => ({
  'X-Correlation-Id': headerRef('X-Correlation-Id'),
  ...(retryAfterOf(code) === undefined ? {} : { 'Retry-After': headerRef('Retry-After') }),
  ...(status === 401 ? { 'WWW-Authenticate': headerRef('WWW-Authenticate') } : {}),
  ...(status === 409 || status === 412 || status === 428 ? { ETag: headerRef('ETag') } : {}),
});

const refusal = (status: number, codes: readonly FaultCode[]): Node => ({
  description: codes.map((code) => `- \`${code}\`: ${asWritten(faults[code].text)}`).join('\n'),
  headers: Object.assign({}, ...codes.map((code) => headersOf(status, code))),
  content: {
    [fhirJson]: {
      schema: schemaRef('OperationOutcome'),
      examples: Object.fromEntries(codes.map((code) => [code, exampleRef(code)])),
    },
  },
});

const other = {
  description: 'Any other status comes from the gateway in front of the hub; the answer is an OperationOutcome too.',
  headers: { 'X-Correlation-Id': headerRef('X-Correlation-Id') },
  content: { [fhirJson]: { schema: schemaRef('OperationOutcome') } },
};

const isAnsweredBy = (code: FaultCode, traits: readonly Trait[]): boolean =>
  answeredBy[code].some((one) => one === 'any' || traits.includes(one));

/** The refusals of an operation by status. Each name lists the traits that cause it. */
const refusalsOf = (traits: readonly Trait[]): readonly Refused[] => {
  const codes = everyCode.filter((code) => isAnsweredBy(code, traits));
  const statuses = [...new Set(codes.map((code) => faults[code].status))].toSorted((one, another) => one - another);
  const byStatus = statuses.map((status) => {
    const ofIt = codes.filter((code) => faults[code].status === status);
    const from = traits.filter((trait) => ofIt.some((code) => answeredBy[code].includes(trait)));
    return { status: String(status), name: [status, ...from.toSorted()].join('.'), response: refusal(status, ofIt) };
  });
  return [
    ...byStatus,
    { status: String(badGateway), name: String(badGateway), response: refusal(badGateway, ['internal']) },
    { status: 'default', name: 'other', response: other },
  ];
};

/** The refusals of an operation: `responses`. */
export const refusals = (traits: readonly Trait[]): Node =>
  Object.fromEntries(
    refusalsOf(traits).map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
  );

/** All refusals of operations with these traits: `components.responses`. */
export const refusalResponses = (operations: readonly (readonly Trait[])[]): Node => {
  const responses = new Map(operations.flatMap(refusalsOf).map(({ name, response }) => [name, response] as const));
  return Object.fromEntries([...responses].toSorted(([one], [another]) => one.localeCompare(another)));
};
