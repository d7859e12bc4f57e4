import { GetCommand } from './commands.ts';
import { Unavailable } from '../../core/mission/errors.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import { firstGuidelines, type Guideline, type Guidelines } from '../../schemas/guideline.ts';
import { canonicalText } from '../../schemas/json/json.ts';
import { keys, pack, type Table, unpack, updateIf } from './table.ts';
import { reach } from '../transient-faults.ts';

interface Loaded {
  /** Counts the writes, so that two at once are seen. */
  readonly revision: number;
  /** In the order in which they were loaded. */
  readonly versions: readonly Guideline[];
}

const read = async (
  { client, name: TableName }: Table,
  { consistent: ConsistentRead }: { readonly consistent: boolean },
): Promise<Loaded> => {
  const { Item } = await reach(() => client.send(new GetCommand({ TableName, Key: keys.guidelines, ConsistentRead })));
  return Item === undefined
    ? { revision: 0, versions: [] }
    : { revision: Number(Item['revision']), versions: unpack(Item['packed']) };
};

/** Sorted by validity. Of two versions for the same moment the one that was loaded later comes later, so it is in force. */
const allOf = (loaded: readonly Guideline[]): Guidelines => {
  const byVersion = new Map([...firstGuidelines, ...loaded].map((one) => [one.version, one]));
  const [first, ...rest] = [...byVersion.values()].sort((a, b) => timeOf(a.validFrom) - timeOf(b.validFrom));
  return first === undefined ? firstGuidelines : [first, ...rest];
};

/** All versions: those of the release, and those that were loaded. */
export const loadGuidelines = async (table: Table): Promise<Guidelines> =>
  allOf((await read(table, { consistent: false })).versions);

const mostAttempts = 10;

/**
 * Adds a version; running functions see it within a minute. Missions name the version under which they were requested, so a
 * loaded version never changes: the same version with other content is refused.
 */
export const saveGuideline = async (
  table: Table,
  guideline: Guideline,
): Promise<'loaded' | 'known' | 'known-with-other-content'> => {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const { revision, versions } = await read(table, { consistent: true });
    const known = allOf(versions).find(({ version }) => version === guideline.version);
    if (known !== undefined)
      return canonicalText(known) === canonicalText(guideline) ? 'known' : 'known-with-other-content';
    // An update, not a put: other attributes, which a newer release may have stored, stay.
    const written = await updateIf(table, {
      key: keys.guidelines,
      set: { revision: revision + 1, packed: pack([...versions, guideline]) },
      when: revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :revision',
      values: { revision },
    });
    if (written) return 'loaded';
  }
  throw new Unavailable('guidelines are being loaded by others, try again');
};

/** Guidelines change rarely: a function caches them for a minute. */
const keepMilliseconds = 60_000;

export const cachedGuidelines = (table: Table, now: () => number = Date.now): (() => Promise<Guidelines>) => {
  let kept: { readonly guidelines: Guidelines; readonly until: number } | undefined;
  return async () => {
    if (kept === undefined || now() >= kept.until)
      kept = { guidelines: await loadGuidelines(table), until: now() + keepMilliseconds };
    return kept.guidelines;
  };
};
