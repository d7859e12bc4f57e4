import { requestBudgets } from '../../adapters/dynamodb/rate-limits.ts';
import { openDeliveryQueue, openLogs } from '../../adapters/wiring.ts';
import { setting } from '../../adapters/settings.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import type { Directory } from '../../core/mission/directory.ts';
import type { Entry } from '../../core/mission/state.ts';
import { responseMessage } from '../../core/fhir/response-message.ts';
import { type Refusal, refuse } from '../../schemas/faults.ts';
import { readMessage } from '../../schemas/messages/read-message.ts';
import { sendScopeOf } from '../../schemas/scopes.ts';
import { rateLimited } from '../shared/http/rate-limit.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { answer, etag, tooManyRequests } from '../shared/http/response.ts';
import { bodyOf, callerOf, headerOf, requireScope, type Request, clientOf, systemOf } from '../shared/http/request.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';
import { countAccepted } from '../shared/telemetry/metrics.ts';
import { instrumented } from '../shared/telemetry/instrumented-ports.ts';

const opened = openLogs();
const logs = { ...opened, missions: instrumented(opened.missions) };
const queue = openDeliveryQueue();
const base = setting('PUBLIC_URL');
const budgets = requestBudgets(logs.table, {
  missions: { most: Number(setting('BUDGET_MISSIONS')), seconds: Number(setting('BUDGET_MISSION_SECONDS')) },
});

/** A sender waits this long for the fan-out; after that the sweeper finishes it. */
const patienceMilliseconds = 3_000;

const versionIn = (ifMatch: string | undefined): number | undefined | Refusal => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const version = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch.trim())?.[1];
  return version === undefined
    ? refuse('wrong-field', 'http.If-Match', 'give the version as in ETag, e.g. W/"3"')
    : Number(version);
};

/** The authorizer counts all messages; only the log tells which of them open a mission, or take it up again after a pause. */
const keptFromWaking = async (request: Request): Promise<Refusal | undefined> => {
  const wait = (await rateLimited(budgets, clientOf(request), 'missions'))?.waitFor;
  return wait === undefined
    ? undefined
    : tooManyRequests(
        'opened or taken up again as many missions as it may in a while; what cannot wait is phoned',
        wait,
      );
};

/** Nothing that goes wrong here may fail the request: the entry is in the log and owes, and the sweeper pays what is left. */
const tellEverybody = async (entry: Entry, directory: Directory, begunBefore: boolean, asOf: number): Promise<void> => {
  const ports = { ...logs, directory, queue, now: Date.now };
  const work = fanOut(ports, entry, begunBefore, asOf).then(() => 'finished' as const);
  const patience = new Promise<'late'>((resolve) => setTimeout(resolve, patienceMilliseconds, 'late').unref());
  try {
    if ((await Promise.race([work, patience])) === 'late')
      log('FAN_OUT_SLOW', { mission: entry.mission, entry: entry.number });
  } catch (error) {
    log('FAN_OUT_POSTPONED', { mission: entry.mission, entry: entry.number, ...kindOf(error) });
  }
};

/** `POST /fhir/$process-message`. */
export const handler = fhirHandler(async (request, correlationId) => {
  // API Gateway allows no `$` in a path part, so the operation arrives as a variable.
  if (request.pathParameters?.['type'] !== '$process-message') return refuse('not-found');
  const text = bodyOf(request);
  if (typeof text !== 'string') return text;
  const directory = await logs.directory();
  const sender = callerOf(request, directory);
  if ('outcome' in sender) return sender;
  const ifMatch = versionIn(headerOf(request, 'if-match'));
  if (typeof ifMatch === 'object') return ifMatch;

  const message = readMessage(text);
  if (message.outcome === 'refused') return message;
  const outOfScope = requireScope(request, sendScopeOf(message.type.family));
  if (outOfScope !== undefined) return outOfScope;
  const system = systemOf(request);
  const begun = Date.now();
  const accepted = await acceptMessage(
    logs.missions,
    message,
    {
      sender,
      directory,
      guidelines: await logs.guidelines(),
      origin: { correlationId, ...system },
      ...(ifMatch === undefined ? {} : { ifMatch }),
    },
    Date.now,
    { keptFromWaking: () => keptFromWaking(request) },
  );
  if (accepted.outcome === 'refused') return accepted;

  const { entry, again, fanOutPending } = accepted;
  log(again ? 'MESSAGE_REPEATED' : 'MESSAGE_ACCEPTED', {
    event: entry.event,
    mission: entry.mission,
    entry: entry.number,
    sender: entry.sender,
    ...system,
  });
  if (!again) countAccepted(accepted);
  // A message that is sent again because its first answer was lost may find its fan-out unfinished.
  if (fanOutPending) await tellEverybody(entry, directory, again, begun);
  return answer(200, responseMessage(entry, { base, directory }), {
    etag: etag(entry.number),
    'last-modified': new Date(entry.receivedAt).toUTCString(),
  });
});
