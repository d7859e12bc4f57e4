import { timeOf } from '../schemas/fhir/datatypes.ts';
import { firstGuidelines, type Guideline, type Guidelines } from '../schemas/guideline.ts';
import { canonicalText } from '../schemas/json/json.ts';

/** The versions of the guideline as functions use them, whatever stores those that were loaded. */

/** Sorted by validity. Of two versions for the same moment the one that was loaded later comes later, so it is in force. */
export const withFirst = (loaded: readonly Guideline[]): Guidelines => {
  const byVersion = new Map([...firstGuidelines, ...loaded].map((one) => [one.version, one]));
  const [first, ...rest] = [...byVersion.values()].sort((a, b) => timeOf(a.validFrom) - timeOf(b.validFrom));
  return first === undefined ? firstGuidelines : [first, ...rest];
};

/** Result of loading a version. */
export type Loading = 'loaded' | 'known' | 'known-with-other-content';

/** Whether a version is known already: missions name it, so a version never changes. */
export const knownAs = (guideline: Guideline, loaded: readonly Guideline[]): Exclude<Loading, 'loaded'> | undefined => {
  const known = withFirst(loaded).find(({ version }) => version === guideline.version);
  if (known === undefined) return undefined;
  return canonicalText(known) === canonicalText(guideline) ? 'known' : 'known-with-other-content';
};

const keepMilliseconds = 60_000;

/** Guidelines change rarely: they are cached for a minute. */
export const guidelinesCachedFor = (
  read: () => Promise<Guidelines>,
  now: () => number,
): (() => Promise<Guidelines>) => {
  let kept: { readonly guidelines: Guidelines; readonly until: number } | undefined;
  return async () => {
    if (kept === undefined || now() >= kept.until) kept = { guidelines: await read(), until: now() + keepMilliseconds };
    return kept.guidelines;
  };
};
