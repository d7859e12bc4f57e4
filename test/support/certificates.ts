import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';

/** X.509 certificates for tests, made when they are needed and known to nobody (RFC 5280; DER by hand, as no tool may be there). */

const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(contents);
  const size: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
  const length = content.length < 128 ? [content.length] : [128 + size.length, ...size];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

const ecdsaWithSha256 = sequence(hex('06082a8648ce3d040302'));
const commonName = (name: string): Buffer =>
  sequence(der(0x31, sequence(hex('0603550403'), der(0x0c, Buffer.from(name)))));
const time = (at: Date): Buffer => der(0x18, Buffer.from(at.toISOString().replace(/[-:T]|\.\d+/g, '')));
const extension = (id: string, value: Buffer): Buffer => sequence(hex(id), hex('0101ff'), der(0x04, value));

export interface Certificate {
  readonly name: string;
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

interface Wanted {
  /** Common name, and the one DNS name it is good for. */
  readonly name: string;
  /** By default it signs itself. */
  readonly issuer?: Certificate;
  readonly isAuthority?: boolean;
  readonly from?: Date;
  readonly until?: Date;
}

const day = 86_400_000;
const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A certificate of one name with a key of its own (P-256), by default good from yesterday until tomorrow. */
export const certificateFor = ({
  name,
  issuer,
  isAuthority = false,
  from = new Date(Date.now() - day),
  until = new Date(Date.now() + day),
}: Wanted): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signingKey = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const content = sequence(
    der(0xa0, hex('020102')),
    // A serial number is positive and has no leading zero.
    der(0x02, Buffer.from([0x01]), randomBytes(15)),
    ecdsaWithSha256,
    commonName(issuer?.name ?? name),
    sequence(time(from), time(until)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      0xa3,
      sequence(
        extension('0603551d13', isAuthority ? sequence(hex('0101ff')) : sequence()),
        extension('0603551d11', sequence(der(0x82, Buffer.from(name)))),
      ),
    ),
  );
  const signature = sign('sha256', content, signingKey);
  const bytes = sequence(content, ecdsaWithSha256, der(0x03, hex('00'), signature));
  return { name, cert: new X509Certificate(bytes).toString(), key: privatePem(privateKey) };
};
