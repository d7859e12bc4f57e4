import { publishedTypes } from '../../schemas/published/types.ts';
import type { AnsweringFunction } from '../stage.ts';

interface Route {
  /** `{name}` matches one path part of any content. */
  readonly path: string;
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[];
  readonly to: AnsweringFunction;
  /** Answers without a token. */
  readonly open?: true;
}

/** All routes of the API. */
export const routes: readonly Route[] = [
  { path: '/fhir/metadata', methods: ['GET'], to: 'metadata', open: true },
  ...publishedTypes.flatMap((type): readonly Route[] => [
    { path: `/fhir/${type}`, methods: ['GET'], to: 'metadata', open: true },
    { path: `/fhir/${type}/{id}`, methods: ['GET'], to: 'metadata', open: true },
  ]),
  { path: '/fhir/Subscription', methods: ['GET', 'POST'], to: 'subscribe' },
  // `Subscription/$status` arrives as an id.
  { path: '/fhir/Subscription/{id}', methods: ['GET', 'POST', 'PUT', 'DELETE'], to: 'subscribe' },
  { path: '/fhir/Subscription/{id}/{operation}', methods: ['GET', 'POST'], to: 'subscribe' },
  // API Gateway does not allow "$" in a path part, so `$process-message` arrives as the type.
  { path: '/fhir/{type}', methods: ['POST'], to: 'process-message' },
  { path: '/fhir/{type}', methods: ['GET'], to: 'read' },
  { path: '/fhir/{type}/{id}', methods: ['GET'], to: 'read' },
  { path: '/fhir/{type}/{id}/{operation}', methods: ['GET'], to: 'read' },
];
