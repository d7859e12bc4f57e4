import { type Refusal, refuse } from '../../../schemas/faults.ts';
import { headerOf } from './headers.ts';
import { foreignParameter, mediaTypeOf } from './media-types.ts';
import type { Request } from './request.ts';
import { isPostedSearch } from './search-request.ts';

const jsonTypes = /^(?:\*\/\*|application\/\*|application\/(?:fhir\+)?json|text\/json|json)$/;
const pageTypes = /^(?:text\/\*|text\/html|application\/xhtml\+xml|html)$/;

/** Whether the hub serves one of the media types of `Accept`; those with `q=0` do not count (RFC 9110, 12.4.2). */
const accepts = (accept: string, served: RegExp): boolean =>
  accept.split(',').some((range) => {
    const mediaType = mediaTypeOf(range);
    const isExcluded = mediaType.parameters.some(([name, value]) => name === 'q' && /^0(?:\.0*)?$/.test(value));
    return served.test(mediaType.type) && !isExcluded && foreignParameter(mediaType) === undefined;
  });

/** Routes that may have an HTML page for people. Whether the address has one is not known here. */
const mayBePage = ({ resource }: Request): boolean =>
  /\/(?:Provenance|\{type\}(?:\/\{id\}\/\{operation\})?)$/.test(resource);

/**
 * The refusal of a read whose client accepts no form that the hub serves (R4 HTTP, content negotiation). `_format` overrides
 * `Accept`. A request that changes something is never refused for the form of its answer.
 */
export const notAcceptable = (request: Request): Refusal | undefined => {
  if (request.httpMethod !== 'GET' && !isPostedSearch(request)) return undefined;
  // In a query a plus sign is a blank.
  const format = request.queryStringParameters?.['_format']?.replace(' ', '+');
  const accepted = format ?? headerOf(request, 'accept') ?? '';
  const isServed =
    accepted.trim() === '' || accepts(accepted, jsonTypes) || (mayBePage(request) && accepts(accepted, pageTypes));
  return isServed
    ? undefined
    : refuse(
        'not-acceptable',
        format === undefined ? 'http.Accept' : 'http._format',
        'served is application/fhir+json; fhirVersion=4.0; charset=utf-8',
      );
};
