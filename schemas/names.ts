/**
 * Names that luftbro defines, and names of others that it uses.
 * No official FHIR URI is known for the Norwegian index, NACA or the air-ambulance codes, so the project defines its own
 * under an example base and states it in the CapabilityStatement.
 */
export const canonicalBase = 'https://luftbro.example/fhir';

const codeSystem = (name: string): string => `${canonicalBase}/CodeSystem/${name}`;

export const systems = {
  /** Mission number: assigned by the hub, a UUID. */
  mission: `${canonicalBase}/sid/mission`,
  /** Hub message type, in `MessageHeader.eventCoding`. */
  event: codeSystem('message-event'),
  partyRole: codeSystem('party-role'),
  /** Role of an organisation in one mission. */
  missionRole: codeSystem('mission-role'),
  missionCriterion: codeSystem('mission-criterion'),
  missionDecision: codeSystem('mission-decision'),
  refusalReason: codeSystem('refusal-reason'),
  /** Medical, capacity, operational or other. */
  refusalClass: codeSystem('refusal-class'),
  medicalGround: codeSystem('medical-ground'),
  forwardReason: codeSystem('forward-reason'),
  outcomeAssessment: codeSystem('outcome-assessment'),
  resourceAvailability: codeSystem('resource-availability'),
  cancelReason: codeSystem('cancel-reason'),
  resourceKind: codeSystem('resource-kind'),
  resourceAnswer: codeSystem('resource-answer'),
  prearrivalAnswer: codeSystem('prearrival-answer'),
  flightPhase: codeSystem('flight-phase'),
  taskKind: codeSystem('task-kind'),
  taskDetail: codeSystem('task-detail'),
  fault: codeSystem('fault'),
  faultOrigin: codeSystem('fault-origin'),
  /** Which check a token or its proof fails. */
  tokenFault: codeSystem('token-fault'),
  /** What the sender of an accepted message must know. */
  warning: codeSystem('warning'),
  /** NACA and NEWS2: no official URI is known. */
  severityScore: codeSystem('severity-score'),
  directoryOrigin: codeSystem('directory-origin'),
  /** Relation of one organisation to another. */
  affiliationRole: codeSystem('affiliation-role'),
  deliveryOutcome: codeSystem('delivery-outcome'),
  /** Why a party was not notified by machine. */
  unreachedReason: codeSystem('unreached-reason'),
  /** Norsk indeks for medisinsk nødhjelp: criteria numbers such as `A.06.02`; URI minted here. */
  medicalIndex: codeSystem('norsk-indeks-medisinsk-nodhjelp'),
  /** Call sign of a helicopter, aeroplane or car, as its operator names it. */
  resource: `${canonicalBase}/sid/resource`,
  /** Municipality number, Volven 3402 (no-basis FHIR R4 profiles). */
  municipality: 'urn:oid:2.16.578.1.12.4.1.1.3402',
  /** County, ISO 3166-2: `NO-34`; its digits begin the numbers of its municipalities. */
  county: 'urn:iso:std:iso:3166:-2',
  /** HPR number of health personnel (no-basis FHIR R4 profiles). */
  healthPersonnel: 'urn:oid:2.16.578.1.12.4.1.4.4',
  /** Organisation number in Enhetsregisteret (ENH), no-basis FHIR R4 profiles. */
  organisationNumber: 'urn:oid:2.16.578.1.12.4.1.4.101',
  /** `meta.security` code `HTEST` marks an exercise (v3 ActReason). */
  actReason: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
} as const;

/** Extension on `Address.district` with the municipality number (no-basis FHIR R4 profiles). */
export const municipalityExtension = 'http://hl7.no/fhir/StructureDefinition/no-basis-municipalitycode';

/** The one subscription topic: something happened in a mission. */
export const missionTopic = `${canonicalBase}/SubscriptionTopic/mission-event`;

export const exerciseCode = 'HTEST';

/** Media type of FHIR JSON (FHIR R4, 3.1.0.1.9). */
export const fhirJson = 'application/fhir+json';
