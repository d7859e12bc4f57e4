import release from '../../package.json' with { type: 'json' };
import { searchset } from '../../core/fhir/searchset.ts';
import type { Clock } from '../../core/mission/clock.ts';
import { defined } from '../../schemas/defined.ts';
import { isRefusal, refuse } from '../../schemas/faults.ts';
import type { Guidelines } from '../../schemas/guideline.ts';
import { digestOf } from '../../schemas/identifiers.ts';
import { capabilityStatement } from '../../schemas/published/capability-statement.ts';
import { published } from '../../schemas/published/index.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { queryOf } from '../shared/http/request.ts';
import { answer, type Answer } from '../shared/http/response.ts';

export interface MetadataDeps extends Clock {
  readonly base: string;
  readonly guidelines: () => Promise<Guidelines>;
}

/** Version of the published definitions, and the day of their last change. A test fails if they change without a new date. */
const edition = { version: release.version, date: '2026-11-30' };

/** The same for every caller, and it seldom changes: a client may cache it for five minutes, and then ask whether it changed. */
const cacheable = (body: string): Answer =>
  answer(200, body, { etag: `W/"${digestOf(body).slice(0, 16)}"`, 'cache-control': 'public, max-age=300' });

/** `GET /fhir/metadata`, and what the hub publishes of itself (`GET /fhir/CodeSystem` and the like). It needs no token. */
export const createHandler = (deps: MetadataDeps) => {
  let statement: string | undefined;

  return fhirHandler(async (request) => {
    const [, , type = ''] = request.resource.split('/');
    if (type === 'metadata') {
      // Made at the first request for it, and then kept.
      statement ??= JSON.stringify(capabilityStatement(deps.base, edition));
      return cacheable(statement);
    }

    const library = published(edition, await deps.guidelines(), new Date(deps.now()).toISOString());
    const id = request.pathParameters?.['id'];
    if (id !== undefined) {
      const found = library.read(type, id);
      return found === undefined ? refuse('not-found') : cacheable(JSON.stringify(found));
    }
    const query = queryOf(request);
    if (isRefusal(query)) return query;
    if ([...query.keys()].some((name) => !['url', 'version', '_format'].includes(name)))
      return refuse('unknown-search', undefined, `${type} is searched by url and version`);
    const found = library.search(type, defined({ url: query.get('url'), version: query.get('version') }));
    const self = query.size === 0 ? type : `${type}?${new URLSearchParams([...query]).toString()}`;
    const listed = found.map((resource) => ({ resource, path: `${type}/${resource.id}` }));
    return cacheable(JSON.stringify(searchset(self, undefined, listed, { base: deps.base }, listed.length)));
  });
};
