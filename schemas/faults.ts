import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.d.ts';
import { defined } from './defined.ts';
import { systems } from './names.ts';

type FaultOrigin = 'sender' | 'hub';

interface FaultKind {
  /** HTTP status the fault is answered with. */
  readonly status: number;
  /** FHIR IssueType (http://hl7.org/fhir/issue-type). */
  readonly type: OperationOutcomeIssue['code'];
  /** Who has to act: the sender corrects the message, the hub's people correct the hub. */
  readonly origin: FaultOrigin;
  /** What it means and what to do, without anything from the message. */
  readonly text: string;
}

/** Every refusal the hub can give. Codes are stable: partners program against them. */
export const faults = {
  'bad-request': {
    status: 400,
    type: 'invalid',
    origin: 'sender',
    text: 'The request cannot be understood as HTTP to this hub. Compare it with the API reference or GET /fhir/metadata.',
  },
  'not-json': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'The body is not JSON. Send one JSON document in UTF-8.',
  },
  'not-utf-8': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'The body is not UTF-8. Send UTF-8, as FHIR JSON is always written.',
  },
  'repeated-name': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'A JSON object has two members of the same name, of which one reader takes the first and another the last. Give each name once.',
  },
  'reserved-name': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'A member of the JSON is called "__proto__", "constructor" or "prototype". No element of FHIR is. Leave it out.',
  },
  'not-unicode': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'A string of the JSON holds NUL (\\u0000) or half a character (a surrogate without its pair, as when a text is cut). Leave it out.',
  },
  'not-a-message': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'The body is not a FHIR R4 message: send a Bundle of type "message" whose first entry is a MessageHeader.',
  },
  'too-deep': {
    status: 400,
    type: 'too-costly',
    origin: 'sender',
    text: 'The JSON is nested deeper than 64 levels. Flatten it.',
  },
  'too-large': {
    status: 413,
    type: 'too-long',
    origin: 'sender',
    text: 'The body is larger than 256 KiB. Send large attachments by reference (Attachment.url).',
  },
  'too-many-entries': {
    status: 422,
    type: 'too-costly',
    origin: 'sender',
    text: 'The Bundle has more than 500 entries. Send what the receivers need now, the rest in further messages or by reference.',
  },
  'not-acceptable': {
    status: 406,
    type: 'not-supported',
    origin: 'sender',
    text: 'The hub answers in JSON (application/fhir+json), and Accept or _format rules that out. Accept JSON.',
  },
  'wrong-content-type': {
    status: 415,
    type: 'not-supported',
    origin: 'sender',
    text: 'Send Content-Type: application/fhir+json (or application/json), in UTF-8 and not compressed.',
  },
  'unknown-event': {
    status: 422,
    type: 'not-supported',
    origin: 'sender',
    text: 'The event is not one the hub knows. GET /fhir/metadata lists them.',
  },
  'missing-field': { status: 422, type: 'required', origin: 'sender', text: 'Something the hub routes by is missing.' },
  'wrong-field': {
    status: 422,
    type: 'value',
    origin: 'sender',
    text: 'Something the hub routes by has a value that cannot be used.',
  },
  'impossible-coordinates': {
    status: 422,
    type: 'value',
    origin: 'sender',
    text: 'The position is not a place on earth that the service covers. Give WGS84 decimal degrees.',
  },
  'swapped-coordinates': {
    status: 422,
    type: 'value',
    origin: 'sender',
    text: 'Latitude and longitude seem to be swapped. Give latitude north and longitude east, WGS84 decimal degrees.',
  },
  'unknown-organisation': {
    status: 422,
    type: 'not-found',
    origin: 'sender',
    text: 'The organisation is not in the directory. Give its organisation number (ENH) as known to the hub.',
  },
  'wrong-sender': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'The message says that it is from another organisation than the one that sends it. Name your own, one of its units or the legal entity above it, or leave it out.',
  },
  'unknown-task': {
    status: 422,
    type: 'not-found',
    origin: 'sender',
    text: 'The mission has no such Task. Read Task?owner=… for the Tasks that wait for you.',
  },
  'message-id-reused': {
    status: 422,
    type: 'duplicate',
    origin: 'sender',
    text: 'A message with this MessageHeader.id and another content was accepted before. A new message needs a new id.',
  },
  'bundle-id-reused': {
    status: 422,
    type: 'duplicate',
    origin: 'sender',
    text: 'A Bundle with this id and another MessageHeader.id was accepted before. Each new Bundle needs a new id.',
  },
  'exercise-mismatch': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'Exercise and real missions never mix: the message and its mission must both carry the security label HTEST, or neither.',
  },
  'unknown-code': {
    status: 422,
    type: 'code-invalid',
    origin: 'sender',
    text: 'The code is not one of the guideline that the mission was requested under. GET /fhir/CodeSystem lists the versions.',
  },
  'no-coordinator': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'No AMK LA can be found for the request. Name the AMK LA as receiver.',
  },
  'same-decider': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'A request under review is decided by another person than the one who rejected it. Let a colleague decide.',
  },
  'illegal-transition': {
    status: 409,
    type: 'conflict',
    origin: 'sender',
    text: 'The mission is not in a state that allows this. Read the mission and decide anew.',
  },
  'precondition-required': {
    status: 428,
    type: 'conflict',
    origin: 'sender',
    text: 'This overturns what was decided before. Read the mission, decide anew, and send its version in If-Match.',
  },
  'version-conflict': {
    status: 412,
    type: 'conflict',
    origin: 'sender',
    text: 'The mission has changed since the version in If-Match. Read it and decide anew.',
  },
  'forbidden-role': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: "Your organisation's role may not do this.",
  },
  'forbidden-relation': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: 'Only the party that this concerns may do it.',
  },
  'unknown-caller': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: "The token is valid, but its organisation number is not in the directory. Ask the hub's operators to add it.",
  },
  'unknown-unit': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: "The token is valid, but the directory does not know its child organisation number under its parent number. Ask the hub's operators to add it.",
  },
  'supplier-not-granted': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: "The token is valid, but its supplier may not act for this organisation. The organisation asks the hub's operators to grant it.",
  },
  'missing-scope': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: 'The token lacks the scope that is named in diagnostics. Ask the token issuer for a token with it.',
  },
  unauthenticated: {
    status: 401,
    type: 'login',
    origin: 'sender',
    text: 'A valid access token is needed, and if it is bound to a key a new proof of that key for this very request (DPoP, RFC 9449). Get a new token from the token issuer, make a new proof, and see WWW-Authenticate for the scheme.',
  },
  'not-found': { status: 404, type: 'not-found', origin: 'sender', text: 'There is nothing here that you may see.' },
  'unknown-search': {
    status: 400,
    type: 'not-supported',
    origin: 'sender',
    text: 'This search is not supported. GET /fhir/metadata lists the searches and their parameters.',
  },
  'wrong-id': {
    status: 400,
    type: 'invalid',
    origin: 'sender',
    text: 'The id in the body is not the one in the address. Send the resource with the id it has.',
  },
  'unsupported-subscription': {
    status: 422,
    type: 'not-supported',
    origin: 'sender',
    text: 'The Subscription asks for something that the hub does not offer.',
  },
  'refused-endpoint': {
    status: 422,
    type: 'security',
    origin: 'sender',
    text: 'Notifications are not sent to this address. Give a public https URL without user name or password.',
  },
  'too-many-requests': {
    status: 429,
    type: 'throttled',
    origin: 'sender',
    text: 'Too many requests. Wait as long as Retry-After says and send the same message again.',
  },
  'storage-unavailable': {
    status: 503,
    type: 'transient',
    origin: 'hub',
    text: 'The hub cannot reach its storage. Nothing is known to be stored; send the same message again, with the same id, after the time in Retry-After.',
  },
  closed: {
    status: 503,
    type: 'transient',
    origin: 'hub',
    text: 'The hub is closed while its people set it up, move or restore it. Nothing is stored; keep the message and send it again, with the same id, after the time in Retry-After. If diagnostics name another hub send it there. Phone until then.',
  },
  'identity-unavailable': {
    status: 503,
    type: 'transient',
    origin: 'hub',
    text: 'The hub cannot check tokens now. Nothing is stored; send the same message again, with the same id and a new proof, after the time in Retry-After.',
  },
  contended: {
    status: 503,
    type: 'lock-error',
    origin: 'hub',
    text: 'Many messages for this mission arrived at once and this one was not stored. Send the same message again, with the same id.',
  },
  timeout: {
    status: 504,
    type: 'timeout',
    origin: 'hub',
    text: 'The hub did not finish in time. Send the same message again, with the same id: it is stored at most once.',
  },
  internal: {
    status: 500,
    type: 'exception',
    origin: 'hub',
    text: "The hub failed. Send the same message again, with the same id; if it fails again, call the hub's operators and give the correlation id.",
  },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof faults;

