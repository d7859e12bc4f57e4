import type * as fhir from 'fhir/r4.d.ts';
import * as z from 'zod';
import { missionStatuses, taskStatuses } from '../codes.ts';
import type { Conforms, Holds } from './conforms.ts';
import { codeableConcept, coding, fhirId, identifier, meta, moment, reference } from './datatypes.ts';

/** The resources the hub routes by. Only what the hub needs is named; everything else passes untouched. */

export const messageHeader = z.object({
  resourceType: z.literal('MessageHeader'),
  id: fhirId,
  meta: meta.optional(),
  eventCoding: coding,
  destination: z.array(z.object({ endpoint: z.string().optional(), receiver: reference.optional() })).optional(),
  author: reference.optional(),
  responsible: reference.optional(),
  source: z.object({ endpoint: z.string() }),
  focus: z.array(reference).optional(),
});
export type MessageHeader = z.output<typeof messageHeader>;

const notInMessage = z.never('must not be present in a message').optional();

/** An entry of a message: a resource, and none of the members that other Bundle types use (R4 invariants bdl-2 to bdl-5). */
const messageEntry = z.object({
  fullUrl: z.string().optional(),
  resource: z.looseObject({ resourceType: z.string().regex(/^[A-Z][A-Za-z]+$/, 'is not a FHIR resource type') }),
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
export type MessageBundle = z.output<typeof messageBundle>;

export const serviceRequest = z.object({
  resourceType: z.literal('ServiceRequest'),
  status: z.enum(['draft', 'active', 'on-hold', ...missionStatuses.filter((status) => status !== 'active'), 'unknown']),
  intent: z.string(),
  priority: z.string().optional(),
  identifier: z.array(identifier).optional(),
  reasonCode: z.array(codeableConcept).optional(),
  requisition: identifier.optional(),
  locationReference: z.array(reference).optional(),
});

const typedValue = z.object({
  type: codeableConcept,
  valueDateTime: z.string().optional(),
  valueReference: reference.optional(),
});

export const task = z.object({
  resourceType: z.literal('Task'),
  id: z.string().optional(),
  status: z.enum(taskStatuses),
  intent: z.string(),
  code: codeableConcept.optional(),
  statusReason: codeableConcept.optional(),
  reasonCode: codeableConcept.optional(),
  description: z.string().optional(),
  businessStatus: codeableConcept.optional(),
  location: reference.optional(),
  partOf: z.array(reference).optional(),
  restriction: z
    .object({ period: z.object({ start: z.string().optional(), end: z.string().optional() }).optional() })
    .optional(),
  input: z.array(typedValue).optional(),
  output: z.array(typedValue).optional(),
});
export type Task = z.output<typeof task>;

export const clinicalImpression = z.object({
  resourceType: z.literal('ClinicalImpression'),
  status: z.string(),
  summary: z.string().optional(),
  finding: z.array(z.object({ itemCodeableConcept: codeableConcept.optional() })).optional(),
});

const municipalityCode = z.object({ url: z.string(), valueCoding: coding.optional() });

export const location = z.object({
  resourceType: z.literal('Location'),
  identifier: z.array(identifier).optional(),
  operationalStatus: coding.optional(),
  type: z.array(codeableConcept).optional(),
  address: z.object({ _district: z.object({ extension: z.array(municipalityCode).optional() }).optional() }).optional(),
  position: z.object({ longitude: z.number(), latitude: z.number(), altitude: z.number().optional() }).optional(),
});

export const organization = z.object({
  resourceType: z.literal('Organization'),
  identifier: z.array(identifier).optional(),
});

export const practitioner = z.object({
  resourceType: z.literal('Practitioner'),
  identifier: z.array(identifier).optional(),
  name: z
    .array(
      z.object({ text: z.string().optional(), family: z.string().optional(), given: z.array(z.string()).optional() }),
    )
    .optional(),
});

export const practitionerRole = z.object({
  resourceType: z.literal('PractitionerRole'),
  practitioner: reference.optional(),
  code: z.array(codeableConcept).optional(),
});

/** @public Read by the compiler only: what is read conforms to R4. */
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
