import { z } from 'zod';
import { codesOf, type Role, roles } from '../codes.ts';
import { codeableConcept, identifier } from '../fhir/datatypes.ts';
import { canonicalBase, systems } from '../names.ts';
import { judgePlace } from '../fhir/service-area.ts';

/** The elements of a directory file. Each message says what is wrong and what to do. */

const partyRoles = codesOf(roles).filter((role) => role !== 'hub');

/** Roles that must have a phone number, for when no system answers. */
export const rolesToCall: readonly Role[] = ['local-amk', 'amk-la', 'operator', 'hospital'];

export const physicalTypes = 'http://terminology.hl7.org/CodeSystem/location-physical-type';

export const isNumber = (text: string | undefined): text is string => /^\d{9}$/.test(text ?? '');

const wantedName = 'needs a name, as shown to people';

export const nameElement = z.string(wantedName).refine((text) => text.trim() !== '', wantedName);

/** An identifier with its use: `secondary` marks further numbers of the same party. */
const usedIdentifier = z.object({ ...identifier.shape, use: z.string().optional() });

const wantedNumber = `needs one organisation number: nine digits, system ${systems.organisationNumber}`;

export const numberElement = z.array(usedIdentifier, wantedNumber).transform((list, context) => {
  const [own, ...others] = list.filter(
    ({ system, use }) => system === systems.organisationNumber && use !== 'secondary',
  );
  if (own !== undefined && isNumber(own.value) && others.length === 0) return own.value;
  context.addIssue(wantedNumber);
  return z.NEVER;
});

const wantedUnit = 'is not an organisation number: nine digits';

export const unitsElement = z.array(usedIdentifier).transform((list, context) =>
  list.flatMap(({ system, use, value = '' }, index) => {
    if (system !== systems.organisationNumber || use !== 'secondary') return [];
    if (!isNumber(value)) context.addIssue({ code: 'custom', path: [index, 'value'], message: wantedUnit });
    return [{ value, index }];
  }),
);

const wantedRole = `needs one role of ${systems.partyRole}: ${partyRoles.join(', ')}`;

export const roleElement = z.array(codeableConcept, wantedRole).transform((list, context) => {
  const codings = list.flatMap(({ coding }) => coding ?? []).filter(({ system }) => system === systems.partyRole);
  const role = partyRoles.find((one) => one === codings[0]?.code);
  if (role !== undefined && codings.length === 1) return role;
  context.addIssue(wantedRole);
  return z.NEVER;
});

/** Country code and 7 to 15 digits (E.164), with single spaces between groups. */
const phoneForm = /^\+[1-9](?: ?\d){6,14}$/;

const wantedPhone = 'is not a phone number: write + and country code, then digits and single spaces: +47 00 00 01 05';

export const telecomElement = z
  .array(z.object({ system: z.string().optional(), value: z.string().optional(), use: z.string().optional() }))
  .transform((list, context) => {
    const phones = list.flatMap(({ system, value = '', use }, index) =>
      system === 'phone' && use !== 'old' ? [{ value, index }] : [],
    );
    for (const { value, index } of phones)
      if (!phoneForm.test(value)) context.addIssue({ code: 'custom', path: [index, 'value'], message: wantedPhone });
    return phones[0]?.value;
  });

const wantedAddress = 'needs an https URL without user name and password (http for localhost only)';

const isAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal));
};

/** Extension of an Organization: a host that its notifications may go to. Several are possible. */
const notificationHostExtension = `${canonicalBase}/StructureDefinition/notification-host`;

const wantedHost = 'is not a host: give only the name, in lower case, as in the endpoint, e.g. partner.example';

const isHost = (text: string): boolean =>
  /^[a-z0-9.-]+$/.test(text) && URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).host === text;

const wantedConnection = 'needs system and code of the connection, e.g. hl7-fhir-msg';

const wantedPayload = 'needs at least one kind of payload';

const endpointStatuses = ['active', 'suspended', 'error', 'off', 'entered-in-error', 'test'] as const;

export const endpointElements = {
  status: z.enum(endpointStatuses, `needs one of ${endpointStatuses.join(', ')}`),
  connectionType: z.object(
    { system: z.string(wantedConnection), code: z.string(wantedConnection).min(1, wantedConnection) },
    wantedConnection,
  ),
  payloadType: z.array(codeableConcept, wantedPayload).min(1, wantedPayload),
  address: z.string(wantedAddress).refine(isAddress, wantedAddress),
  header: z.undefined('must be left out: every party may read the directory, and headers often have secrets'),
};

const wantedPosition = 'needs latitude and longitude as numbers, WGS84 decimal degrees';
const wrongPlace = {
  swapped: 'has latitude and longitude swapped: latitude is north, longitude is east',
  outside: 'is outside the area of the service: correct latitude and longitude',
} as const;

export const positionElement = z
  .object({ latitude: z.number(wantedPosition), longitude: z.number(wantedPosition) }, wantedPosition)
  .transform((place, context) => {
    const verdict = judgePlace(place);
    if (verdict !== 'inside') context.addIssue(wrongPlace[verdict]);
  });

const locationStatuses = ['active', 'suspended', 'inactive'] as const;

export const locationStatus = z.enum(locationStatuses, `may be ${locationStatuses.join(', ')}`).optional();

/** Forms of the number of an area. The captured part is what the hub compares. */
export const areaForms = {
  [systems.municipality]: { form: /^(\d{4})$/, wanted: 'is not a municipality number: four digits, e.g. 3411' },
  [systems.county]: { form: /^NO-(\d{2})$/, wanted: 'is not a county by ISO 3166-2: NO- and two digits, e.g. NO-34' },
} as const;

export const wantedArea = `needs one identifier: a county, e.g. NO-34 of ${systems.county}, or a municipality, e.g. 3411 of ${systems.municipality}`;

export const wantedOwner = 'needs an organisation of this file: Organization/ and its organisation number';

export const wantedOther = `needs an organisation number in identifier (system ${systems.organisationNumber}), or an organisation of this file`;

const wantedAffiliation = `needs one code: system-supplier of ${systems.affiliationRole}`;

export const affiliationElement = z.array(codeableConcept, wantedAffiliation).refine((list) => {
  const [only, ...others] = list.flatMap(({ coding }) => coding ?? []);
  return only?.system === systems.affiliationRole && only.code === 'system-supplier' && others.length === 0;
}, wantedAffiliation);

export const wantedActive = 'must be true: leave out what is no longer valid';

export const hostsElement = z.array(z.looseObject({ url: z.string() })).transform((list, context) =>
  list.flatMap((extension, index) => {
    if (extension.url !== notificationHostExtension) return [];
    const host = extension['valueString'];
    if (typeof host === 'string' && isHost(host)) return [host];
    context.addIssue({ code: 'custom', path: [index, 'valueString'], message: wantedHost });
    return [];
  }),
);
