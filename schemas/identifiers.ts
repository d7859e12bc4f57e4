import { hash } from 'node:crypto';

const sha256 = (parts: readonly string[]): Buffer => hash('sha256', JSON.stringify(parts), 'buffer');

/** A UUID derived from names: the same names give the same UUID (RFC 9562 version 8). */
export const uuidOf = (...names: readonly string[]): string => {
  const bytes = sha256(names).subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
};

/** The mission that a request opens: derived from its sender and its id, so that a request that is sent twice finds its own mission. */
export const missionIdOf = (sender: string, messageId: string): string => uuidOf('mission', sender, messageId);

/** The log of a resource's availability: derived from operator and call sign. Exercises have separate resources. */
export const resourceIdOf = (operator: string, sign: string, exercise: boolean): string =>
  uuidOf(exercise ? 'exercise resource' : 'resource', operator, sign);

/** Ids of the hub's own resources are addresses: mission, then entry number, then place in that entry's Bundle. */
export const entryAddress = (mission: string, entry: number): string => `${mission}.${entry}`;
export const resourceAddress = (mission: string, entry: number, index: number): string =>
  `${mission}.${entry}.${index}`;

export interface Address {
  readonly mission: string;
  readonly entry: number;
  readonly index?: number;
}

const missionPattern = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const missionId = new RegExp(`^${missionPattern}$`);
const addressPattern = new RegExp(
  `^(?<mission>${missionPattern})\\.(?<entry>[1-9]\\d{0,6})(?:\\.(?<index>0|[1-9]\\d{0,4}))?$`,
);

/** Whether a text has the form of the hub's mission numbers. */
export const isMissionId = (text: string): boolean => missionId.test(text);

export const parseAddress = (id: string): Address | undefined => {
  const groups = addressPattern.exec(id)?.groups;
  const mission = groups?.['mission'];
  const entry = groups?.['entry'];
  if (mission === undefined || entry === undefined) return undefined;
  const index = groups?.['index'];
  return { mission, entry: Number(entry), ...(index === undefined ? {} : { index: Number(index) }) };
};

/** Digest of a text, hexadecimal SHA-256. */
export const digestOf = (text: string): string => hash('sha256', text, 'hex');

const fingerprintLength = 8;

/** Short name (48 bits, 8 characters) of something already stored. A match must be verified against the log. */
export const fingerprintOf = (...names: readonly string[]): string =>
  sha256(names).toString('base64url').slice(0, fingerprintLength);

/** The fingerprints in a string of them. */
export const fingerprintsIn = (fingerprints: string): readonly string[] => fingerprints.match(/.{8}/g) ?? [];

/** Positions (from 0) of a fingerprint in a string of fingerprints. */
export const fingerprintPositions = (fingerprints: string, fingerprint: string): readonly number[] => {
  const found: number[] = [];
  for (let at = fingerprints.indexOf(fingerprint); at !== -1; at = fingerprints.indexOf(fingerprint, at + 1)) {
    if (at % fingerprintLength === 0) found.push(at / fingerprintLength);
  }
  return found;
};
