import { cachedGuidelines } from '../../adapters/dynamodb/guideline-store.ts';
import { openTable } from '../../adapters/dynamodb/table.ts';
import { setting } from '../../adapters/settings.ts';
import { capabilityStatement } from '../../schemas/published/capability-statement.ts';
import { published } from '../../schemas/published/index.ts';
import { searchset } from '../../core/fhir/searchset.ts';
import { defined } from '../../schemas/defined.ts';
import { isRefusal, refuse } from '../../schemas/faults.ts';
import { digestOf } from '../../schemas/identifiers.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { answer, type Answer } from '../shared/http/response.ts';
import { headerOf, queryOf, type Request } from '../shared/http/request.ts';
import release from '../../package.json' with { type: 'json' };

/** What is published, and the day it last changed: bump it with the catalogue and the code tables. */
const edition = { version: release.version, date: '2026-11-22' };

const base = setting('PUBLIC_URL');
const guidelines = cachedGuidelines(openTable(setting('TABLE_NAME')));

let written: string | undefined;

/** Written when it is first asked for, and then kept. */
const statement = (): string => {
  written ??= JSON.stringify(capabilityStatement(base, edition));
  return written;
};

/** The same for everyone and seldom new: whoever has it asks again after five minutes, and is told if nothing has changed. */
const cacheable = (request: Request, body: string): Answer => {
  const headers = { etag: `W/"${digestOf(body).slice(0, 16)}"`, 'cache-control': 'public, max-age=300' };
  const known = headerOf(request, 'if-none-match')
    ?.split(',')
    .map((tag) => tag.trim());
  return known?.includes(headers.etag) === true ? answer(304, '', headers) : answer(200, body, headers);
};

/** `GET /fhir/metadata`, and what the hub publishes of itself (`GET /fhir/CodeSystem` and the like); open to everyone. */
export const handler = fhirHandler(async (request) => {
  const [, , type = ''] = request.resource.split('/');
  if (type === 'metadata') return cacheable(request, statement());

  const library = published(edition, await guidelines(), new Date().toISOString());
  const id = request.pathParameters?.['id'];
  if (id !== undefined) {
    const found = library.read(type, id);
    return found === undefined ? refuse('not-found') : cacheable(request, JSON.stringify(found));
  }
  const query = queryOf(request);
  if (isRefusal(query)) return query;
  if ([...query.keys()].some((name) => !['url', 'version', '_format'].includes(name)))
    return refuse('unknown-search', undefined, `${type} is searched by url and version`);
  const found = library.search(type, defined({ url: query.get('url'), version: query.get('version') }));
  const self = query.size === 0 ? type : `${type}?${new URLSearchParams([...query]).toString()}`;
  const listed = found.map((resource) => ({ resource, path: `${type}/${resource.id}` }));
  return cacheable(request, JSON.stringify(searchset(self, undefined, listed, { base }, listed.length)));
});
