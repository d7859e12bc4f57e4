import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.d.ts';
import { defined } from './defined.ts';
import { systems } from './names.ts';

type FaultOrigin = 'sender' | 'hub';

interface FaultKind {
  /** HTTP status the fault is answered with. */
  readonly status: number;
  /** FHIR IssueType (http://hl7.org/fhir/issue-type). */
  readonly type: OperationOutcomeIssue['code'];
  /** The side that has to act: the sender corrects the message, the hub's operators correct the hub. */
  readonly origin: FaultOrigin;
  /** What is wrong, then what to do. Contains nothing from the message. */
  readonly text: string;
}

/** Every refusal of the hub. Codes are stable: partners program against them. */
export const faults = {
  'bad-request': {
    status: 400,
    type: 'invalid',
    origin: 'sender',
    text: 'The request is not valid HTTP for this hub. Compare it with the API reference or GET /fhir/metadata.',
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
    text: 'The body is not UTF-8. Send UTF-8: FHIR JSON is always UTF-8.',
  },
  'repeated-name': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'A JSON object has two members with the same name: one reader uses the first, another the last. Use each name once.',
  },
  'reserved-name': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'A JSON member has the name "__proto__", "constructor" or "prototype". No FHIR element has such a name. Remove it.',
  },
  'not-unicode': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'A JSON string has NUL (\\u0000) or half a character (an unpaired surrogate, as after cutting a text). Remove it.',
  },
  'not-a-message': {
    status: 400,
    type: 'structure',
    origin: 'sender',
    text: 'The body is not a FHIR R4 message. Send a Bundle of type "message" whose first entry is a MessageHeader.',
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
    text: 'The Bundle has more than 500 entries. Send what the receivers need now, and the rest in other messages or by reference.',
  },
  'not-acceptable': {
    status: 406,
    type: 'not-supported',
    origin: 'sender',
    text: 'The hub answers in JSON of FHIR R4 (application/fhir+json), and Accept or _format excludes it. Accept that.',
  },
  'wrong-content-type': {
    status: 415,
    type: 'not-supported',
    origin: 'sender',
    text: 'The content type is not supported. Send Content-Type: application/fhir+json (or application/json), FHIR R4 (fhirVersion=4.0), in UTF-8 and not compressed.',
  },
  'unsupported-option': {
    status: 400,
    type: 'not-supported',
    origin: 'sender',
    text: 'A header or parameter changes what the request means, and the hub does not act on it here. Nothing was done. Leave it out, or see diagnostics.',
  },
  'unknown-event': {
    status: 422,
    type: 'not-supported',
    origin: 'sender',
    text: 'The hub does not know the event. Use one of the events in GET /fhir/metadata.',
  },
  'missing-field': {
    status: 422,
    type: 'required',
    origin: 'sender',
    text: 'An element that the hub needs is missing: expression names it, diagnostics say what it must have. Add it, and send the message again; its id may stay the same.',
  },
  'wrong-field': {
    status: 422,
    type: 'value',
    origin: 'sender',
    text: 'An element has a value that the hub cannot use: expression names it, diagnostics say what is valid. Correct it, and send the message again; its id may stay the same.',
  },
  contradiction: {
    status: 422,
    type: 'invalid',
    origin: 'sender',
    text: 'The message gives two values where the hub acts on one, so two readers could act differently. Expression names both places. Give one value.',
  },
  'changed-meaning': {
    status: 422,
    type: 'not-supported',
    origin: 'sender',
    text: 'An element changes the meaning of what the hub reads (a FHIR modifier element), and the hub does not act on it. See diagnostics: remove the element, or send the message that diagnostics name.',
  },
  'unresolved-reference': {
    status: 422,
    type: 'not-found',
    origin: 'sender',
    text: 'The hub cannot tell who or what a reference means. Send the resource in the Bundle, or give an identifier that the hub knows.',
  },
  'reserved-address': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'The message has a resource in the name of the hub or of another party. Give your own resources addresses of your own (urn:uuid), and refer to those of others.',
  },
  'unknown-resource-type': {
    status: 422,
    type: 'structure',
    origin: 'sender',
    text: 'FHIR R4 has no resource of this type. Send a resource type of R4 (4.0.1).',
  },
  'impossible-coordinates': {
    status: 422,
    type: 'value',
    origin: 'sender',
    text: 'The position is outside the area of the service. Give WGS84 decimal degrees.',
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
    text: 'The directory does not have the organisation that expression names. Give its organisation number (ENH) as the directory has it: GET Organization lists the parties.',
  },
  'wrong-sender': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'The message names another organisation as sender than the one that sends it. Name your own, one of its units or the legal entity above it, or leave it out.',
  },
  'unknown-task': {
    status: 422,
    type: 'not-found',
    origin: 'sender',
    text: 'The mission has no such Task. Read Task?based-on=ServiceRequest/… and give the Task.id that the hub gave.',
  },
  'message-id-reused': {
    status: 422,
    type: 'duplicate',
    origin: 'sender',
    text: 'A message with this MessageHeader.id and other content was accepted before. To send it again after a lost answer, send the same bytes as the first time: you get the first answer. A message that says something new needs a new id.',
  },
  'bundle-id-reused': {
    status: 422,
    type: 'duplicate',
    origin: 'sender',
    text: 'A Bundle with this id and another MessageHeader.id was accepted before. To send a message again after a lost answer, keep both ids and send the same bytes. A message that says something new needs new ids.',
  },
  'exercise-mismatch': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'Exercises and real missions must not mix: diagnostics say which of them it is. Give the security label HTEST to every message of an exercise, and to no other.',
  },
  'unknown-code': {
    status: 422,
    type: 'code-invalid',
    origin: 'sender',
    text: 'The code is not in the guideline version of the mission. Use a code of that version: GET /fhir/CodeSystem lists the versions.',
  },
  'no-coordinator': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'The hub finds no AMK LA for the request. Name the AMK LA as receiver, or give the municipality of the place.',
  },
  'same-decider': {
    status: 422,
    type: 'business-rule',
    origin: 'sender',
    text: 'The person who rejected a request cannot decide its review. Let a colleague decide.',
  },
  'illegal-transition': {
    status: 409,
    type: 'conflict',
    origin: 'sender',
    text: 'The state of the mission does not allow this: diagnostics say why. Read the mission, and let a person decide again.',
  },
  'precondition-required': {
    status: 428,
    type: 'conflict',
    origin: 'sender',
    text: 'This reverses an earlier decision. Read the mission, decide again, and send its version in If-Match.',
  },
  'version-conflict': {
    status: 412,
    type: 'conflict',
    origin: 'sender',
    text: 'The mission or subscription has another version than the one in If-Match, or the one in If-None-Match. Read it and decide again.',
  },
  'several-matches': {
    status: 412,
    type: 'multiple-matches',
    origin: 'sender',
    text: 'If-None-Exist matches several resources of yours. Give criteria that match one, or end those that you do not need.',
  },
  'forbidden-role': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: "Your organisation's role does not allow this: diagnostics say which roles may. GET /fhir/metadata lists what each role may do.",
  },
  'forbidden-relation': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: 'Only certain parties of the mission may do this, and your organisation is not one of them. See diagnostics, and read the mission for its parties.',
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
    text: "The token is valid, but in the directory its child organisation number does not belong to its parent number. Ask the hub's operators to add it.",
  },
  'supplier-not-granted': {
    status: 403,
    type: 'forbidden',
    origin: 'sender',
    text: "The token is valid, but its supplier may not act for this organisation. Ask the organisation to have it granted by the hub's operators.",
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
    text: 'The request has no valid access token, or no new proof of the key that the token is bound to (DPoP, RFC 9449). Get a new token from the token issuer and make a new proof for this request; WWW-Authenticate names the scheme. To learn which check fails, GET check-token below the base URL with the same headers.',
  },
  'not-found': {
    status: 404,
    type: 'not-found',
    origin: 'sender',
    text: 'There is nothing here that your organisation may see. It does not exist, or it belongs to others, such as a mission of which you are no party; the hub does not say which. Check number and address. For access to a mission, phone the AMK LA that coordinates it.',
  },
  'unknown-address': {
    status: 404,
    type: 'not-supported',
    origin: 'sender',
    text: 'This FHIR R4 hub for air-ambulance missions has no such address or method. Its base URL ends in /fhir. GET metadata below it needs no token and lists everything. Messages are sent to its operation process-message.',
  },
  'method-not-allowed': {
    status: 405,
    type: 'not-supported',
    origin: 'sender',
    text: 'This address does not have the method; Allow names those that it has. Nothing was changed. Send what happens in a mission as a message: POST $process-message.',
  },
  'unknown-search': {
    status: 400,
    type: 'not-supported',
    origin: 'sender',
    text: 'The hub does not support this search, or a parameter or value of it: expression names it, diagnostics say what is possible. GET /fhir/metadata lists the searches and their parameters.',
  },
  'wrong-id': {
    status: 400,
    type: 'invalid',
    origin: 'sender',
    text: 'The id in the body differs from the id in the address. Send the resource with its own id.',
  },
  'unsupported-subscription': {
    status: 422,
    type: 'not-supported',
    origin: 'sender',
    text: 'The Subscription requests something that the hub does not offer: expression names it, diagnostics say what is possible. Correct it.',
  },
  'refused-endpoint': {
    status: 422,
    type: 'security',
    origin: 'sender',
    text: 'The hub does not send notifications to this address. Give a public https URL without user name or password.',
  },
  'too-many-requests': {
    status: 429,
    type: 'throttled',
    origin: 'sender',
    text: 'Too many requests. Wait for the time in Retry-After, then send the same message again.',
  },
  'storage-unavailable': {
    status: 503,
    type: 'transient',
    origin: 'hub',
    text: 'The hub cannot reach its storage, and the message may not be stored. Send the same message again, with the same id, after the time in Retry-After.',
  },
  closed: {
    status: 503,
    type: 'transient',
    origin: 'hub',
    text: 'The hub is closed while its operators set it up, move or restore it. Nothing is stored. Keep the message and send it again, with the same id, after the time in Retry-After; if diagnostics name another hub, send it there. Until then, phone.',
  },
  'identity-unavailable': {
    status: 503,
    type: 'transient',
    origin: 'hub',
    text: 'The hub cannot check tokens now. Nothing is stored. Send the same message again, with the same id and a new proof, after the time in Retry-After.',
  },
  contended: {
    status: 503,
    type: 'lock-error',
    origin: 'hub',
    text: 'Many messages for this mission arrived at the same time, and this one was not stored. Send the same message again, with the same id, after the time in Retry-After.',
  },
  timeout: {
    status: 504,
    type: 'timeout',
    origin: 'hub',
    text: 'The hub did not finish in time. Send the same message again, with the same id: the hub stores it at most once.',
  },
  internal: {
    status: 500,
    type: 'exception',
    origin: 'hub',
    text: "The hub failed. Send the same message again, with the same id. If it fails again, call the hub's operators and give the correlation id.",
  },
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof faults;

