import type { RequestListener } from 'node:http';

/** The host names of this machine; the hub on a laptop accepts no others. */

const ownNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses requests for another host with 421. The name of a foreign page may resolve to this machine (DNS rebinding). Then a browser
 * lets that page read the answers, tokens too, and only the `Host` header shows it.
 */
export const forThisMachine =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '');
    if (ownNames.has(host)) return listener(request, response);
    response.writeHead(421, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    response.end('This hub is for this machine only. Call it as localhost or 127.0.0.1.\n');
  };
