/** Code systems of the hub, each code with its display. Codes that the guideline can change are in `guideline.ts`. */
export const roles = {
  'local-amk': 'Local AMK (emergency medical dispatch)',
  'amk-la': 'AMK LA (air-ambulance coordination)',
  operator: 'Helicopter or aeroplane operator',
  hospital: 'Receiving hospital',
  observer: 'Observer',
  quality: 'Quality system',
  hub: 'The hub itself',
} as const;

export type Role = keyof typeof roles;

/** R4 request priorities of the hub; the Norwegian index has akutt, haster, vanlig. */
export const urgencies = { stat: 'Akutt (red)', urgent: 'Haster (yellow)', routine: 'Vanlig (green)' } as const;
export type Urgency = keyof typeof urgencies;

/** Roles of an organisation in one mission, independent of its role in the directory. */
export const missionRoles = {
  requester: 'Asked for the mission',
  coordinator: 'Coordinates the mission',
  performer: 'Owns a Task of the mission',
  observer: 'Was made party to the mission to follow it',
} as const;

export type MissionRole = keyof typeof missionRoles;

export const decisions = {
  accepted: 'Accepted',
  'partially-accepted': 'Partially accepted',
  deferred: 'Deferred until a time',
  rejected: 'Rejected',
} as const;

/** Assessment of a physician: whether there is medical ground for an air ambulance. */
export const medicalGrounds = {
  indicated: 'Medically indicated',
  'not-indicated': 'Not medically indicated',
  undetermined: 'Cannot be determined yet',
} as const;

export const refusalClasses = {
  medical: 'Medical',
  capacity: 'Capacity',
  operational: 'Operational',
  other: 'Other',
} as const;

export type RefusalClass = keyof typeof refusalClasses;

export const cancelReasons = {
  'patient-deceased': 'Patient deceased',
  'condition-improved': 'Condition improved',
  'other-transport': 'Other transport chosen',
  'no-longer-needed': 'No longer needed',
  'entered-in-error': 'Entered in error',
  other: 'Other, see text',
} as const;

/** Why the coordination of a mission moves to another AMK LA. */
export const forwardReasons = {
  'place-in-other-region': 'The place is in the other region',
  'resource-in-other-region': 'The resource is coordinated by the other region',
  capacity: 'No capacity to coordinate',
  technical: 'Technical fault',
  other: 'Other, see text',
} as const;

export const resourceKinds = {
  helicopter: 'Ambulance helicopter',
  'rescue-helicopter': 'Rescue helicopter',
  aeroplane: 'Ambulance aeroplane',
  car: 'Physician-staffed car',
} as const;

export const resourceAnswers = {
  accepted: 'Accepted',
  declined: 'Declined',
  withdrawn: 'Withdrawn after acceptance',
  aborted: 'Flight aborted',
} as const;

/** Reports of an operator on a resource that is in no mission. */
export const resourceAvailabilities = {
  free: 'Free',
  'off-line': 'Off-line',
  technical: 'Technical fault',
  weather: 'Weather',
  'crew-duty': 'Crew duty time',
} as const;

/** Engagements of a resource: they follow from the missions, operators do not report them. */
export const resourceEngagements = {
  asked: 'Asked for a mission',
  assigned: 'Has accepted a mission',
  flying: 'On a mission',
} as const;

export const prearrivalAnswers = {
  accepted: 'Accepted',
  diverted: 'Diverted to another hospital',
  'cannot-receive': 'Cannot receive',
} as const;

/** What the hospital found after arrival: was the air ambulance the right help? */
export const outcomeAssessments = {
  appropriate: 'The air ambulance was the right help',
  'over-triage': 'Less would have been enough',
  'under-triage': 'More, or earlier, help was needed',
  undetermined: 'Cannot be determined',
} as const;

/** Phases of the Utstein-style template for physician-staffed emergency services, in their order. */
export const flightPhases = {
  'alarm-received': 'Alarm received',
  'unit-alerted': 'Unit alerted',
  departed: 'Departed',
  'on-scene': 'Arrived on scene',
  'patient-contact': 'Patient contact',
  'departed-scene': 'Departed scene',
  'arrived-at-destination': 'Arrived at destination',
  'handed-over': 'Handed over',
  available: 'Available',
} as const;

