import { isObject } from '../../schemas/json/json.ts';
import type { Entry } from '../mission/state.ts';
import { sentEntries } from '../mission/sent-message.ts';
import { words } from './known-codes.ts';

/** Codes and dates that give a birth date or the time of a birth. */

const loinc = 'http://loinc.org';
const snomed = 'http://snomed.info/sct';
const icd10: ReadonlySet<unknown> = new Set(['http://hl7.org/fhir/sid/icd-10', 'urn:oid:2.16.578.1.12.4.1.1.7110']);

type Table = ReadonlyMap<string, ReadonlySet<string>>;

/** Values of these codes are dates of birth, in whatever type they are written. */
const birthDates: Table = new Map([
  [loinc, words('21112-8')],
  [snomed, words('184099003')],
]);

/** Values of these codes are ages. */
const ages: Table = new Map([
  [loinc, words('30525-0 21612-7 29553-5 63900-5')],
  [snomed, words('397669002 424144002 445518008')],
]);

/** Values of these codes are weeks and days of a pregnancy. They say nothing of the birth date. */
const gestationalAges: Table = new Map([[loinc, words('18185-9 11884-4 11885-1 76516-4')]]);

/** Births, deliveries, live births, newborns, and the Apgar scores: minutes after the birth. */
const births: Table = new Map([
  [loinc, words('9272-6 9273-4 9274-2 9271-8')],
  [
    snomed,
    words(
      '3950001 236973005 177184002 48782003 11466000 169826009 281050002 133933007 169895004 169909004 169922007 443848000 443849008',
    ),
  ],
]);

/** ICD-10: delivery, its outcome, liveborn infants, and conditions that begin in the perinatal period. */
const birthDiagnosis = /^(O8[0-4]|Z3[78]|P\d\d)/;

const codingsIn = (concept: unknown): readonly unknown[] =>
  isObject(concept) && Array.isArray(concept['coding']) ? concept['coding'] : [];

const isIn = (table: Table, coding: unknown): boolean => {
  if (!isObject(coding)) return false;
  const { system, code } = coding;
  return typeof system === 'string' && typeof code === 'string' && table.get(system)?.has(code) === true;
};

const concerns =
  (table: Table) =>
  (concept: unknown): boolean =>
    codingsIn(concept).some((coding) => isIn(table, coding));

export const isBirthDate = concerns(birthDates);
export const isAge = concerns(ages);
export const isGestationalAge = concerns(gestationalAges);

const isBirthCoding = (coding: Readonly<Record<string, unknown>>): boolean =>
  isIn(births, coding) ||
  (icd10.has(coding['system']) && typeof coding['code'] === 'string' && birthDiagnosis.test(coding['code']));

/** Days after the birth in which a date of the mission may be the birth date. */
const newbornDays = 28;

const isNewborn = (birthDate: unknown, at: string): boolean => {
  const born = typeof birthDate === 'string' && birthDate.length >= 10 ? Date.parse(birthDate.slice(0, 10)) : NaN;
  return Date.parse(at) - born < (newbornDays + 1) * 24 * 60 * 60_000;
};

/** Whether a resource, or what it contains, has a code of a birth or the birth date of a newborn. */
const signalsBirth = (value: unknown, at: string): boolean => {
  if (Array.isArray(value)) return value.some((one: unknown) => signalsBirth(one, at));
  if (!isObject(value)) return false;
  if (isBirthCoding(value) || isNewborn(value['birthDate'], at)) return true;
  return Object.values(value).some((one) => signalsBirth(one, at));
};

type Message = Pick<Entry, 'text' | 'receivedAt'>;

/** Of entries that are in memory: one message is read once per resource. */
const known = new WeakMap<Message, boolean>();

/** Whether a message is about a birth: a time of day in it may be that of the birth. */
export const isAboutBirth = (entry: Message): boolean => {
  const found = known.get(entry) ?? sentEntries(entry).some(({ resource }) => signalsBirth(resource, entry.receivedAt));
  known.set(entry, found);
  return found;
};
