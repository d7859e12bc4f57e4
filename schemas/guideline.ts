import * as z from 'zod';
import bundled from './guidelines/2026.1.json' with { type: 'json' };
import {
  codesOf,
  type RefusalClass,
  refusalClasses,
  type TaskKind,
  taskKinds,
  type Urgency,
  urgencies,
} from './codes.ts';
import { moment, timeOf } from './fhir/datatypes.ts';
import { isObject } from './json/json.ts';

/**
 * One version of the guideline: data, loaded without a release. A mission keeps the version that was in force
 * when it was requested.
 */
export interface Guideline {
  /** Year and number, e.g. `2026.1`. */
  readonly version: string;
  /** ISO 8601. New missions are under this version from then on. */
  readonly validFrom: string;
  readonly title: string;
  /** Its source, and which parts of it are provisional. */
  readonly description?: string;
  /** Mission criteria: code system `mission-criterion`, each code with its display. */
  readonly criteria: Readonly<Record<string, { readonly display: string }>>;
  /** Refusal reasons: code system `refusal-reason`. */
  readonly refusalReasons: Readonly<Record<string, { readonly display: string; readonly class: RefusalClass }>>;
  /** Names of the urgencies. */
  readonly urgencies: Readonly<Record<Urgency, string>>;
  /** Seconds within which a person must acknowledge a Task. */
  readonly acknowledgementSeconds: Readonly<Record<TaskKind, Readonly<Record<Urgency, number>>>>;
  /** Seconds for which a decision can be deferred, at most. */
  readonly longestDeferralSeconds: number;
}

/** All versions, the earliest first; never empty. */
export type Guidelines = readonly [Guideline, ...Guideline[]];

/** The version in force at a time: the newest that is valid then, else the earliest. */
export const guidelineInForce = (guidelines: Guidelines, at: string): Guideline =>
  guidelines.reduce((best, one) =>
    timeOf(one.validFrom) <= timeOf(at) &&
    (timeOf(best.validFrom) > timeOf(at) || timeOf(one.validFrom) >= timeOf(best.validFrom))
      ? one
      : best,
  );

/** The version that a mission was requested under; the earliest if that version is unknown. */
export const guidelineOf = (guidelines: Guidelines, version: string): Guideline =>
  guidelines.find((one) => one.version === version) ?? guidelines[0];

const longestDeadline = 24 * 60 * 60;

let fileSchema: ReturnType<typeof makeFileSchema> | undefined;

/** Made when a file is first read, because it takes time and the functions read none. */
const makeFileSchema = () => {
  const words = z.string().trim().min(1, 'is empty').max(200, 'is longer than 200 characters');
  /** A code table of the guideline; with `needed`, it must have that code. */
  const codeTable = <Row extends z.ZodType>(row: Row, needed?: string) =>
    z.record(z.string(), row).superRefine(
      (table, context) => {
        const codes = Object.keys(table);
        for (const code of codes) {
          if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(code) || code.length > 64)
            context.addIssue({
              code: 'custom',
              path: [code],
              message: 'is not a code: at most 64 small letters and digits, in parts joined by "-"',
            });
        }
        if (codes.length === 0) context.addIssue({ code: 'custom', message: 'holds no code' });
        else if (needed !== undefined && !codes.includes(needed))
          context.addIssue({ code: 'custom', message: `lacks the code "${needed}"` });
      },
      // Also if a row is faulty, so that all faults are reported at once.
      { when: ({ value }) => isObject(value) },
    );
  const seconds = z
    .int('must be whole seconds')
    .min(1, 'must be at least one second')
    .max(longestDeadline, `must be at most a day, ${longestDeadline} seconds`);
  const secondsByUrgency = z.strictObject({ stat: seconds, urgent: seconds, routine: seconds });
  return z.strictObject({
    version: z.string().regex(/^\d{4}\.[1-9]\d{0,3}$/, 'is not a version: year, full stop, number, e.g. 2026.1'),
    validFrom: moment,
    title: words,
    description: z.string().trim().min(1, 'is empty').max(2_000, 'is longer than 2000 characters').exactOptional(),
    criteria: codeTable(z.strictObject({ display: words })),
    // A reason without a code of its own is given as "other", with a text.
    refusalReasons: codeTable(z.strictObject({ display: words, class: z.enum(codesOf(refusalClasses)) }), 'other'),
    urgencies: z.record(z.enum(codesOf(urgencies)), words),
    acknowledgementSeconds: z.record(z.enum(codesOf(taskKinds)), secondsByUrgency),
    longestDeferralSeconds: seconds,
  });
};

export type GuidelineReading = { readonly guideline: Guideline } | { readonly faults: readonly string[] };

const pathOf = (path: readonly PropertyKey[]): string => ['Guideline', ...path.map(String)].join('.');

const sayingsOf = (issue: z.core.$ZodIssue): readonly string[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.map((key) => `${pathOf([...issue.path, key])}: is not known here`)
    : [
        `${pathOf(issue.path)}: ${issue.code === 'invalid_type' && issue.input === undefined ? 'is missing' : issue.message}`,
      ];

/** Reads a guideline file. Returns all faults, each with its path. */
export const readGuideline = (value: unknown): GuidelineReading => {
  fileSchema ??= makeFileSchema();
  const read = fileSchema.safeParse(value, { reportInput: true });
  return read.success ? { guideline: read.data } : { faults: read.error.issues.flatMap(sayingsOf) };
};

const refusalClassOf = (code: string): RefusalClass => {
  const found = codesOf(refusalClasses).find((one) => one === code);
  if (found === undefined) throw new Error(`the bundled guideline is faulty: no class of refusals is called ${code}`);
  return found;
};

/** The guideline of the release. The compiler and a test check it; the functions do not at start. */
const bundledGuideline = (): Guideline => ({
  ...bundled,
  refusalReasons: Object.fromEntries(
    Object.entries(bundled.refusalReasons).map(([code, { display, class: kind }]) => [
      code,
      { display, class: refusalClassOf(kind) },
    ]),
  ),
});

/** A refusal reason of a version; `undefined` for a code that it does not have. */
export const refusalReasonIn = (
  { refusalReasons }: Guideline,
  code: string,
): Guideline['refusalReasons'][string] | undefined =>
  Object.hasOwn(refusalReasons, code) ? refusalReasons[code] : undefined;

/** The versions until one is loaded: the guideline of the release. */
export const firstGuidelines: Guidelines = [bundledGuideline()];