/** What a Task requests. */
export const taskKinds = {
  coordination: 'Decide on a mission request',
  resource: 'Fly or drive a mission',
  prearrival: 'Receive a patient',
} as const;

export type TaskKind = keyof typeof taskKinds;

/** Details of a Task in `input` and `output`. */
export const taskDetails = {
  eta: 'Estimated time of arrival',
  'diverted-to': 'Hospital diverted to',
  'handed-over-to': 'Hospital the patient was handed over to',
  resource: 'The one helicopter, aeroplane or car',
  acknowledged: 'Acknowledged by a human',
  overdue: 'Not acknowledged by this time',
  request: 'What was sent to ask for it',
  message: 'The message that asks for it',
  place: 'Where it is asked for',
  'refers-to': 'What the request refers to',
  'time-limit': 'Until when the sender asks for it',
} as const;

/** Why a recipient was not notified by machine: `Communication.statusReason`. */
export const deliveryOutcomes = {
  'not-delivered': 'The endpoint did not take the notification',
  'no-subscription': 'The recipient has no subscription for the event',
  'not-a-party': 'The mission did not concern the recipient',
} as const;

/** R4 Task statuses of the hub (http://hl7.org/fhir/task-status). */
export const taskStatuses = [
  'requested',
  'received',
  'accepted',
  'rejected',
  'on-hold',
  'in-progress',
  'completed',
  'failed',
  'cancelled',
] as const;

export type TaskStatus = (typeof taskStatuses)[number];

export const missionStatuses = ['active', 'revoked', 'entered-in-error', 'completed'] as const;
export type MissionStatus = (typeof missionStatuses)[number];

/** Why a party was not notified by machine: it has no subscription, or what the last call to its endpoint came to. */
export const unreachedReasons = {
  'no-subscription': 'No subscription',
  'subscription-ended': 'The subscription was ended',
  'answers-slowly': 'Slow answers: earlier calls are still in progress',
  'not-called': 'The hub has not called the endpoint yet',
  'timed-out': 'No answer in time',
  'connection-refused': 'Connection refused',
  'connection-failed': 'Connection failed or broken',
  'name-not-found': 'Host name not found (DNS)',
  'tls-failed': 'No TLS connection',
  'address-refused': 'The hub may not call the address',
  'http-redirect': 'HTTP redirect (3xx)',
  'http-401': 'HTTP 401 Unauthorized',
  'http-403': 'HTTP 403 Forbidden',
  'http-404': 'HTTP 404 Not Found',
  'http-405': 'HTTP 405 Method Not Allowed',
  'http-410': 'HTTP 410 Gone',
  'http-429': 'HTTP 429 Too Many Requests',
  'http-4xx': 'Another HTTP status of 400 to 499',
  'http-500': 'HTTP 500 Internal Server Error',
  'http-502': 'HTTP 502 Bad Gateway',
  'http-503': 'HTTP 503 Service Unavailable',
  'http-504': 'HTTP 504 Gateway Timeout',
  'http-5xx': 'Another HTTP status of 500 to 599',
  'http-other': 'Another HTTP status',
} as const;
export type UnreachedReason = keyof typeof unreachedReasons;

/**
 * Code systems of codes in messages, by the last part of their URL.
 * Those of the guideline are versioned data; the others change with the hub.
 */
export type CodeTable =
  | 'mission-criterion'
  | 'refusal-reason'
  | 'mission-decision'
  | 'medical-ground'
  | 'cancel-reason'
  | 'forward-reason'
  | 'resource-kind'
  | 'resource-answer'
  | 'resource-availability'
  | 'prearrival-answer'
  | 'outcome-assessment'
  | 'flight-phase'
  | 'task-detail';

/** The keys of a code table, typed as such and never empty. */
export const codesOf = <Code extends string>(table: Readonly<Record<Code, unknown>>): readonly Code[] =>
  Object.keys(table).filter((key): key is Code => Object.hasOwn(table, key));
