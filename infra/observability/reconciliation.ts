import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { logMessages } from '../../schemas/telemetry/log-messages.ts';
import type { HubFunction } from '../compute/hub-function.ts';
import { atOnce, countOf, withCode } from './alarms.ts';
import type { OnCall } from './on-call.ts';

/** Hours without a complete run: a day, and time for a run that is late. */
const mostHours = 26;

/** Alarms for what the nightly auditor finds, and for a night in which it did not run. */
export const watchReconciliation = (scope: Construct, nightly: HubFunction, onCall: OnCall): void => {
  const reconciliation = new Construct(scope, 'Reconciliation');
  const findings = countOf(reconciliation, 'ReceiptsDiffering', [
    { of: nightly, pattern: withCode('RECEIPTS_DIFFER') },
  ]);
  onCall.wake(reconciliation, 'Findings', findings, {
    ...atOnce,
    alarmDescription:
      'A party was not notified of a message and nobody was alerted, or a party was notified that is not entitled. If the mission is active, phone the party that the log names.',
  });
  const pattern = FilterPattern.all(
    FilterPattern.stringValue('$.code', '=', logMessages.RECEIPTS_COMPARED.code),
    FilterPattern.booleanValue('$.more', false),
  );
  const completed = countOf(reconciliation, 'ReconciliationsCompleted', [{ of: nightly, pattern }]).with({
    period: Duration.hours(1),
  });
  onCall.wake(reconciliation, 'Missing', completed, {
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: mostHours,
    treatMissingData: TreatMissingData.BREACHING,
    alarmDescription: `For ${mostHours} hours receipts were not compared with the mission logs. The hub works and nobody has to phone. Find the cause during the day.`,
  });
};
