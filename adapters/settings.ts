import * as z from 'zod/mini';
import { fewestShards, mostShards } from './dynamodb/shards.ts';

/** What a function reads of its environment: each variable is checked once, when the function starts. */

export type Environment = Readonly<Record<string, string | undefined>>;

const text = (expected: string, isValid: (value: string) => boolean = (value) => value !== '') =>
  z.string({ error: expected }).check(z.refine(isValid, { error: expected, abort: true }));

const isWebUrl = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
const webUrl = () => text('an http or https URL', isWebUrl);

/** Digits only: what is no number is refused here, so no limit can become `NaN`, which would limit nothing. */
const wholeNumber = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.pipe(
    text(
      `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`,
      (value) => /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most,
    ),
    z.transform(Number),
  );

const table = () => ({ TABLE_NAME: text('the name of the table') });
const publicUrl = () => ({ PUBLIC_URL: webUrl() });
/** Of the entrances that have names of their own. */
const otherBases = () => ({
  OTHER_BASES: z.pipe(
    text('base URLs separated by commas, or empty', (value) => value === '' || value.split(',').every(isWebUrl)),
    z.transform((value) => value.split(',').filter((one) => one !== '')),
  ),
});
const quickLane = () => ({ QUICK_LANE_URL: webUrl() });
const slowLane = () => ({ SLOW_LANE_URL: webUrl() });
const allowList = () => ({ ENDPOINT_ALLOW_LIST: text('origins separated by commas, or empty', () => true) });
/** Of the obligations index. */
const shards = () => ({
  OBLIGATION_SHARDS_WRITTEN: wholeNumber(fewestShards, mostShards),
  OBLIGATION_SHARDS_READ: wholeNumber(fewestShards, mostShards),
});
const readsWhatItWrites = () =>
  z.refine<{ readonly OBLIGATION_SHARDS_WRITTEN: number; readonly OBLIGATION_SHARDS_READ: number }>(
    (set) => set.OBLIGATION_SHARDS_READ >= set.OBLIGATION_SHARDS_WRITTEN,
    { path: ['OBLIGATION_SHARDS_READ'], error: 'at least OBLIGATION_SHARDS_WRITTEN' },
  );
/** Powertools reads it by itself; without it, the counts would have a namespace that no alarm looks at. */
const metrics = () => ({ POWERTOOLS_METRICS_NAMESPACE: text('the namespace of the metrics') });

const tokens = () => ({
  TOKEN_ISSUER: webUrl(),
  TOKEN_AUDIENCE: text('the name of this API at the token issuer'),
  TOKEN_BINDING: z.enum(['required', 'optional'], { error: '"required" or "optional"' }),
  PROOF_SECONDS_BACK: wholeNumber(1),
  PROOF_SECONDS_AHEAD: wholeNumber(0),
});

/** The variables of each function: no more than it needs. Made on demand, since each function needs only its own. */
export const settings = {
  authorize: () =>
    z.object({
      ...table(),
      ...publicUrl(),
      ...otherBases(),
      ...tokens(),
      BUDGET_SECONDS: wholeNumber(1),
      BUDGET_MESSAGES: wholeNumber(1),
      BUDGET_REQUESTS: wholeNumber(1),
    }),
  checkToken: () => z.object({ ...table(), ...publicUrl(), ...otherBases(), ...tokens() }),
  deliver: () =>
    z
      .object({ ...table(), ...shards(), ...publicUrl(), ...quickLane(), ...slowLane(), ...allowList(), ...metrics() })
      .check(readsWhatItWrites()),
  metadata: () => z.object({ ...table(), ...publicUrl() }),
  nightly: () => z.object({ ...table(), ANCHOR_BUCKET: text('the name of the bucket of the anchors') }),
  processMessage: () =>
    z
      .object({ ...table(), ...shards(), ...publicUrl(), ...quickLane(), ...slowLane(), ...metrics() })
      .check(readsWhatItWrites()),
  read: () => z.object({ ...table(), ...publicUrl() }),
  subscribe: () =>
    z.object({ ...table(), ...shards(), ...publicUrl(), ...slowLane(), ...allowList() }).check(readsWhatItWrites()),
  sweep: () =>
    z.object({ ...table(), ...shards(), ...quickLane(), ...slowLane(), ...metrics() }).check(readsWhatItWrites()),
} as const;

/** Throws for variables that are missing or not usable. The error names each, and shows no value: one could be a secret. */
export const readSettings = <Settings>(schema: () => z.ZodMiniType<Settings>, environment: Environment): Settings => {
  const read = z.safeParse(schema(), environment);
  if (read.success) return read.data;
  const faults = read.error.issues.map(({ path, message }) => {
    const name = String(path[0]);
    return `${name} is ${environment[name] === undefined ? 'missing' : 'not usable'}: set it to ${message}.`;
  });
  throw new Error(`The environment is not complete. ${faults.join(' ')}`);
};
