import { GetCommand } from './commands.ts';
import { Unavailable } from '../../core/mission/errors.ts';
import type { Guideline, Guidelines } from '../../schemas/guideline.ts';
import { keys, type Table, updateIf } from './table.ts';
import { guidelinesCachedFor, knownAs, type Loading, withFirst } from '../guideline-versions.ts';
import { pack, unpack } from '../packed.ts';
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

/** All versions: those of the release, and those that were loaded. */
export const loadGuidelines = async (table: Table): Promise<Guidelines> =>
  withFirst((await read(table, { consistent: false })).versions);

const mostAttempts = 10;

/**
 * Adds a version; running functions see it within a minute. Missions name the version under which they were requested, so a
 * loaded version never changes: the same version with other content is refused.
 */
export const saveGuideline = async (table: Table, guideline: Guideline): Promise<Loading> => {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const { revision, versions } = await read(table, { consistent: true });
    const known = knownAs(guideline, versions);
    if (known !== undefined) return known;
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

/** The guidelines of a table as functions use them (`guidelinesCachedFor`). */
export const cachedGuidelines = (table: Table, now: () => number = Date.now): (() => Promise<Guidelines>) =>
  guidelinesCachedFor(() => loadGuidelines(table), now);
