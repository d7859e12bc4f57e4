import { digestOf } from '../../schemas/identifiers.ts';
import { type Anchor, type AnchorFile, type AnchorHeader, type ChainEnd, chainedLogs } from './anchors.ts';

const parsed = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isPosition = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
const isTime = (value: unknown): value is string => isText(value) && !Number.isNaN(Date.parse(value));

const restoredIn = (value: unknown): AnchorHeader['restored'] => {
  const { at, asOf }: Readonly<Record<string, unknown>> = Object(value);
  return isTime(at) && isTime(asOf) ? { at, asOf } : undefined;
};

const headerOf = (line: string): AnchorHeader | undefined => {
  const { anchor, previous, hub, at, pass, restored } = parsed(line) ?? {};
  const { from, since, complete }: Readonly<Record<string, unknown>> = Object(pass);
  if (!isPosition(anchor) || !isText(previous) || !isText(hub) || !isTime(at)) return undefined;
  if (!isTime(from) || !isText(since) || typeof complete !== 'boolean') return undefined;
  const note = restoredIn(restored);
  if (restored !== undefined && note === undefined) return undefined;
  return {
    anchor,
    previous,
    hub,
    at,
    pass: { from, since, complete },
    ...(note === undefined ? {} : { restored: note }),
  };
};

const endOf = (line: string): ChainEnd | undefined => {
  const { log: name, chain, number, digest } = parsed(line) ?? {};
  const log = chainedLogs.find((one) => one === name);
  return log !== undefined && isText(chain) && isPosition(number) && isText(digest)
    ? { log, chain, number, digest }
    : undefined;
};

/** Reads the file of an anchor; `undefined` if it is not as it was written: cut, changed, or under another name. */
export const readAnchor = ({ name, text }: AnchorFile): Anchor | undefined => {
  const digest = digestOf(text);
  if (!text.endsWith('\n') || !name.endsWith(`-${digest}.jsonl`)) return undefined;
  const [first = '', ...lines] = text.slice(0, -1).split('\n');
  const header = headerOf(first);
  const ends = lines.map(endOf).filter((end) => end !== undefined);
  return header === undefined || ends.length < lines.length ? undefined : { ...header, ends, digest };
};
