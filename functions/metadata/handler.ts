import release from '../../package.json' with { type: 'json' };
import type { Clock } from '../../core/mission/clock.ts';
import type { Values } from '../../core/queries/search/conditions.ts';
import { type Order, pageOf, searchAnswer } from '../../core/queries/search/page.ts';
import { finds } from '../../core/queries/search/read-search.ts';
import { isRefusal, refuse } from '../../schemas/faults.ts';
import type { Guidelines } from '../../schemas/guideline.ts';
import { digestOf } from '../../schemas/identifiers.ts';
import { capabilityStatement } from '../../schemas/published/capability-statement.ts';
import { type Artefact, published } from '../../schemas/published/index.ts';
import { isPublishedType } from '../../schemas/published/types.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { searchOf } from '../shared/http/search-request.ts';
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

const valuesOf = ({ id = '', url = '', version }: Artefact): Values<'CodeSystem'> => ({
  _id: [{ value: id }],
  url,
  version: version === undefined ? [] : [{ value: version }],
});

const order: Order<Artefact> = {
  placeOf: ({ id = '', version = '' }) => `${id}|${version}`,
  form: /^[\w.-]{1,64}\|[\w.-]{0,64}$/,
};

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
    if (!isPublishedType(type)) return refuse('not-found');
    const search = searchOf(type, request, deps);
    if (isRefusal(search)) return search;
    const page = pageOf(search, library.ofType(type), order, (one) => finds(search, valuesOf(one)));
    if (isRefusal(page)) return page;
    const listed = page.rows.map((resource) => ({ resource, path: `${type}/${resource.id}` }));
    return cacheable(JSON.stringify(searchAnswer(search, page, listed, { base: deps.base })));
  });
};
