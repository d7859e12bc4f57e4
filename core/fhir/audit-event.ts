import type { AuditEvent, AuditEventEntity } from 'fhir/r4.d.ts';
import { missionRoles, roles } from '../../schemas/codes.ts';
import { uuidOf } from '../../schemas/identifiers.ts';
import { systems } from '../../schemas/names.ts';
import type { AccessRecord, Reading, Shown } from '../audit/access-log.ts';
import { hub } from '../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from './fhir.ts';

/** Reads as FHIR `AuditEvent`, in the patterns of IHE BALP 1.1 for reading and searching. */

interface Request {
  /** Code of http://hl7.org/fhir/restful-interaction. */
  readonly interaction: 'read' | 'search-type' | 'operation';
  /** The request without its values. */
  readonly asked: string;
}

const requests: Readonly<Record<Reading, Request>> = {
  mission: { interaction: 'read', asked: 'GET ServiceRequest/{mission}' },
  history: { interaction: 'operation', asked: 'GET ServiceRequest/{mission}/$history' },
  'history-entry': { interaction: 'read', asked: 'GET Provenance/{mission}.{entry}' },
  task: { interaction: 'read', asked: 'GET Task/{mission}.{entry}' },
  tasks: { interaction: 'search-type', asked: 'GET Task?based-on=' },
  message: { interaction: 'read', asked: 'GET Bundle/{mission}.{entry}' },
  part: { interaction: 'read', asked: 'GET {type}/{mission}.{entry}.{index}' },
  receipts: { interaction: 'search-type', asked: 'GET Communication?part-of=' },
  accesses: { interaction: 'search-type', asked: 'GET AuditEvent?entity=' },
  worklist: { interaction: 'search-type', asked: 'GET Task?owner=' },
  missions: { interaction: 'search-type', asked: 'GET ServiceRequest?requester=, performer=, identifier= or _id=' },
  incident: { interaction: 'search-type', asked: 'GET ServiceRequest?requisition=' },
  resources: { interaction: 'search-type', asked: 'GET Location' },
  events: { interaction: 'operation', asked: 'GET Subscription/{id}/$events' },
};

/** A reading that only a newer release knows is shown by its own name. */
const requestOf = (reading: string): Request =>
  Object.entries(requests).find(([known]) => known === reading)?.[1] ?? { interaction: 'operation', asked: reading };

const dicom = 'http://dicom.nema.org/resources/ontology/DCM';

const requestEntity = (request: string): AuditEventEntity => ({
  what: { identifier: { value: request } },
  type: { system: 'https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', code: 'XrequestId' },
});

const missionEntity = (
  { chain, number, digest, access }: AccessRecord,
  { mission, parts }: Shown,
): AuditEventEntity => ({
  what: { reference: `ServiceRequest/${mission}`, identifier: { system: systems.mission, value: mission } },
  type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2', display: 'System Object' },
  role: { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '4', display: 'Domain Resource' },
  detail: [
    { type: 'asked', valueString: requestOf(access.reading).asked },
    ...(parts.length === 0 ? [] : [{ type: 'parts', valueString: parts.join(' ') }]),
    { type: 'record', valueString: `${chain}.${number}` },
    { type: 'digest', valueString: digest },
  ],
});

/** The id of a record as it concerns one mission. */
export const accessId = ({ chain, number }: AccessRecord, { mission }: Shown): string =>
  uuidOf('access', chain, String(number), mission);

/** A record as it concerns one mission; other missions that it names are left out. */
export const auditEvent = (record: AccessRecord, shown: Shown, view: Viewpoint): AuditEvent => {
  const { access } = record;
  const { interaction } = requestOf(access.reading);
  return {
    resourceType: 'AuditEvent',
    id: accessId(record, shown),
    meta: { lastUpdated: access.at, ...securityOf(shown.exercise) },
    type: {
      system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
      code: 'rest',
      display: 'RESTful Operation',
    },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: interaction, display: interaction }],
    action: interaction === 'read' ? 'R' : 'E',
    recorded: access.at,
    outcome: access.outcome === 'shown' ? '0' : '4',
    ...(access.outcome === 'shown' ? {} : { outcomeDesc: 'Refused: nothing was shown.' }),
    agent: [
      {
        type: { coding: [{ system: dicom, code: '110153', display: 'Source Role ID' }] },
        role: [
          { coding: [{ system: systems.partyRole, code: access.role, display: roles[access.role] }] },
          ...shown.relation.map((code) => ({
            coding: [{ system: systems.missionRole, code, display: missionRoles[code] }],
          })),
        ],
        who: organisationReference(access.organisation, view),
        altId: access.client,
        requestor: true,
      },
      ...(access.supplier === undefined
        ? []
        : [
            {
              type: { text: 'Supplier whose system asked' },
              who: { identifier: { system: systems.organisationNumber, value: access.supplier } },
              requestor: false,
            },
          ]),
    ],
    source: {
      observer: organisationReference(hub.organisation, view),
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    entity: [missionEntity(record, shown), requestEntity(access.request)],
  };
};
