import { codesOf } from '../../schemas/codes.ts';
import type { Guideline } from '../../schemas/guideline.ts';

const statementsOf = (guideline: Guideline): ReadonlyMap<string, string> =>
  new Map([
    ['title', guideline.title],
    ...Object.entries(guideline.criteria).map(([code, { display }]) => [`criterion ${code}`, display] as const),
    ...Object.entries(guideline.refusalReasons).map(
      ([code, reason]) => [`refusal reason ${code}`, `${reason.display} (${reason.class})`] as const,
    ),
    ...codesOf(guideline.urgencies).map((code) => [`urgency ${code}`, guideline.urgencies[code]] as const),
    ...codesOf(guideline.acknowledgementSeconds).flatMap((kind) =>
      codesOf(guideline.acknowledgementSeconds[kind]).map(
        (urgency) =>
          [`deadline of ${kind}, ${urgency}`, `${guideline.acknowledgementSeconds[kind][urgency]} s`] as const,
      ),
    ),
    ['longest deferral', `${guideline.longestDeferralSeconds} s`],
  ]);

/** How one version differs from another, one line for each difference. */
export const differences = (before: Guideline, after: Guideline): readonly string[] => {
  const [old, young] = [statementsOf(before), statementsOf(after)];
  return [...new Set([...old.keys(), ...young.keys()])].flatMap((what) => {
    const [was, is] = [old.get(what), young.get(what)];
    if (was === is) return [];
    if (was === undefined) return [`new ${what}: ${is}`];
    return is === undefined ? [`no more ${what}`] : [`${what}: ${is}, was: ${was}`];
  });
};
