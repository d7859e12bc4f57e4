import { type Finding, findingKinds, type Reconciled } from '../../core/audit/reconcile/findings.ts';
import { codesOf } from '../../schemas/codes.ts';

/** Findings that are printed; `--json` has up to a thousand. */
const mostPrinted = 50;

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

const findingText = ({ kind, mission, entry, event, organisation, at, since }: Finding): string =>
  [
    `${mission}, entry ${entry}${event === '' ? '' : ` (${event})`}:`,
    organisation ?? '',
    findingKinds[kind],
    at === undefined ? '' : `[${at}]`,
    since === undefined ? '' : `since ${since}`,
  ]
    .filter((part) => part !== '')
    .join(' ');

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/** The line that says it all. */
const summaryOf = ({ missions, notifications, found, slowest }: Reconciled): string =>
  [
    counted(missions, 'mission'),
    counted(notifications, 'notification'),
    `${found.missing + found['subscription-missing']} missing`,
    ...(slowest === undefined ? [] : [`slowest ${seconds(slowest.milliseconds)}`]),
  ].join(', ');

const detailsOf = (result: Reconciled): readonly string[] => {
  const { entries, delivered, pending, pendingSince, givenUp, alerted, filtered, notKnown, unreadable, slowest } =
    result;
  return [
    `entries compared: ${entries}`,
    `delivered: ${delivered}; pending: ${pending}${pendingSince === undefined ? '' : ` (the oldest since ${pendingSince})`}; given up: ${givenUp}`,
    `alerted by phone message instead: ${alerted}`,
    `excluded by the party's own filter: ${filtered}`,
    ...(notKnown === 0
      ? []
      : [`cannot be known, because a filter or the directory was changed meanwhile: ${notKnown}`]),
    ...(unreadable === 0 ? [] : [`cannot be known, because the auditor cannot read the text: ${unreadable}`]),
    ...(slowest === undefined
      ? []
      : [
          `slowest: ${slowest.organisation}, ${slowest.mission}, entry ${slowest.entry}, ${seconds(slowest.milliseconds)}`,
        ]),
  ];
};

/** Prints the result. Returns 1 if there are findings. */
export const printResult = (result: Reconciled, json: boolean): number => {
  const { found, findings } = result;
  const kinds = codesOf(findingKinds).filter((kind) => found[kind] > 0);
  const all = kinds.reduce((sum, kind) => sum + found[kind], 0);
  if (json) console.log(JSON.stringify(result, undefined, 2));
  else {
    console.log(summaryOf(result));
    for (const line of detailsOf(result)) console.log(`  ${line}`);
    for (const kind of kinds) console.error(`${found[kind]} × ${findingKinds[kind]}`);
    for (const finding of findings.slice(0, mostPrinted)) console.error(`  ${findingText(finding)}`);
    if (all > mostPrinted) console.error(`  and ${all - mostPrinted} more; --json has the first ${findings.length}`);
  }
  return all > 0 ? 1 : 0;
};
