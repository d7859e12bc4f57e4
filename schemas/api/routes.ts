import { publishedTypes } from '../published/types.ts';

/** The functions that partners call, by the names of their folders. */
export type AnsweringFunction = 'check-token' | 'metadata' | 'process-message' | 'read' | 'subscribe';

export interface Route {
  /** `{name}` matches one path part of any content. */
  readonly path: string;
  readonly methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  readonly to: AnsweringFunction;
  /** Answers without a token. */
  readonly open?: true;
}

/** What the API serves. */
const served: readonly Route[] = [
  { path: '/fhir/metadata', methods: ['GET'], to: 'metadata', open: true },
  // For callers who get 401. API Gateway does not allow "$" in a path part, and `{type}` needs a token.
  { path: '/fhir/check-token', methods: ['GET'], to: 'check-token', open: true },
  ...publishedTypes.flatMap((type): readonly Route[] => [
    { path: `/fhir/${type}`, methods: ['GET'], to: 'metadata', open: true },
    { path: `/fhir/${type}/_search`, methods: ['POST'], to: 'metadata', open: true },
    { path: `/fhir/${type}/{id}`, methods: ['GET'], to: 'metadata', open: true },
  ]),
  { path: '/fhir/Subscription', methods: ['GET', 'POST'], to: 'subscribe' },
  // `Subscription/$status` and `Subscription/_search` arrive as an id.
  { path: '/fhir/Subscription/{id}', methods: ['GET', 'POST', 'PUT', 'DELETE'], to: 'subscribe' },
  { path: '/fhir/Subscription/{id}/{operation}', methods: ['GET', 'POST'], to: 'subscribe' },
  // API Gateway does not allow "$" in a path part, so `$process-message` arrives as the type.
  { path: '/fhir/{type}', methods: ['POST'], to: 'process-message' },
  // `Bundle/$validate`: R4 defines the operation at a type.
  { path: '/fhir/{type}/{id}', methods: ['POST'], to: 'process-message' },
  { path: '/fhir/{type}', methods: ['GET'], to: 'read' },
  { path: '/fhir/{type}/_search', methods: ['POST'], to: 'read' },
  { path: '/fhir/{type}/{id}', methods: ['GET'], to: 'read' },
  { path: '/fhir/{type}/{id}/_history', methods: ['GET'], to: 'read' },
  { path: '/fhir/{type}/{id}/_history/{version}', methods: ['GET'], to: 'read' },
  { path: '/fhir/{type}/{id}/{operation}', methods: ['GET'], to: 'read' },
];

/**
 * Methods that a FHIR client tries first: they reach a function only to be answered 405, with `Allow` and what to send instead.
 * Every other method and address gets the gateway's own answer.
 */
export const refused: readonly Route[] = [
  { path: '/fhir/Subscription/{id}', methods: ['PATCH'], to: 'subscribe' },
  { path: '/fhir/{type}/{id}', methods: ['PUT', 'PATCH', 'DELETE'], to: 'read' },
];

/** All routes of the API. `HEAD` is at every address that can be read: API Gateway does not derive it from `GET`. */
export const routes: readonly Route[] = [
  ...served.map(
    (route): Route => (route.methods.includes('GET') ? { ...route, methods: [...route.methods, 'HEAD'] } : route),
  ),
  ...refused,
];
