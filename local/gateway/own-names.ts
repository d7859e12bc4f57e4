import type { RequestListener } from 'node:http';

/** The names by which this machine calls itself: the hub on a laptop listens to nobody else. */

const ownNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses with 421 what asks for another host. The name of a page elsewhere may lead to this machine (DNS rebinding):
 * then a browser lets that page read what is answered here, tokens too, and only `Host` tells.
 */
export const forThisMachine =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '');
    if (ownNames.has(host)) return listener(request, response);
    response.writeHead(421, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    response.end('This hub is for this machine only. Call it by localhost or 127.0.0.1.\n');
  };
