import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { faults, operationOutcome } from '../../schemas/faults.ts';
import { systems } from '../../schemas/names.ts';
import { problemsOf } from '../support/fhir-validator.ts';
import { secret } from './inputs.ts';

/** What must hold for every answer. */

const outcome = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z
    .array(
      z.object({
        code: z.string(),
        details: z.object({ coding: z.array(z.object({ system: z.string(), code: z.string() })) }).optional(),
      }),
    )
    .min(1),
});

/** Kinds of refusals that were validated already: the FHIR validator takes longer than the hub. */
const valid = new Set<string>();

export const check = (holds: boolean, text: string): void => {
  if (!holds) throw new Error(text);
};

/** Characters. */
const longest = 100_000;

/** Throws if a refusal is not valid, or repeats content of the request. */
export const checkRefusal = (status: number, text: string): void => {
  check(status < 500, `answered ${status}: ${text.slice(0, 500)}`);
  check(text.length <= longest, `the refusal is ${text.length} characters long`);
  check(!text.includes(secret), `the refusal repeats what was sent: ${text.slice(0, 500)}`);
  const body: unknown = JSON.parse(text);
  const { issue } = outcome.parse(body);
  const codes = issue.map(({ details }) => details?.coding.find(({ system }) => system === systems.fault)?.code);
  const [first] = codes;
  check(first !== undefined && Object.hasOwn(faults, first), `the code is not in the catalogue: ${text.slice(0, 500)}`);
  const kind = JSON.stringify([codes, issue.length]);
  if (valid.has(kind)) return;
  valid.add(kind);
  const problems = problemsOf(body);
  check(problems.length === 0, `the refusal is not valid FHIR: ${JSON.stringify(problems)}`);
};

export const refusalText = (list: Parameters<typeof operationOutcome>[0]): string =>
  JSON.stringify(operationOutcome(list, 'fuzz'));

/** A JSON text as data with every digit of its numbers; independent of the hub's own parser. */
const exactly = (text: string): unknown =>
  JSON.parse(text, (_key: string, value: unknown, { source }) =>
    typeof value === 'number' ? { digits: source } : value,
  );

/** The number of members as written, including those that a parser drops. */
const membersIn = (text: string): number => text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(':').length;

/** Whether two texts mean the same JSON, digits of numbers included and nothing left out. */
export const isSame = (one: string, other: string): boolean =>
  membersIn(one) === membersIn(other) && isDeepStrictEqual(exactly(one), exactly(other));

const properties = Object.getOwnPropertyNames(Object.prototype).length;

/** Throws if the prototypes that all objects share have changed. */
export const checkPrototypes = (): void => {
  const isClean =
    Object.getOwnPropertyNames(Object.prototype).length === properties &&
    Object.keys(Object.prototype).length === 0 &&
    Object.keys(Array.prototype).length === 0 &&
    Reflect.get({}, 'polluted') === undefined;
  check(isClean, 'prototypes are polluted');
};
