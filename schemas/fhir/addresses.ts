/**
 * URLs and references, compared by what they mean, not by how they are spelt (RFC 3986 6.2, RFC 8141 3.1, FHIR R4
 * references.html 2.3.0.1 and bundle.html 2.36.4.1).
 */

/** `Type/id` with an optional version: the end of a RESTful URL, or a relative reference. */
interface ResourceName {
  readonly type: string;
  readonly id: string;
  readonly version?: string;
}

/** A reference by its form. URLs are normalised. */
export type ParsedReference =
  /** `#id`; `#` alone is the container, with an empty id. */
  | { readonly form: 'contained'; readonly id: string }
  | ({ readonly form: 'relative' } & ResourceName)
  /** A RESTful URL. `url` has no version; `root` is the base URL of the server. */
  | ({ readonly form: 'restful'; readonly url: string; readonly root: string } & ResourceName)
  /** Any other absolute URI: a URN, or a URL that is not RESTful. */
  | { readonly form: 'absolute'; readonly url: string }
  | { readonly form: 'none' };

const resourceName = /^([A-Z][A-Za-z]{0,63})\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/;

const nameIn = (text: string): ResourceName | undefined => {
  const [, type, id, version] = resourceName.exec(text) ?? [];
  if (type === undefined || id === undefined) return undefined;
  return { type, id, ...(version === undefined ? {} : { version }) };
};

/** Decodes percent-encoded characters that need no encoding (RFC 3986 2.3); the others are written in upper case. */
const decodeUnreserved = (text: string): string =>
  text.includes('%')
    ? text.replace(/%[0-9a-f]{2}/gi, (encoded) => {
        const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
        return /[A-Za-z0-9\-._~]/.test(character) ? character : encoded.toUpperCase();
      })
    : text;

const decodeAscii = (text: string): string =>
  text.replace(/%[0-7][0-9a-f]/gi, (encoded) => String.fromCharCode(Number.parseInt(encoded.slice(1), 16)));

const trimSlashes = (path: string): string =>
  decodeUnreserved(path)
    .replace(/\/{2,}/g, '/')
    .replace(/\/$/, '');

const isHttp = ({ protocol }: URL): boolean => protocol === 'https:' || protocol === 'http:';

/** Host and port as they are compared: without the dot of a fully qualified name. */
const hostOf = ({ hostname, port }: URL): string => `${hostname.replace(/\.$/, '')}${port === '' ? '' : `:${port}`}`;

/** The name of a URN without regard to case: UUIDs and OIDs are compared so; other names only as far as RFC 8141 says so. */
const normalUrn = (text: string): string => {
  const [, namespace = '', name = ''] = /^urn:([^:]*):?(.*)$/is.exec(text) ?? [];
  const space = namespace.toLowerCase();
  return `urn:${space}:${space === 'uuid' || space === 'oid' ? name.toLowerCase() : name}`;
};

/** An absolute URI in one spelling; `undefined` if it is not absolute. */
const absolute = (text: string): string | undefined => {
  if (/^urn:/i.test(text)) return normalUrn(text);
  const url = URL.parse(text);
  if (url === null) return undefined;
  // `URL.parse` lower-cases scheme and host, and removes default ports and dot segments.
  return isHttp(url) ? `${url.protocol}//${hostOf(url)}${trimSlashes(url.pathname)}${url.search}${url.hash}` : text;
};

const history = '/_history/';

/** Splits a RESTful URL. Only the last two or four segments are looked at, so it takes linear time. */
const restful = (url: string): ParsedReference | undefined => {
  const versioned = url.lastIndexOf(history);
  const end = versioned === -1 ? url.length : versioned;
  const slash = url.lastIndexOf('/', url.lastIndexOf('/', end - 1) - 1);
  const name = slash === -1 ? undefined : nameIn(url.slice(slash + 1));
  const root = url.slice(0, Math.max(slash, 0));
  // The root has a host: not only `https:/`.
  if (name === undefined || !/^https?:\/\/[^/]/.test(root)) return undefined;
  return { form: 'restful', url: `${root}/${name.type}/${name.id}`, root, ...name };
};

/** The usual spelling of a UUID as URN: nothing of it needs another. */
const usualUuid = /^urn:uuid:[0-9a-f-]{36}$/;

/** Parses `Reference.reference` or `Bundle.entry.fullUrl`. */
export const parseReference = (text: string): ParsedReference => {
  if (usualUuid.test(text)) return { form: 'absolute', url: text };
  if (text.startsWith('#')) return { form: 'contained', id: text.slice(1) };
  const url = absolute(text);
  if (url !== undefined) return restful(url) ?? { form: 'absolute', url };
  const name = nameIn(trimSlashes(text));
  return name === undefined ? { form: 'none' } : { form: 'relative', ...name };
};

/** The UUID of `urn:uuid:…`, in lower case. */
export const uuidIn = (url: string | undefined): string | undefined =>
  /^urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(url ?? '')?.[1]?.toLowerCase();

/** Levels of percent-encoding that `looseUrl` removes. No known reader removes more. */
const decodedLevels = 3;

/** A URL as a careless reader could understand it: without scheme and its port, decoded, in lower case, with `/` at the end. */
const looseUrl = (text: string): string | undefined => {
  if (text.startsWith('urn:') || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (!isHttp(url)) return undefined;
  const port = ['80', '443', ''].includes(url.port) ? '' : `:${url.port}`;
  let path = url.pathname;
  for (let level = 0; level < decodedLevels; level += 1) path = decodeAscii(path);
  // Dots that were encoded twice are steps only now.
  const { pathname } = new URL(`https://host${path.replace(/[?#\\]/g, '/')}`);
  return `${url.hostname.replace(/\.$/, '')}${port}${pathname}/`.replace(/\/{2,}/g, '/').toLowerCase();
};

/** Tells whether a URL is this base URL or below it, however it is spelt. It rather says yes: it keeps names free. */
export const belowBase = (base: string): ((text: string) => boolean) => {
  const reserved = looseUrl(base) ?? base;
  return (text) => looseUrl(text)?.startsWith(reserved) === true;
};

/** An absolute URI in one spelling, as the roots of RESTful URLs have it; another text as it is. */
export const normalUrl = (text: string): string => absolute(text) ?? text;
