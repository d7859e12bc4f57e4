import type { Guideline, Guidelines } from '../../schemas/guideline.ts';
import { guidelinesCachedFor, knownAs, type Loading, withFirst } from '../guideline-versions.ts';
import type { Database } from './database.ts';
import { json } from './rows.ts';

export interface GuidelineStore {
  /** All versions: those of the release, and those that were loaded. */
  readonly read: () => Promise<Guidelines>;
  /** Adds a version. The same version with other content is refused. */
  readonly save: (guideline: Guideline) => Promise<Loading>;
}

/** Guidelines on SQLite: one row for each version that was loaded, in that order. */
export const guidelineStore = (database: Database): GuidelineStore => {
  const all = database.statement('SELECT content FROM guidelines ORDER BY loaded');
  const insert = database.statement('INSERT INTO guidelines (version, content) VALUES ($version, $content)');
  const loaded = (): readonly Guideline[] => all.all({}).map(({ content }): Guideline => json(content));

  return {
    async read() {
      return withFirst(loaded());
    },

    save(guideline) {
      return database.write(() => {
        const known = knownAs(guideline, loaded());
        if (known !== undefined) return known;
        insert.run({ version: guideline.version, content: JSON.stringify(guideline) });
        return 'loaded';
      });
    },
  };
};

/** The guidelines of a database as functions use them (`guidelinesCachedFor`). */
export const cachedGuidelines = (
  store: Pick<GuidelineStore, 'read'>,
  now: () => number = Date.now,
): (() => Promise<Guidelines>) => guidelinesCachedFor(() => store.read(), now);
