import type { Coding } from 'fhir/r4.d.ts';
import { cancelReasons, forwardReasons, refusalClasses } from '../../../schemas/codes.ts';
import { defined } from '../../../schemas/defined.ts';
import type { Guideline } from '../../../schemas/guideline.ts';
import type { Reason } from '../../../schemas/messages/message-type.ts';
import { systems } from '../../../schemas/names.ts';
import type { EntryContext } from './history-entry.ts';

/** Criteria, reasons and free text of one entry. */

/** Criteria of the mission's guideline. A code that the guideline does not have may be free text: only readers who may see persons get it. */
const codingsOf = (
  codes: readonly string[] | undefined,
  { guideline, version, persons }: EntryContext,
): readonly Coding[] =>
  (codes ?? []).flatMap((code): readonly Coding[] => {
    const known = Object.hasOwn(guideline.criteria, code) ? guideline.criteria[code] : undefined;
    return known === undefined && !persons
      ? []
      : [defined({ system: systems.missionCriterion, version, code, display: known?.display })];
  });

export const criteriaText = (codes: readonly string[] | undefined, context: EntryContext): string | undefined => {
  const texts = codingsOf(codes, context).map(({ code, display }) => display ?? code);
  return texts.length === 0 ? undefined : texts.join(', ');
};

/** Criteria that the message gives. */
export const criteriaOf = (context: EntryContext): readonly Coding[] =>
  codingsOf(context.entry.facts.criteria, context);

const guidelineText = ({ version }: EntryContext): string =>
  version === undefined ? 'the guideline' : `the guideline, version ${version}`;

export const criteriaSentence = (context: EntryContext): string | undefined => {
  const criteria = criteriaOf(context).map(({ code, display }) => display ?? code);
  return criteria.length === 0 ? undefined : `Criteria of ${guidelineText(context)}: ${criteria.join('; ')}.`;
};

export const isRefusalReason = ({ table }: Reason): boolean => table !== 'cancel-reason' && table !== 'forward-reason';

export const reasonText = ({ table, code }: Reason, guideline: Guideline): string => {
  const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'cancel-reason': cancelReasons,
    'forward-reason': forwardReasons,
  };
  return tables[table]?.[code] ?? guideline.refusalReasons[code]?.display ?? code;
};

/** Free text of the sender, after a sentence; empty for readers who may not see persons. */
const quoted = (text: string | undefined, { persons }: EntryContext): string =>
  text === undefined || !persons ? '' : ` In the sender's words: “${text}”`;

export const reasonSentence = (context: EntryContext): string | undefined => {
  const { guideline, entry } = context;
  const { reason } = entry.facts;
  if (reason === undefined) return undefined;
  const kind = reason.class === undefined ? '' : ` (${refusalClasses[reason.class].toLowerCase()} reason)`;
  const source = isRefusalReason(reason) ? `, from ${guidelineText(context)}` : '';
  return `Reason: ${reasonText(reason, guideline)}${kind}${source}.${quoted(reason.text, context)}`;
};

export const freeTextSentence = (context: EntryContext): string | undefined => {
  const text = quoted(context.entry.facts.words, context).trim();
  return text === '' ? undefined : text;
};
