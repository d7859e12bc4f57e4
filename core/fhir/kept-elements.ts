import { isObject } from '../../schemas/json/json.ts';
import { municipalityExtension, systems } from '../../schemas/names.ts';
import { absence, isKnownCode, isKnownUnit } from './known-codes.ts';

/** Parts of the allow-list of de-identification: what of a value is shown. */

/** A JSON object. */
export type Resource = Readonly<Record<string, unknown>>;

/** The part of a value that is shown; `undefined` if nothing is. */
export type Keep = (value: unknown) => unknown;

export const withheld = { display: 'withheld' };

/** Label of a resource of which a part was removed. */
export const redacted = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'REDACTED',
  display: 'redacted',
};

const masked = { coding: [{ system: absence, code: 'masked', display: 'Masked' }] };

export const oneOf =
  (codes: readonly string[] | ReadonlySet<string>): Keep =>
  (value) =>
    [...codes].find((code) => code === value);

export const matching =
  (pattern: RegExp): Keep =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined;

/** A measured number; phone numbers and national identity numbers are longer. */
const amount: Keep = (value) =>
  (typeof value === 'number' || JSON.isRawJSON(value)) && Math.abs(Number(JSON.stringify(value))) < 10_000_000
    ? value
    : undefined;

const flag: Keep = (value) => (typeof value === 'boolean' ? value : undefined);

/** FHIR date, dateTime or instant. */
export const time = matching(/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?)?)?$/);

export const list =
  (keep: Keep): Keep =>
  (value) => {
    const kept = (Array.isArray(value) ? value : [])
      .map((one: unknown) => keep(one))
      .filter((one) => one !== undefined);
    return kept.length === 0 ? undefined : kept;
  };

export type Elements = Readonly<Record<string, Keep>>;

export const membersOf = (value: unknown, elements: Elements): Resource =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(elements).flatMap(([name, keep]) => {
          const kept = Object.hasOwn(value, name) ? keep(value[name]) : undefined;
          return kept === undefined ? [] : [[name, kept]];
        }),
      )
    : {};

export const shape =
  (elements: Elements, isEnough: (kept: Resource) => boolean = () => true): Keep =>
  (value) => {
    const kept = membersOf(value, elements);
    return Object.keys(kept).length > 0 && isEnough(kept) ? kept : undefined;
  };

export const coding = (value: unknown): { readonly system: string; readonly code: string } | undefined => {
  if (!isObject(value)) return undefined;
  const { system, code } = value;
  return typeof system === 'string' && typeof code === 'string' && isKnownCode(system, code)
    ? { system, code }
    : undefined;
};

export const concept = shape({ coding: list(coding) });
export const period = shape({ start: time, end: time });

const quantity: Keep = (value) => {
  const kept = membersOf(value, { value: amount, comparator: oneOf(['<', '<=', '>=', '>']) });
  if (!isObject(value) || kept['value'] === undefined) return undefined;
  const { system, code, unit } = value;
  if (code === undefined && unit === undefined) return kept;
  return system === 'http://unitsofmeasure.org' && typeof code === 'string' && isKnownUnit(code)
    ? { ...kept, system, code }
    : undefined;
};

/** The version of the guideline that a mission was requested under. */
export const guidelineUri: Keep = (uri) => {
  const [system, version, ...rest] = typeof uri === 'string' ? uri.split('|') : [];
  return system === systems.missionCriterion && /^\d{4}\.\d{1,4}$/.test(version ?? '') && rest.length === 0
    ? uri
    : undefined;
};

/** An organisation by its number, never by a name that a sender gave it. */
export const organisation: Keep = (value) => {
  const identifier = isObject(value) ? value['identifier'] : undefined;
  if (!isObject(identifier) || identifier['system'] !== systems.organisationNumber) return undefined;
  const known = identifier['value'];
  return typeof known === 'string' && /^\d{9}$/.test(known)
    ? {
        reference: `Organization/${known}`,
        type: 'Organization',
        identifier: { system: systems.organisationNumber, value: known },
      }
    : undefined;
};

export const typedValue = shape(
  {
    type: concept,
    valueDateTime: time,
    valueInteger: amount,
    valueQuantity: quantity,
    valueCodeableConcept: concept,
    valueReference: organisation,
  },
  ({ type, ...value }) => type !== undefined && Object.keys(value).length > 0,
);

export const value: Elements = {
  valueQuantity: quantity,
  valueCodeableConcept: concept,
  valueInteger: amount,
  valueBoolean: flag,
  valueDateTime: time,
  dataAbsentReason: concept,
};

const isValue = (name: string): boolean => name.startsWith('value') || name === 'dataAbsentReason';

/** A value that is not shown is marked as masked, so that it does not look like a value that was never measured. */
export const valued = (kept: Resource, sent: Resource): Resource =>
  Object.keys(sent).some(isValue) && !Object.keys(kept).some(isValue) ? { ...kept, dataAbsentReason: masked } : kept;

export const component: Keep = (sent) => {
  const kept = membersOf(sent, { code: concept, ...value });
  return isObject(sent) && kept['code'] !== undefined ? valued(kept, sent) : undefined;
};

export const municipality = shape({
  _district: shape({
    extension: list(
      shape(
        { url: oneOf([municipalityExtension]), valueCoding: coding },
        (kept) => kept['url'] !== undefined && kept['valueCoding'] !== undefined,
      ),
    ),
  }),
});

export const position = shape({ longitude: amount, latitude: amount, altitude: amount }, (kept) =>
  ['longitude', 'latitude'].every((name) => kept[name] !== undefined),
);
