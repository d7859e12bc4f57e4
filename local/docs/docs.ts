import { readFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readClients } from '../issuer/clients.ts';

/** Serves the API reference at `/docs`, where every example can be tried. On this machine only: the stack does not have it. */
interface DocsSettings {
  /** Base URL of the hub; ends in /fhir. */
  readonly url: string;
  readonly issuerUrl: string;
  readonly issuer: RequestListener;
  readonly clientsFile: string;
  /** The folder to delete for a new start. */
  readonly dataDir: string;
}

const referenceSchema = z.looseObject({
  servers: z.tuple([z.looseObject({ url: z.string() })]),
  paths: z.record(
    z.string(),
    z.record(z.string(), z.looseObject({ security: z.array(z.record(z.string(), z.array(z.string()))) })),
  ),
  components: z.looseObject({
    securitySchemes: z.looseObject({
      accessToken: z.looseObject({ flows: z.object({ clientCredentials: z.looseObject({ tokenUrl: z.string() }) }) }),
    }),
  }),
});

const require = createRequire(import.meta.url);
const project = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Files of the page, by address. */
const files: ReadonlyMap<string, readonly [file: string, type: string]> = new Map([
  ['/docs', [project('index.html'), 'text/html; charset=utf-8']],
  ['/docs/page.js', [project('page.js'), 'text/javascript; charset=utf-8']],
  ['/docs/page.css', [project('page.css'), 'text/css; charset=utf-8']],
  ['/docs/swagger-ui.css', [require.resolve('swagger-ui-dist/swagger-ui.css'), 'text/css; charset=utf-8']],
  [
    '/docs/swagger-ui-bundle.js',
    [require.resolve('swagger-ui-dist/swagger-ui-bundle.js'), 'text/javascript; charset=utf-8'],
  ],
  ['/docs/favicon-32x32.png', [require.resolve('swagger-ui-dist/favicon-32x32.png'), 'image/png']],
]);

const headers = {
  // Nothing is loaded from elsewhere, and no inline script runs.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/** Replaces all addresses in one pass: the address of this hub may equal one of those to be replaced. */
const withAddresses = (document: string, addresses: readonly (readonly [from: string, to: string])[]): string => {
  const here = new Map(addresses);
  const any = new RegExp(addresses.map(([from]) => RegExp.escape(from)).join('|'), 'g');
  return document.replaceAll(any, (from) => here.get(from) ?? from);
};

/** The committed document, with the addresses of this hub instead of the placeholders. */
const referenceOf = async ({ url, issuerUrl }: DocsSettings): Promise<string> => {
  const document = await readFile(project('../../docs/openapi.json'), 'utf8');
  const committed = referenceSchema.parse(JSON.parse(document));
  const { tokenUrl } = committed.components.securitySchemes.accessToken.flows.clientCredentials;
  const here = withAddresses(document, [
    [committed.servers[0].url, url],
    [tokenUrl, `${issuerUrl}/token`],
    ['http://localhost:3000/fhir', url],
    ['http://localhost:3001', issuerUrl],
    ['https://partner.example/notify', new URL('/docs/inbox/partner', url).href],
  ]);
  const reference = referenceSchema.parse(JSON.parse(here));
  const { proof: _proof, ...schemes } = reference.components.securitySchemes;
  const components = { ...reference.components, securitySchemes: schemes };
  return JSON.stringify({ ...reference, paths: bearerPaths(reference.paths), components });
};

/** Removes proofs: here a token needs none, and a form cannot make one for each request. */
const bearerPaths = (paths: z.output<typeof referenceSchema>['paths']): unknown =>
  Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, { security, ...operation }]) => [
          method,
          { ...operation, security: security.map(({ proof: _proof, ...rest }) => rest) },
        ]),
      ),
    ]),
  );

/** Number of notifications that are kept for each listener. */
const mostKept = 20;

const send = (response: ServerResponse, status: number, type: string, body: string | Buffer): void => {
  response.writeHead(status, { ...headers, 'content-type': type });
  response.end(body);
};

const json = 'application/json; charset=utf-8';

/** The listener for a path below `/docs`; `undefined` for every other path. */
export const createDocs = (settings: DocsSettings): ((request: IncomingMessage) => RequestListener | undefined) => {
  const inbox = new Map<string, { readonly webhookId: string; readonly notification: unknown }[]>();

  const clients = async () =>
    Object.entries(await readClients(settings.clientsFile)).map(([name, { orgnr_parent, orgnr_child }]) => ({
      name,
      organisation: orgnr_child ?? orgnr_parent,
    }));

  const receive = async (name: string, request: IncomingMessage): Promise<void> => {
    const notification: unknown = JSON.parse(await text(request));
    const kept = inbox.get(name) ?? [];
    inbox.set(name, [{ webhookId: String(request.headers['webhook-id']), notification }, ...kept].slice(0, mostKept));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const { method } = request;
    const [, listener] = /^\/docs\/inbox\/([a-z-]{1,60})$/.exec(path) ?? [];
    if (listener !== undefined && method === 'POST') {
      await receive(listener, request);
      response.writeHead(204, headers).end();
      return;
    }
    if (method !== 'GET') return send(response, 405, 'text/plain', 'Only GET.\n');
    if (path === '/docs/inbox') return send(response, 200, json, JSON.stringify(Object.fromEntries(inbox), null, 2));
    if (path === '/docs/openapi.json') return send(response, 200, json, await referenceOf(settings));
    if (path === '/docs/hub.json')
      return send(response, 200, json, JSON.stringify({ clients: await clients(), dataDir: settings.dataDir }));
    const { host, href } = new URL('/docs', settings.url);
    if (path === '/docs' && request.headers.host !== host) {
      // The document names the hub by this host, and the page may load nothing from another.
      response.writeHead(307, { ...headers, location: href }).end();
      return;
    }
    const [file, type] = files.get(path) ?? [];
    if (file === undefined || type === undefined) return send(response, 404, 'text/plain', 'See /docs.\n');
    send(response, 200, type, await readFile(file));
  };

  return (asked) => {
    const path = (asked.url ?? '/').replace(/\?.*$/s, '').replace(/(?<=.)\/$/, '');
    if (path !== '/docs' && !path.startsWith('/docs/')) return undefined;
    return (request, response) => {
      if (path === '/docs/token') {
        // The page requests tokens here and not at the issuer's port, so that no other page can read the answer.
        request.url = '/token';
        settings.issuer(request, response);
        return;
      }
      answer(request, response, path).catch((error: unknown) =>
        send(response, 500, 'text/plain', `${String(error)}\n`),
      );
    };
  };
};