/** One fault: its code, its place and its detail. Never has personal data: `detail` names fields and codes only. */
export interface Fault {
  readonly code: FaultCode;
  /** FHIRPath of the faulty element, or `http.<header>` for a fault outside the body. */
  readonly at?: string;
  /** FHIRPath of the element that contradicts the one at `at`. */
  readonly and?: string;
  readonly detail?: string;
}

/** Refused input: at least one fault. The first decides the HTTP status. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly faults: readonly [Fault, ...Fault[]];
  /** Version of the mission or subscription that refused, for the `ETag` of the answer. */
  readonly version?: number | string;
  /** Seconds for `Retry-After`, if they differ from those of the fault. */
  readonly retryAfter?: number;
  /** Methods that the address has, for `Allow`. */
  readonly allow?: readonly string[];
}

export const refuse = (code: FaultCode, at?: string, detail?: string, version?: number | string): Refusal => ({
  outcome: 'refused',
  faults: [defined({ code, at, detail })],
  ...defined({ version }),
});

/** The refusal of a method. `allow`: those that the address has. */
export const refuseMethod = (allow: readonly string[], detail?: string): Refusal => ({
  ...refuse('method-not-allowed', 'http.method', detail),
  allow,
});

export const isRefusal = (value: object): value is Refusal => 'outcome' in value && value.outcome === 'refused';

const issue = ({ code, at, and, detail }: Fault): OperationOutcomeIssue => {
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
    expression: at === undefined ? undefined : [at, ...(and === undefined ? [] : [and])],
  });
};

/** Limits the answer: without it, a body full of faults gets an answer of hundreds of times its size. */
const mostIssues = 50;

/**
 * FHIR R4 `OperationOutcome`: one issue per fault, at most 50, `details.coding` = stable code and origin,
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

/** Seconds after which the client may retry a transient fault, for `Retry-After`. */
export const retryAfterOf = (code: FaultCode): number | undefined => {
  // Operators reopen the hub, which takes minutes.
  if (code === 'closed') return 30;
  const status: number = faults[code].status;
  return status === 429 || status === 503 || status === 504 ? 2 : undefined;
};
