import { isObject } from '../json/json.ts';

const absentReason = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

/** The reason in an element that has no value but the extension data-absent-reason; `undefined` for an element with a value. */
export const absentReasonOf = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    const present: readonly unknown[] = value.filter((one) => one !== null);
    return present.length === 1 ? absentReasonOf(present[0]) : undefined;
  }
  if (!isObject(value)) return undefined;
  const { id: _id, url: _url, extension, ...content } = value;
  const isWithoutValue = Object.values(content).every((one) => one === undefined);
  if (!isWithoutValue || !Array.isArray(extension)) return undefined;
  return extension.filter(isObject).find(({ url }) => url === absentReason)?.['valueCode'];
};
