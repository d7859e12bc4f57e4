import type { Fault } from '../faults.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { isObject } from '../json/json.ts';
import { exerciseCode, systems } from '../names.ts';

/**
 * Whether a message belongs to an exercise. The label is exactly one coding, in `Bundle.meta.security` or in
 * `MessageHeader.meta.security`. A code `HTEST` elsewhere, or a mention in `meta`, could be a label that was meant and misspelt:
 * the hub never guesses whether a mission is real. URIs, names and free text are not searched: a real emergency with a patient
 * `H. Test`, or from a test host, must not be refused.
 */

/** A text in upper case, without characters that nobody can see and without compatibility forms. */
const visible = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, (character) => (/\s/.test(character) ? ' ' : ''))
    .toUpperCase();

const isCode = (text: string): boolean => visible(text).replaceAll(/\s/gu, '') === exerciseCode;

/** The label as a word, or its official display. */
const mention = new RegExp(
  String.raw`(?<![\p{L}\p{N}])(?:${exerciseCode}|TEST\s+HEALTH\s+DATA|TESTHEALTHDATA)(?![\p{L}\p{N}])`,
  'u',
);

/** In `meta`, free text has no place: any mention of the label counts. */
const isMention = (text: string): boolean => {
  const shown = visible(text);
  return mention.test(shown) || shown.replaceAll(/[^\p{L}\p{N}]/gu, '') === exerciseCode;
};

/** Members of `meta`, and of codings in it, that are addresses or times. */
const addresses = new Set(['profile', 'source', 'system', 'url', 'id', 'versionId', 'lastUpdated']);

/** Elements of type `code`: `Coding.code`, and `valueCode` of an extension. */
const isCodeElement = (name: string): boolean => name === 'code' || name === 'valueCode';

const isLabel = (value: Readonly<Record<string, unknown>>): boolean =>
  value['system'] === systems.actReason && value['code'] === exerciseCode;

const labelPath = /^Bundle(?:\.entry\[\d+\]\.resource(?:\.contained\[\d+\])?)?\.meta\.security\[\d+\]$/;
const decidingPath = /^Bundle(?:\.entry\[0\]\.resource)?\.meta\.security\[\d+\]$/;

interface Labels {
  /** FHIRPaths of exact labels. */
  readonly exact: string[];
  /** FHIRPaths of what only reads like a label. */
  readonly odd: string[];
}

interface Place {
  /** FHIRPath. */
  readonly path: string;
  /** Name of the element. */
  readonly name: string;
  readonly inMeta: boolean;
}

const look = (value: unknown, { path, name, inMeta }: Place, labels: Labels): void => {
  if (typeof value === 'string') {
    if (inMeta ? isMention(value) : isCodeElement(name) && isCode(value)) labels.odd.push(path);
  } else if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => look(item, { path: `${path}[${index}]`, name, inMeta }, labels));
  } else if (isObject(value)) {
    if (isLabel(value) && labelPath.test(path)) labels.exact.push(path);
    else
      for (const [member, content] of Object.entries(value)) {
        if (inMeta && addresses.has(member)) continue;
        look(content, { path: `${path}.${member}`, name: member, inMeta: inMeta || member === 'meta' }, labels);
      }
  }
};

/** Letters that stand for others in compatibility forms, such as full-width or superscript letters. */
const compatibility = /[\u017F\u02B0-\u02E4\u1D2C-\u1DBF\u2070-\u2BFF\uFF00-\uFFEF\uD835-\uD83C]/;

/** Most messages have no such text: they are not walked through. An escaped character could hide one. */
const mayMention = (text: string): boolean =>
  /h[^a-z0-9]*t[^a-z0-9]*e[^a-z0-9]*s[^a-z0-9]*t/i.test(text) ||
  /health[^a-z0-9]*data/i.test(text) ||
  text.includes('\\u') ||
  compatibility.test(text);

const advice = `label an exercise in Bundle.meta.security or MessageHeader.meta.security, with system ${systems.actReason} and code ${exerciseCode}; leave the label out of a real mission`;

const fault = (at: string, problem: string): Fault => ({
  code: 'exercise-mismatch',
  at,
  detail: `${problem}: ${advice}`,
});

/** Reads the label of a Bundle; `text` is its JSON text. */
export const readExercise = (bundle: Readonly<Record<string, unknown>>, text: string): Parsed<boolean> => {
  if (!mayMention(text)) return { ok: true, value: false };
  const labels: Labels = { exact: [], odd: [] };
  look(bundle, { path: 'Bundle', name: 'Bundle', inMeta: false }, labels);
  const isExercise = labels.exact.some((path) => decidingPath.test(path));
  const faults = [
    ...labels.odd.map((path) => fault(path, 'reads like the label of an exercise, and is not that label')),
    ...(isExercise
      ? []
      : labels.exact.map((path) => fault(path, 'labels one resource, and not the Bundle or its MessageHeader'))),
  ];
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: isExercise };
};
