import * as z from 'zod';

/** FHIR R4 datatypes as far as the hub reads them. Other members stay in the lossless copy of the message. */

/** FHIR id (R4 2.24.0.1): 1 to 64 letters, digits, `-`, `.`. */
export const fhirId = z
  .string()
  .regex(/^[A-Za-z0-9\-.]{1,64}$/, 'is not a FHIR id: 1 to 64 letters, digits, "-" or "."');

const timePart = '([01]\\d|2[0-3]):[0-5]\\d:([0-5]\\d|60)(\\.\\d{1,9})?(Z|[+-](0\\d|1[0-3]):[0-5]\\d|[+-]14:00)';
const datePart = '\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])';

/** `Date.parse` reads 30 February as 1 or 2 March; in a message it is a mistake. */
export const isCalendarDay = (text: string): boolean => {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  return new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day;
};

/** A FHIR dateTime with date, time and zone (also the form of a FHIR instant). */
export const moment = z
  .string()
  .regex(
    new RegExp(`^${datePart}T${timePart}$`),
    'is not a date with time and zone: give for example 2026-02-01T12:30:00+01:00',
  )
  .refine(isCalendarDay, 'is not a day of the calendar: correct the date');

/** Milliseconds since the epoch. A leap second, which `Date` does not support, counts as the end of the second before. */
export const timeOf = (text: string): number => Date.parse(text.replace(/:60(?:\.\d+)?(?=[Z+-])/, ':59.999'));

// One schema shared by all: creating each takes time at every start.
export const text = z.string();
export const optionalText = text.optional();

export const coding = z.object({
  system: optionalText,
  code: optionalText,
  display: optionalText,
});

export type Coding = z.output<typeof coding>;

const codings = z.array(coding).optional();

export const codeableConcept = z.object({ coding: codings, text: optionalText });
export type CodeableConcept = z.output<typeof codeableConcept>;

export const identifier = z.object({ system: optionalText, value: optionalText });

export const reference = z.object({
  reference: optionalText,
  type: optionalText,
  identifier: identifier.optional(),
  display: optionalText,
});
export type Reference = z.output<typeof reference>;

export const meta = z.object({ security: codings });
