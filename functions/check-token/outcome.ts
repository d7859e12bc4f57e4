import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.d.ts';
import { codesOf } from '../../schemas/codes.ts';
import { defined } from '../../schemas/defined.ts';
import { type Fault, operationOutcome } from '../../schemas/faults.ts';
import { systems } from '../../schemas/names.ts';
import { type TokenCheck, tokenChecks, type TokenFault, tokenFaults } from '../../schemas/token-faults.ts';

/** The result of a check as an `OperationOutcome`: the failed check first, then which ones were made. */

/** The check that was made last, and why it failed; `lacking`: scopes of the hub that an accepted token does not have. */
export type Result =
  | { readonly outcome: 'accepted'; readonly lacking: readonly string[] }
  | { readonly outcome: 'failed'; readonly check: TokenCheck; readonly fault: TokenFault }
  | { readonly outcome: 'failed'; readonly check: TokenCheck; readonly refusal: Fault };

const checks = codesOf(tokenChecks);

const listOf = (some: readonly TokenCheck[]): string =>
  some.length === 0 ? 'none' : some.map((check) => tokenChecks[check]).join('; ');

const information = (text: string): OperationOutcomeIssue => ({
  severity: 'information',
  code: 'informational',
  details: { text },
});

/** The token is in one header, its proof in another. */
const placeOf = (check: TokenCheck): string =>
  check === 'proof' || check === 'replay' ? 'http.DPoP' : 'http.Authorization';

const failure = (
  result: Extract<Result, { outcome: 'failed' }>,
  expected: string | undefined,
): OperationOutcomeIssue => {
  const at = placeOf(result.check);
  if ('fault' in result) {
    return defined({
      severity: 'error' as const,
      code: 'login' as const,
      details: { coding: [{ system: systems.tokenFault, code: result.fault }], text: tokenFaults[result.fault] },
      diagnostics: expected,
      expression: [at],
    });
  }
  const [issue] = operationOutcome([{ ...result.refusal, at }]).issue;
  return issue ?? information('');
};

export const failedOutcome = (
  result: Extract<Result, { outcome: 'failed' }>,
  expected: string | undefined,
  id: string,
): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  id,
  issue: [
    failure(result, expected),
    information(`Passed: ${listOf(checks.slice(0, checks.indexOf(result.check)))}.`),
    information(`Not checked yet: ${listOf(checks.slice(checks.indexOf(result.check) + 1))}.`),
  ],
});

export const acceptedOutcome = (lacking: readonly string[], id: string): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  id,
  issue: [
    information('Token and proof pass all checks. The proof was not used up, and a request with them would be let in.'),
    ...(lacking.length === 0 ? [] : [information(`The token does not have these scopes: ${lacking.join(', ')}.`)]),
  ],
});
