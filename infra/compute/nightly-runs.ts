/* oxlint-disable no-new -- a construct joins its scope by being made */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { atOnce, countOf, endingEarly, withCode } from '../observability/alarms.ts';
import type { OnCall } from '../observability/on-call.ts';
import type { HubFunction } from './hub-function.ts';

interface NightlyRunsProps {
  readonly nightly: HubFunction;
  readonly onCall: OnCall;
}

/**
 * Calls the nightly function every quarter of an hour. It knows itself what is due, so a night in which nothing could run is made
 * up for, and work that takes longer than a run continues in the next one.
 */
export class NightlyRuns extends Construct {
  constructor(scope: Construct, id: string, { nightly, onCall }: NightlyRunsProps) {
    super(scope, id);
    // The next run does what one that failed or could not start has left.
    const once = { retryAttempts: 0, maxEventAge: Duration.minutes(1) };
    nightly.configureAsyncInvoke(once);
    new Rule(this, 'EveryQuarter', {
      schedule: Schedule.rate(Duration.minutes(15)),
      targets: [new LambdaFunction(nightly, once)],
    });
    const failures = countOf(this, 'NightlyFailures', [
      { of: nightly, pattern: withCode('UNEXPECTED', 'STORAGE_UNAVAILABLE') },
      { of: nightly, pattern: endingEarly },
    ]).with({ period: Duration.hours(1) });
    onCall.wake(this, 'Failing', failures, {
      ...atOnce,
      // One failure is made up for by the next run.
      threshold: 1,
      evaluationPeriods: 2,
      alarmDescription:
        'The nightly function fails again and again: no anchors are written. The hub works and nobody has to phone. Find the cause during the day.',
    });
  }
}
