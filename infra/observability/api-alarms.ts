import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type IFilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FaultCode } from '../../schemas/faults.ts';
import { type LogMessageName, logMessages } from '../../schemas/telemetry/log-messages.ts';
import type { FhirApi } from '../api/fhir-api.ts';
import type { OnCall } from './on-call.ts';
import { countOf, endingEarly, lasting, saying, summed } from './alarms.ts';

interface DoorAlarmsProps {
  readonly api: FhirApi;
  readonly authorize: LambdaFunction;
  readonly processMessage: LambdaFunction;
  /** The other functions that ask the directory who calls. */
  readonly others: readonly LambdaFunction[];
  readonly onCall: OnCall;
}

/** The gateway's own answers to whoever asks too often: by the throttles that all share, and by the firewall. */
const tooOften = ['THROTTLED', 'WAF_FILTERED'];

/** Good tokens of callers that the directory does not know. */
const strangers = ['unknown-caller', 'unknown-unit', 'supplier-not-granted'] as const satisfies readonly FaultCode[];

/** In a minute. One system that is not set up right and asks now and then wakes nobody; a hub that refuses everybody is above it. */
const strayRefusals = 5;

const where = (message: LogMessageName, ...conditions: readonly JsonPattern[]): IFilterPattern =>
  FilterPattern.all(FilterPattern.stringValue('$.code', '=', logMessages[message].code), ...conditions);
type JsonPattern = Parameters<typeof FilterPattern.all>[number];

/** What wakes people when messages and questions of partners do not get in. */
export class DoorAlarms extends Construct {
  /** Callers that were refused for who they are, or seem to be. */
  readonly refused: Metric;
  /** Requests that were refused because there were too many, and clients that sent too many messages. */
  readonly limited: Metric;

  constructor(scope: Construct, id: string, { api, authorize, processMessage, others, onCall }: DoorAlarmsProps) {
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
      ...[authorize, processMessage].map((by) => ({ by, pattern: endingEarly })),
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

    const unknown = FilterPattern.any(...strangers.map((fault) => FilterPattern.stringValue('$.fault', '=', fault)));
    this.refused = countOf(this, 'CallersRefused', [
      // Whoever sends anything for a token is a stranger; what follows needs one that looks like the issuer's.
      { by: authorize, pattern: where('TOKEN_REFUSED', FilterPattern.stringValue('$.why', '!=', 'malformed')) },
      ...[processMessage, ...others].map((by) => ({ by, pattern: where('REQUEST_REFUSED', unknown) })),
    ]);
    onCall.wake(this, 'Refusing', this.refused, {
      ...lasting,
      threshold: strayRefusals,
      alarmDescription:
        'Systems are refused for who they are (401, 403), more than a few: a setting of the hub, its directory or the issuer may be wrong, and AMK cannot send messages. ' +
        'If anything was deployed or loaded today, look at that first. Whoever cannot get through must phone.',
    });

    this.limited = countOf(this, 'TooOften', [
      {
        by: api,
        pattern: FilterPattern.any(
          ...tooOften.map((kind) => FilterPattern.stringValue('$.gatewayResponse', '=', kind)),
        ),
      },
      { by: authorize, pattern: where('CLIENT_LIMITED', FilterPattern.stringValue('$.budget', '=', 'messages')) },
      { by: processMessage, pattern: saying('CLIENT_LIMITED') },
    ]);
    onCall.wake(this, 'Limiting', this.limited, {
      ...lasting,
      alarmDescription:
        'Requests are refused because there are too many (429): a flood, a large event, or a system that repeats itself. Messages of others may be among them. ' +
        'Whoever cannot get through must phone.',
    });
  }
}
