import type { OperationInput } from '../../core/queries/subscriptions.ts';
import type { OperationValues } from '../../core/queries/operation-values.ts';
import { parameterPath } from '../../core/queries/search/read-search.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { isObject } from '../../schemas/json/json.ts';
import { jsonBodyOf, type Request } from '../shared/http/request.ts';

/** The value of one parameter of a `Parameters` resource as text, whatever its type. */
const valueOf = (parameter: Readonly<Record<string, unknown>>): string => {
  const value = Object.entries(parameter).find(([key]) => key.startsWith('value'))?.[1];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

/** Parameters of an operation: from the query, or from a `Parameters` body. */
export const operationInput = (request: Request): OperationInput | Refusal => {
  if (request.httpMethod === 'GET' || (request.body ?? '') === '')
    return new Map(
      Object.entries(request.multiValueQueryStringParameters ?? {}).map(([name, values = []]) => [name, values]),
    );
  const body = jsonBodyOf(request);
  if (isRefusal(body)) return body;
  if (!isObject(body.value) || body.value['resourceType'] !== 'Parameters')
    return refuse('wrong-field', 'Parameters', 'the body of an operation is a Parameters resource');
  const list: unknown = body.value['parameter'] ?? [];
  const input = new Map<string, string[]>();
  for (const parameter of (Array.isArray(list) ? list : []).filter(isObject)) {
    const name = String(parameter['name']);
    input.set(name, [...(input.get(name) ?? []), valueOf(parameter)]);
  }
  return input;
};

/** The same for an operation whose parameters may be given once each. */
export const singleValues = (input: OperationInput): OperationValues | Refusal => {
  const repeated = [...input].find(([, values]) => values.length !== 1)?.[0];
  return repeated === undefined
    ? new Map([...input].map(([name, values]) => [name, values.join(',')]))
    : refuse('unknown-search', parameterPath(repeated), 'is given once');
};
