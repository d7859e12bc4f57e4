// node call.mjs
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';

const tokenUrl = 'http://localhost:3001/token';
const hub = 'http://localhost:3000/fhir';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const proof = (htm, htu, token) => {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  const ath = token && createHash('sha256').update(token).digest('base64url');
  const head = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  const body = encode({ htm, htu, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ath });
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${head}.${body}.${signature.toString('base64url')}`;
};

const answer = await fetch(tokenUrl, {
  method: 'POST',
  headers: { DPoP: proof('POST', tokenUrl) },
  body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'amk-innlandet', scope: 'luftbro/read' }),
});
const { access_token: token } = await answer.json();

const url = `${hub}/Organization`;
const found = await fetch(`${url}?type=hospital`, {
  headers: { Authorization: `DPoP ${token}`, DPoP: proof('GET', url, token) },
});
console.log(found.status, await found.json());
