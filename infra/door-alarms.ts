import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { FhirApi } from './fhir-api.ts';
import type { OnCall } from './on-call.ts';
import { countOf, endingEarly, lasting, saying, summed } from './watching.ts';

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
    onCall.wake(this, 'Failing', api.numbers.metricServerError(summed), {
      ...lasting,
      alarmDescription:
        'Partners get errors instead of answers, or find the hub full: some cannot send messages or look up missions, and their systems try again. ' +
        'If DoorShut, DoorIssuerUnreachable or TableRefusing is on too, begin there. Whoever cannot get through must phone.',
    });

    // `authorize` ends with an error for every token that it refuses, so its errors say nothing: it is known by what it logs.
    const faults = countOf(this, 'DoorFaults', [
      { by: authorize, pattern: saying('STORAGE_UNAVAILABLE', 'UNEXPECTED') },
      { by: processMessage, pattern: saying('STORAGE_UNAVAILABLE', 'TOO_LATE', 'UNEXPECTED') },
      { by: processMessage, pattern: endingEarly },
    ]);
    onCall.wake(this, 'Shut', faults, {
      ...lasting,
      alarmDescription:
        'Messages about missions are not taken: a dispatcher who asks for an air ambulance gets an error. ' +
        'AMK must phone until it is over. If a release has just gone out, roll it back.',
    });

    const unreachable = countOf(this, 'IssuerUnreachable', [{ by: authorize, pattern: saying('ISSUER_UNREACHABLE') }]);
    onCall.wake(this, 'IssuerUnreachable', unreachable, {
      ...lasting,
      alarmDescription:
        'The hub cannot ask the issuer of tokens for its keys, so it lets in fewer and fewer systems, in the end none. ' +
        'Ask the issuer; whoever cannot get through must phone.',
    });
  }
}
