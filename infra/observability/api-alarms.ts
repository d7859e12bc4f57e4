import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type IFilterPattern } from 'aws-cdk-lib/aws-logs';
import type { FaultCode } from '../../schemas/faults.ts';
import { type LogMessageName, logMessages } from '../../schemas/telemetry/log-messages.ts';
import type { FhirApi } from '../api/fhir-api.ts';
import type { OnCall } from './on-call.ts';
import { countOf, endingEarly, lasting, summed, withCode } from './alarms.ts';

interface ApiAlarmsProps {
  readonly authorize: LambdaFunction;
  readonly processMessage: LambdaFunction;
  /** The other functions that look up the caller in the directory. */
  readonly others: readonly LambdaFunction[];
  readonly onCall: OnCall;
}

/** Requests that were refused, as metrics. */
export interface ApiRefusals {
  /** Callers refused with 401 or 403 for their identity. */
  readonly callers: Metric;
  /** Requests refused with 429, and clients that sent too many messages. */
  readonly rate: Metric;
}

/** API Gateway's own answers to too many requests: of the throttles that all callers share, and of the firewall. */
const rateResponses = ['THROTTLED', 'WAF_FILTERED'];

/** Faults of callers with a valid token that the directory does not know. */
const unknownCallers = [
  'unknown-caller',
  'unknown-unit',
  'supplier-not-granted',
] as const satisfies readonly FaultCode[];

/** Refusals in a minute. One misconfigured system that asks now and then stays below; a hub that refuses all callers is above. */
const strayRefusals = 5;

const where = (message: LogMessageName, ...conditions: readonly JsonPattern[]): IFilterPattern =>
  FilterPattern.all(FilterPattern.stringValue('$.code', '=', logMessages[message].code), ...conditions);
type JsonPattern = Parameters<typeof FilterPattern.all>[number];

/** Adds the alarms that fire when requests of partners fail or are refused. */
export const addApiAlarms = (
  api: FhirApi,
  { authorize, processMessage, others, onCall }: ApiAlarmsProps,
): ApiRefusals => {
  onCall.wake(api, 'Failing', api.metrics.metricServerError(summed), {
    ...lasting,
    alarmDescription:
      'Partners get errors instead of answers, or the hub has no capacity left: some cannot send messages or look up missions, and their systems try again. ' +
      'If ApiDown, ApiIssuerUnreachable or TableRefusing is on too, begin there. Callers that get no answer must phone.',
  });

  // `authorize` ends with an error for every token that it refuses, so its errors say nothing; its log lines do.
  const faults = countOf(api, 'RequestFaults', [
    { of: authorize, pattern: withCode('STORAGE_UNAVAILABLE', 'UNEXPECTED') },
    { of: processMessage, pattern: withCode('STORAGE_UNAVAILABLE', 'TOO_LATE', 'UNEXPECTED') },
    ...[authorize, processMessage].map((of) => ({ of, pattern: endingEarly })),
  ]);
  onCall.wake(api, 'Down', faults, {
    ...lasting,
    alarmDescription:
      'Messages about missions are not accepted: a dispatcher who asks for an air ambulance gets an error. ' +
      'AMK must phone until it is over. If a release was just deployed, roll it back.',
  });

  const unreachable = countOf(api, 'IssuerUnreachable', [{ of: authorize, pattern: withCode('ISSUER_UNREACHABLE') }]);
  onCall.wake(api, 'IssuerUnreachable', unreachable, {
    ...lasting,
    alarmDescription:
      'The hub cannot fetch the keys of the token issuer, so it accepts fewer and fewer systems, in the end none. ' +
      'Call the issuer. Callers that are refused must phone.',
  });

  const isUnknown = FilterPattern.any(
    ...unknownCallers.map((fault) => FilterPattern.stringValue('$.fault', '=', fault)),
  );
  const callers = countOf(api, 'CallersRefused', [
    // Anybody can send a malformed token; the other refusals need a token that looks like the issuer's.
    { of: authorize, pattern: where('TOKEN_REFUSED', FilterPattern.stringValue('$.why', '!=', 'malformed')) },
    ...[processMessage, ...others].map((of) => ({ of, pattern: where('REQUEST_REFUSED', isUnknown) })),
  ]);
  onCall.wake(api, 'Refusing', callers, {
    ...lasting,
    threshold: strayRefusals,
    alarmDescription:
      'More than a few systems are refused for their identity (401, 403): a setting of the hub, its directory or the issuer may be wrong, and AMK cannot send messages. ' +
      'If anything was deployed or loaded today, check that first. Callers that are refused must phone.',
  });

  const rate = countOf(api, 'RequestsLimited', [
    {
      of: api,
      pattern: FilterPattern.any(
        ...rateResponses.map((kind) => FilterPattern.stringValue('$.gatewayResponse', '=', kind)),
      ),
    },
    { of: authorize, pattern: where('CLIENT_LIMITED', FilterPattern.stringValue('$.budget', '=', 'messages')) },
  ]);
  onCall.wake(api, 'Limiting', rate, {
    ...lasting,
    alarmDescription:
      'Requests are refused because there are too many (429): a flood, a large event, or a system that repeats itself. Messages of others may be among them. ' +
      'Callers that are refused must phone.',
  });
  return { callers, rate };
};
