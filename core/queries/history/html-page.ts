import type { Provenance } from 'fhir/r4.d.ts';
import { digestOf } from '../../../schemas/identifiers.ts';
import { escapeXhtml } from '../../mission/text.ts';

/** The history of a mission as one HTML page: self-contained, without scripts, for printing. */

const style = `
body { font: 11pt/1.4 Georgia, 'Times New Roman', serif; color: #000; background: #fff; max-width: 46em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 15pt; overflow-wrap: anywhere; }
section { border-top: 1px solid #999; padding: .3em 0; break-inside: avoid; }
p, ul { margin: .35em 0; }
.exercise { position: sticky; top: 0; margin: 0 0 1em; padding: .4em; border: 3px solid #000; background: #ffd800; text-align: center; font: bold 14pt sans-serif; }
@media print { body { margin: 0 auto; } .exercise { position: fixed; left: 0; right: 0; } .exercise + h1 { margin-top: 3.5em; } }
`;

const styleSource = `'sha256-${Buffer.from(digestOf(style), 'hex').toString('base64')}'`;

export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src ${styleSource}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;

export interface HistoryPage {
  readonly mission: string;
  readonly exercise: boolean;
  /** Which part of the history the reader sees; absent if all of it. */
  readonly remark?: string;
  /** Messages that the log does not have; absent if there are none. */
  readonly gaps?: string;
  readonly entries: readonly Provenance[];
  /** URL of the next page, if there is one. */
  readonly next?: string;
}

export const historyPage = ({ mission, exercise, remark, gaps, entries, next }: HistoryPage): string => {
  const title = `${exercise ? 'EXERCISE: ' : ''}Mission ${mission}`;
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<title>${escapeXhtml(title)}</title>`,
    `<style>${style}</style></head><body>`,
    exercise ? '<p class="exercise">EXERCISE — this mission is not real</p>' : '',
    `<h1>${escapeXhtml(title)}</h1>`,
    '<p>The messages of the mission, in the order in which the hub received them. Times are Norwegian local time, with the offset from UTC. A time is when the hub received or did something, unless the text says “seen at”.</p>',
    remark === undefined ? '' : `<p>${escapeXhtml(remark)}</p>`,
    gaps === undefined ? '' : `<p><strong>${escapeXhtml(gaps)}</strong></p>`,
    // The narratives are already escaped.
    ...entries.map(({ id, text }) => `<section id="${escapeXhtml(id ?? '')}">${text?.div ?? ''}</section>`),
    next === undefined ? '' : `<p><a href="${escapeXhtml(next)}">Next messages</a></p>`,
    '</body></html>',
  ].join('\n');
};
