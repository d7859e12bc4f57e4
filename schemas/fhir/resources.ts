import type * as fhir from 'fhir/r4.d.ts';
import * as z from 'zod';
import { missionStatuses, taskStatuses } from '../codes.ts';
import type { Conforms, Holds } from './conforms.ts';
import {
  codeableConcept,
  coding,
  fhirId,
  identifier,
  meta,
  moment,
  optionalText,
  reference,
  text,
} from './datatypes.ts';

/** The resources that the hub routes by, with the elements that it reads. It passes on all others unchanged. */

/** A list of primitives: `null` stands for a value that has extensions only (R4 2.6.2.3). */
const texts = z.array(text.nullable());

const optionalCoding = coding.optional();
const optionalConcept = codeableConcept.optional();
const concepts = z.array(codeableConcept).optional();
const identifiers = z.array(identifier).optional();
const optionalReference = reference.optional();
const references = z.array(reference).optional();

export const messageHeader = z.object({
  resourceType: z.literal('MessageHeader'),
  id: fhirId,
  meta: meta.optional(),
  eventCoding: coding,
  destination: z.array(z.object({ endpoint: optionalText, receiver: optionalReference })).optional(),
  sender: optionalReference,
  author: optionalReference,
  responsible: optionalReference,
  source: z.object({ endpoint: text }),
  focus: references,
});
export type MessageHeader = z.output<typeof messageHeader>;

const notInMessage = z.never('must not be present in a message').optional();

/** An entry of a message: a resource, without the members of other Bundle types (R4 invariants bdl-2 to bdl-5). */
const messageEntry = z.object({
  fullUrl: optionalText,
  resource: z.looseObject({ resourceType: text }),
  request: notInMessage,
  response: notInMessage,
  search: notInMessage,
});
export type MessageEntry = z.output<typeof messageEntry>;

export const messageBundle = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('message'),
  id: fhirId.optional(),
  meta: meta.optional(),
  timestamp: moment.optional(),
  entry: z.array(messageEntry).min(1, 'has no entries'),
});

export const serviceRequest = z.object({
  resourceType: z.literal('ServiceRequest'),
  status: z.enum(['draft', 'active', 'on-hold', ...missionStatuses.filter((status) => status !== 'active'), 'unknown']),
  intent: text,
  priority: optionalText,
  identifier: z.array(z.looseObject(identifier.shape)).optional(),
  reasonCode: concepts,
  requisition: z.looseObject(identifier.shape).optional(),
  locationReference: references,
});

export type ServiceRequest = z.output<typeof serviceRequest>;

export const typedValue = z.object({
  type: codeableConcept,
  valueDateTime: optionalText,
  valueReference: optionalReference,
});

const typedValues = z.array(typedValue).optional();

export const task = z.object({
  resourceType: z.literal('Task'),
  id: optionalText,
  status: z.enum(taskStatuses),
  intent: text,
  code: optionalConcept,
  statusReason: optionalConcept,
  reasonCode: optionalConcept,
  description: optionalText,
  businessStatus: optionalConcept,
  location: optionalReference,
  partOf: references,
  restriction: z.object({ period: z.object({ start: optionalText, end: optionalText }).optional() }).optional(),
  input: typedValues,
  output: typedValues,
});
export type Task = z.output<typeof task>;

export const clinicalImpression = z.object({
  resourceType: z.literal('ClinicalImpression'),
  status: text,
  summary: optionalText,
  finding: z.array(z.object({ itemCodeableConcept: optionalConcept })).optional(),
});

const municipalityCode = z.object({ url: text, valueCoding: optionalCoding });

export const location = z.object({
  resourceType: z.literal('Location'),
  identifier: identifiers,
  operationalStatus: optionalCoding,
  type: concepts,
  address: z.object({ _district: z.object({ extension: z.array(municipalityCode).optional() }).optional() }).optional(),
  position: z.object({ longitude: z.number(), latitude: z.number(), altitude: z.number().optional() }).optional(),
});

export const organization = z.object({
  resourceType: z.literal('Organization'),
  identifier: identifiers,
});

export const practitioner = z.object({
  resourceType: z.literal('Practitioner'),
  identifier: identifiers,
  name: z
    .array(z.object({ use: optionalText, text: optionalText, family: optionalText, given: texts.optional() }))
    .optional(),
});

export const practitionerRole = z.object({
  resourceType: z.literal('PractitionerRole'),
  practitioner: optionalReference,
  organization: optionalReference,
  code: concepts,
});

/** @public Checked by the compiler only: the schemas conform to R4. */
export type Checked = Holds<
  [
    Conforms<typeof messageHeader, fhir.MessageHeader>,
    Conforms<typeof serviceRequest, fhir.ServiceRequest>,
    Conforms<typeof task, fhir.Task>,
    Conforms<typeof clinicalImpression, fhir.ClinicalImpression>,
    Conforms<typeof location, fhir.Location>,
    Conforms<typeof organization, fhir.Organization>,
    Conforms<typeof practitioner, fhir.Practitioner>,
    Conforms<typeof practitionerRole, fhir.PractitionerRole>,
  ]
>;
