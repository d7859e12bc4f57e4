/** The checks of a token and its proof, in their order (`GET /fhir/check-token`). Each needs those before it. */
export const tokenChecks = {
  header: 'the Authorization header',
  token: 'the token: signature, issuer, audience, times, organisation',
  proof: 'the binding of the token to a key, and the proof of the key for this request',
  replay: 'that the proof was not used before',
  organisation: 'the organisation in the directory',
  scope: 'the scopes of this hub',
} as const;
export type TokenCheck = keyof typeof tokenChecks;

/**
 * Why a token or its proof is not acceptable. The codes are in the log and in the answer of `check-token`; neither shows token or
 * proof. What is wrong, then what to do; `http.Authorization` is the place of the token, `http.DPoP` that of the proof.
 */
export const tokenFaults = {
  'malformed-header':
    'There is no Authorization header, more than one, or one of another form. Send one: "DPoP <token>".',
  malformed:
    'This is not a signed JWT: three parts in base64url with dots between them. Send it as it was issued or signed.',
  'missing-claim':
    'A claim is missing or has another type. A token needs exp; a proof needs jti, iat, htm, htu and ath.',
  'wrong-type': 'The header typ is another one. A token has at+jwt or JWT, a proof has dpop+jwt.',
  'wrong-algorithm':
    'The signing algorithm is not accepted. Use RS256, PS256 or ES256, or one of them with 384 or 512.',
  'wrong-key':
    'The key is unknown. A token must be signed by a key that the issuer publishes now; a proof has its public key in jwk.',
  'wrong-signature': 'The signature does not match. Sign with the private key of the key that is named.',
  'wrong-issuer': 'The token is of another issuer. Get it from the issuer in diagnostics.',
  'wrong-audience':
    'The token is for another API, or for several. Ask the issuer for a token with the audience in diagnostics only.',
  expired: 'The token has expired. Get a new one; see diagnostics for the clock of the hub.',
  'not-yet-valid': 'The token is not valid yet. Synchronise the clock; see diagnostics for the clock of the hub.',
  'no-organisation':
    'The token has no organisation number of nine digits (orgnr_parent), or an odd one (orgnr_child, orgnr_supplier). Correct the client at the issuer.',
  'not-bound': 'The token is not bound to a key (cnf.jkt). Send a DPoP proof when you ask the issuer for the token.',
  bound: 'The token is bound in a way that the hub does not check. Bind it to a key by DPoP (cnf.jkt).',
  'no-proof':
    'The token is bound to a key, and the proof is missing. Send "Authorization: DPoP <token>" and the header DPoP.',
  'several-proofs': 'There is more than one DPoP header. Send one proof.',
  'private-key-in-proof': 'The proof contains a private key. Replace this key at once, and send the public part only.',
  'wrong-method': 'htm is not the method of the request. Make a proof for each request.',
  'wrong-address': 'htu is not the URL of the request. Use the URL that you call, without query and fragment.',
  'stale-proof': 'The proof is too old. Make it just before you send; see diagnostics for the clock of the hub.',
  'future-proof': 'The proof is from the future. Synchronise the clock; see diagnostics for the clock of the hub.',
  'other-token': 'ath is not the digest of this token. Give base64url of the SHA-256 of the token that you send.',
  'other-key':
    'The proof is signed with another key than the token is bound to. Use the key with which you got the token.',
  replayed: 'The proof was used before. Make a new one, with a new jti, for each request, also when you send again.',
} as const;
export type TokenFault = keyof typeof tokenFaults;
