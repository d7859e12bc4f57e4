import type { OperationOutcome } from 'fhir/r4.d.ts';
import { operationOutcome, type Refusal } from '../../schemas/faults.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { type Warning, warningOutcome } from '../../schemas/warnings.ts';

const readAs = ({ type }: Message): OperationOutcome['issue'][number] => ({
  severity: 'information',
  code: 'informational',
  details: {
    text: 'The hub can read the message. Whether the mission allows it is decided when it is sent to $process-message.',
  },
  diagnostics: `read as ${type.event}`,
});

const warningsOf = ([first, ...others]: readonly Warning[]): OperationOutcome['issue'] =>
  first === undefined ? [] : warningOutcome([first, ...others]).issue;

/**
 * What the hub says about a message without taking it: a refusal as errors, with the warnings about other elements; else the
 * type that it is read as, with the warnings of an accepted message.
 */
export const validationOutcome = (
  read: Message | Refusal,
  warnings: readonly Warning[],
  correlationId: string,
): OperationOutcome => {
  if (read.outcome === 'read')
    return { resourceType: 'OperationOutcome', id: correlationId, issue: [readAs(read), ...warningsOf(warnings)] };
  const refused = operationOutcome(read.faults, correlationId);
  const places = new Set(read.faults.map(({ at }) => at));
  return {
    ...refused,
    issue: [...refused.issue, ...warningsOf(warnings.filter(({ at }) => at === undefined || !places.has(at)))],
  };
};
