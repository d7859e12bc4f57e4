import { Stack } from 'aws-cdk-lib';
import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type LogMessageName, logMessages } from '../schemas/log-messages.ts';
import { metricNamespace as namespaceOf } from '../schemas/metrics.ts';
import type { FhirApi } from './fhir-api.ts';
import type { OnCall } from './on-call.ts';
import { lasting, summed, sumOf } from './watching.ts';

interface DoorAlarmsProps {
  readonly api: FhirApi;
  readonly authorize: LambdaFunction;
  readonly processMessage: LambdaFunction;
  readonly onCall: OnCall;
}

/** What wakes people when messages and questions of partners do not get in. */
export class DoorAlarms extends Construct {
  constructor(scope: Construct, id: string, { api, authorize, processMessage, onCall }: DoorAlarmsProps) {
    super(scope, id);
    const metricNamespace = namespaceOf(Stack.of(this).stackName);

    onCall.wake(this, 'Failing', api.numbers.metricServerError(summed), {
      ...lasting,
      alarmDescription:
        'Partners get errors instead of answers: some cannot send messages or look up missions, and their systems try again. ' +
        'If DoorShut, DoorIssuerUnreachable or TableRefusing is on too, begin there. Whoever cannot get through must phone.',
    });

    /** How often a function logs one of these. */
    const logged = (name: string, logGroup: ILogGroup, ...messages: readonly LogMessageName[]): Metric =>
      new MetricFilter(this, `${name}Logged`, {
        metricNamespace,
        metricName: name,
        logGroup,
        filterPattern: FilterPattern.any(
          ...messages.map((message) => FilterPattern.stringValue('$.code', '=', logMessages[message].code)),
        ),
      }).metric(summed);

    // `authorize` ends with an error for every token that it refuses, so its errors say nothing: it is known by what it logs.
    const undecided = logged('AuthorizeFaults', authorize.logGroup, 'STORAGE_UNAVAILABLE', 'UNEXPECTED');
    const unaccepted = logged(
      'ProcessMessageFaults',
      processMessage.logGroup,
      'STORAGE_UNAVAILABLE',
      'TOO_LATE',
      'UNEXPECTED',
    );
    const faults = [undecided, unaccepted, processMessage.metricErrors(summed)];
    onCall.wake(this, 'Shut', sumOf('Requests that failed inside', faults), {
      ...lasting,
      alarmDescription:
        'Messages about missions are not taken: a dispatcher who asks for an air ambulance gets an error. ' +
        'AMK must phone until it is over. If a release has just gone out, roll it back.',
    });

    const refused = [authorize, processMessage].map((fn) => fn.metricThrottles(summed));
    onCall.wake(this, 'Throttled', sumOf('Requests that found no place', refused), {
      ...lasting,
      alarmDescription:
        'AWS lets no more messages in side by side: some partners get errors and their systems try again. ' +
        'See who sends so much and what else takes the concurrency of the account; whoever cannot get through must phone.',
    });

    onCall.wake(this, 'IssuerUnreachable', logged('IssuerUnreachable', authorize.logGroup, 'ISSUER_UNREACHABLE'), {
      ...lasting,
      alarmDescription:
        'The hub cannot ask the issuer of tokens for its keys, so it lets in fewer and fewer systems, in the end none. ' +
        'Ask the issuer; whoever cannot get through must phone.',
    });
  }
}
