/** Code systems of the hub, each code with the words shown to people. Source: the domain's guidelines, see docs/domain.md. */
export const roles = {
  'local-amk': 'Local AMK (emergency medical dispatch)',
  'amk-la': 'AMK LA (air-ambulance coordination)',
  operator: 'Helicopter or aeroplane operator',
  hospital: 'Receiving hospital',
  observer: 'Observer',
  quality: 'Quality system',
} as const;
export type Role = keyof typeof roles;

/** R4 request priorities the hub uses; the Norwegian index says akutt, haster, vanlig. */
export const urgencies = { stat: 'Akutt (red)', urgent: 'Haster (yellow)', routine: 'Vanlig (green)' } as const;
export type Urgency = keyof typeof urgencies;

export const missionCriteria = {
  'time-to-definitive-care': 'Risk of lost prognosis without faster definitive care',
  'abcd-competence': 'Serious effect on ABCD, air-ambulance competence decisive',
  'only-resource-terrain': 'No road: only the helicopter can solve it',
  'professional-support': 'Professional support on scene',
  'advanced-monitoring-or-procedure': 'Advanced monitoring or procedure',
  'rapid-transport': 'Rapid transport',
  'long-or-difficult-access': 'Long or difficult access',
  'disproportionate-burden': 'Other transport would be a disproportionate burden',
  'multiple-casualties': 'Multiple casualties',
} as const;

export const decisions = {
  accepted: 'Accepted',
  'partially-accepted': 'Partially accepted',
  deferred: 'Deferred until a time',
  rejected: 'Rejected',
} as const;

/** Why not. Each reason belongs to one class: medical, capacity, operational or other. */
export const refusalReasons = {
  'no-medical-indication': { display: 'No medical indication', class: 'medical' },
  'other-resource-better': { display: 'Another resource is better', class: 'medical' },
  'no-resource-available': { display: 'No resource available', class: 'capacity' },
  'higher-priority-mission': { display: 'Mission of higher priority', class: 'capacity' },
  'sar-priority': { display: 'Needed for search and rescue', class: 'capacity' },
  weather: { display: 'Weather', class: 'operational' },
  technical: { display: 'Technical fault', class: 'operational' },
  'crew-duty-time': { display: 'Crew duty time', class: 'operational' },
  'outside-scope': { display: 'Outside the scope of the service', class: 'other' },
  other: { display: 'Other, see text', class: 'other' },
} as const;

export const cancelReasons = {
  'patient-deceased': 'Patient deceased',
  'condition-improved': 'Condition improved',
  'other-transport': 'Other transport chosen',
  'no-longer-needed': 'No longer needed',
  'entered-in-error': 'Entered in error',
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
} as const;

export const prearrivalAnswers = {
  accepted: 'Accepted',
  diverted: 'Diverted to another hospital',
  'cannot-receive': 'Cannot receive',
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

/** What an ask is about. */
export const taskKinds = {
  coordination: 'Decide on a mission request',
  resource: 'Fly or drive a mission',
  prearrival: 'Receive a patient',
} as const;
export type TaskKind = keyof typeof taskKinds;

/** Details a Task carries in `input` and `output`. */
export const taskDetails = {
  eta: 'Estimated time of arrival',
  'diverted-to': 'Hospital diverted to',
  acknowledged: 'Acknowledged by a human',
} as const;

/** R4 Task statuses the hub uses (http://hl7.org/fhir/task-status). */
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

/** The keys of a code table, typed as such and never empty. */
export const codesOf = <Code extends string>(table: Readonly<Record<Code, unknown>>): readonly Code[] =>
  Object.keys(table).filter((key): key is Code => Object.hasOwn(table, key));
