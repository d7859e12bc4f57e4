import { type Refusal, refuse } from '../../../schemas/faults.ts';
import { headerOf, type Request } from './request.ts';

export const jsonTypes = /^(?:\*\/\*|application\/\*|application\/(?:fhir\+)?json|text\/json|json)$/;
export const pageTypes = /^(?:text\/\*|text\/html|application\/xhtml\+xml|html)$/;
/** Whether one of the media types of `Accept` is served, those with `q=0` left out (RFC 9110, 12.4.2). */
export const accepts = (accept: string, served: RegExp): boolean =>
  accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return served.test(type) && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
/** The page for people that some addresses have; whether this one has is not known here. */
export const mayBePage = ({ resource }: Request): boolean =>
  /\/(?:Provenance|\{type\}(?:\/\{id\}\/\{operation\})?)$/.test(resource);
/**
 * The refusal to answer a reader in what it cannot read (R4 HTTP, content negotiation): `_format` beats `Accept`. Whatever
 * changes something is not refused for the form of its answer.
 */
export const notAcceptable = (request: Request): Refusal | undefined => {
  if (request.httpMethod !== 'GET') return undefined;
  // In a query a plus sign is a blank.
  const format = request.queryStringParameters?.['_format']?.replace(' ', '+');
  const asked = format ?? headerOf(request, 'accept') ?? '';
  const isServed =
    asked.trim() === '' || accepts(asked, jsonTypes) || (mayBePage(request) && accepts(asked, pageTypes));
  return isServed ? undefined : refuse('not-acceptable', format === undefined ? 'http.Accept' : 'http._format');
};
