import { validationOutcome } from '../../core/fhir/validation-outcome.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isObject } from '../../schemas/json/json.ts';
import { refuseAll } from '../../schemas/fhir/zod-faults.ts';
import { readJson } from '../../schemas/json/strict-json.ts';
import { type KnownAddresses, readMessage } from '../../schemas/reading/read-message.ts';
import { checkR4 } from '../../schemas/r4/check.ts';
import { type Answer, answer } from '../shared/http/response.ts';

const listPath = 'Parameters.parameter';

/** The resource in the `Parameters` of the operation (R4, Resource-validate): as text, like a message that is sent. */
const resourceIn = (parameters: Readonly<Record<string, unknown>>): string | Refusal => {
  const list: unknown = parameters['parameter'];
  const resources: unknown[] = [];
  for (const [at, one] of (Array.isArray(list) ? list : []).entries()) {
    const { name, resource }: Readonly<Record<string, unknown>> = isObject(one) ? one : {};
    if (name !== 'resource')
      return refuse(
        'unsupported-option',
        `${listPath}[${at}]`,
        'the only parameter is resource: leave out mode and profile',
      );
    resources.push(resource);
  }
  const [resource, ...others] = resources;
  if (resource === undefined || others.length > 0)
    return refuse('wrong-field', listPath, 'give one parameter resource, with the message');
  return JSON.stringify(resource);
};

/** The message of the body: a Bundle, or a Bundle in `Parameters`. */
const messageIn = (text: string): { readonly text: string; readonly value: unknown } | Refusal => {
  const json = readJson(text);
  if (!json.ok) return refuseAll([json.fault]);
  const { value } = json;
  if (!isObject(value) || value['resourceType'] !== 'Parameters') return { text, value };
  const inner = resourceIn(value);
  return typeof inner === 'string' ? { text: inner, value: JSON.parse(inner) } : inner;
};

/**
 * `POST /fhir/$validate`: what the hub would say about the content of a message. It stores and reads nothing, so the rules of the
 * mission are not applied. The answer is 200 also if the message would be refused. A body that is no JSON, or Parameters that are
 * not those of the operation, are refused.
 */
export const validate = (
  text: string,
  { correlationId, ...known }: KnownAddresses & { readonly correlationId: string },
): Answer | Refusal => {
  const message = messageIn(text);
  if (isRefusal(message)) return message;
  const read = readMessage(message.text, known);
  const warnings = read.outcome === 'read' ? read.warnings : checkR4(message.value).warnings;
  return answer(200, validationOutcome(read, warnings, correlationId));
};