/** One fault, where it is and what is special about it. Never carries personal data: `detail` names fields and codes only. */
export interface Fault {
  readonly code: FaultCode;
  /** FHIRPath of the faulty element, or `http.<header>` for something outside the body. */
  readonly at?: string;
  readonly detail?: string;
}

/** Refused input: at least one fault, the first decides the HTTP status. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly faults: readonly [Fault, ...Fault[]];
  /** Version of the mission that refused, for the `ETag` of the answer. */
  readonly version?: number;
  /** Seconds for `Retry-After`, if they are others than the fault's own. */
  readonly retryAfter?: number;
}

export const refuse = (code: FaultCode, at?: string, detail?: string, version?: number): Refusal => ({
  outcome: 'refused',
  faults: [defined({ code, at, detail })],
  ...defined({ version }),
});

export const isRefusal = (value: object): value is Refusal => 'outcome' in value && value.outcome === 'refused';

const issue = ({ code, at, detail }: Fault): OperationOutcomeIssue => {
  const kind: FaultKind = faults[code];
  return defined({
    severity: 'error' as const,
    code: kind.type,
    details: {
      coding: [
        { system: systems.fault, code },
        { system: systems.faultOrigin, code: kind.origin },
      ],
      text: kind.text,
    },
    diagnostics: detail,
    expression: at === undefined ? undefined : [at],
  });
};

/** Whoever mends so many asks again anyway; a body of nothing but faults would be answered with hundreds of times its size. */
const mostIssues = 50;

/**
 * FHIR R4 `OperationOutcome`: one issue per fault, fifty at the most, `details.coding` = stable code and origin,
 * `expression` = FHIRPath.
 */
export const operationOutcome = (list: readonly Fault[], correlationId?: string): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  ...defined({ id: correlationId }),
  issue: [
    ...list.slice(0, mostIssues).map(issue),
    ...(list.length > mostIssues
      ? [
          {
            severity: 'information' as const,
            code: 'incomplete' as const,
            diagnostics: `${list.length - mostIssues} more faults are not shown`,
          },
        ]
      : []),
  ],
});

export const statusOf = (refusal: Refusal): number => faults[refusal.faults[0].code].status;

/** Seconds after which a transient fault may be tried again, for `Retry-After`. */
export const retryAfterOf = (code: FaultCode): number | undefined => {
  // People open it again: that takes minutes.
  if (code === 'closed') return 30;
  const status: number = faults[code].status;
  return status === 429 || status === 503 || status === 504 ? 2 : undefined;
};
