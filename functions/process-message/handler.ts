import type { PartyDirectory } from '../../adapters/party-directory.ts';
import { fanOut, type FanOutPorts } from '../../core/delivery/fan-out.ts';
import type { Notifications } from '../../core/delivery/notifications.ts';
import { type Unreached, unreachedNow, unreachedWarnings } from '../../core/delivery/unreached.ts';
import { responseMessage } from '../../core/fhir/response-message.ts';
import { acceptMessage } from '../../core/mission/accept-message.ts';
import { Unavailable } from '../../core/mission/errors.ts';
import type { StoredEntry } from '../../core/mission/mission-log.ts';
import { openMissionsOfCase } from '../../core/mission/same-case.ts';
import type { Entry } from '../../core/mission/state.ts';
import { type Refusal, refuse, refuseMethod } from '../../schemas/faults.ts';
import type { Guidelines } from '../../schemas/guideline.ts';
import { defined } from '../../schemas/defined.ts';
import { focusResourcePath, resourcePath } from '../../schemas/reading/fhir-paths.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { readMessage } from '../../schemas/reading/read-message.ts';
import type { Warning } from '../../schemas/warnings.ts';
import { sendScopeOf, validateScopes } from '../../schemas/scopes.ts';
import { fhirHandler } from '../shared/http/fhir-handler.ts';
import { expectedVersionOf } from '../shared/http/conditions.ts';
import { bodyOf, callerOf, refuseParameters, type Request, requireScope, systemOf } from '../shared/http/request.ts';
import { answer, etag } from '../shared/http/response.ts';
import { instrumented } from '../shared/telemetry/instrumented-ports.ts';
import { kindOf, log } from '../shared/telemetry/log.ts';
import { countAccepted } from '../shared/telemetry/metrics.ts';
import { validate } from './validate.ts';

export interface ProcessMessageDeps extends Omit<FanOutPorts, 'directory'> {
  readonly notifications: FanOutPorts['notifications'] & Pick<Notifications, 'readAll'>;
  readonly base: string;
  /** Throws `HubClosed`. */
  readonly directory: () => Promise<PartyDirectory>;
  readonly guidelines: () => Promise<Guidelines>;
}

/** A sender waits this long for the fan-out; after that the sweeper completes it. */
const longestFanOutMilliseconds = 3_000;

/** Parameters of the operation (OperationDefinition MessageHeader-process-message). The hub answers each message at once. */
const unsupportedParameter = (request: Request): Refusal | undefined =>
  refuseParameters(request, {
    except: (name, value) => name === 'async' && value === 'false',
    advice: 'the hub answers each message at once, in the response: leave out async, response-url and other parameters',
  });

/**
 * Starts the fan-out, and returns the parties that no machine can notify now; `unknown` if it is late or interrupted. It never
 * fails the request: the entry is stored and pending, and the sweeper completes the fan-out.
 */
const startFanOut = async (
  ports: FanOutPorts,
  entry: Entry,
  { mayHaveStarted }: { readonly mayHaveStarted: boolean },
): Promise<readonly Unreached[] | 'unknown'> => {
  const work = fanOut(ports, entry, { mayHaveStarted });
  const limit = new Promise<'unknown'>((resolve) => setTimeout(resolve, longestFanOutMilliseconds, 'unknown').unref());
  try {
    const unreached = await Promise.race([work, limit]);
    if (unreached === 'unknown') log('FAN_OUT_SLOW', { mission: entry.mission, entry: entry.number });
    return unreached;
  } catch (error) {
    log('FAN_OUT_POSTPONED', { mission: entry.mission, entry: entry.number, ...kindOf(error) });
    return 'unknown';
  }
};

/** The parties that a message sent again has not reached. What cannot be read now is not known; the answer is given all the same. */
const notReachedBy = async (
  ports: ProcessMessageDeps,
  stored: StoredEntry,
  directory: PartyDirectory,
): Promise<readonly Unreached[] | 'unknown'> => {
  try {
    return await unreachedNow(ports, stored, directory);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    log('STORAGE_UNAVAILABLE', kindOf(error));
    return 'unknown';
  }
};

/** The guideline decides which criteria are stored. */
const criteriaWarnings = ({ facts, focusIndex }: Message, entry: Entry): readonly Warning[] =>
  (facts.criteria?.length ?? 0) > (entry.facts.criteria?.length ?? 0)
    ? [{ code: 'unknown-criterion', at: `${focusResourcePath(defined({ focusIndex }))}.reasonCode` }]
    : [];

/** A sender waits this long to be warned of an open mission of the same case. */
const longestLookMilliseconds = 1_000;

/** The warning of open missions with a case number of a request for a mission. A look that fails or is late warns of nothing. */
const sameCaseWarnings = async (
  ports: Pick<ProcessMessageDeps, 'missions' | 'missionLists'>,
  entry: Entry,
): Promise<readonly Warning[]> => {
  if (entry.number !== 1 || entry.facts.caseNumbers === undefined) return [];
  const limit = new Promise<readonly string[]>((resolve) => setTimeout(resolve, longestLookMilliseconds, []).unref());
  try {
    const open = await Promise.race([openMissionsOfCase(ports, entry), limit]);
    const at = `${resourcePath(entry.focusIndex ?? 0)}.identifier`;
    return open.map((mission) => ({ code: 'case-has-mission', at, detail: `ServiceRequest/${mission}` }));
  } catch (error) {
    log('CASE_NOT_CHECKED', { mission: entry.mission, ...kindOf(error) });
    return [];
  }
};

/** API Gateway allows no `$` in a path part, so an operation arrives as a path parameter, or as two. */
const operationOf = ({ pathParameters }: Request): string => {
  const { type = '', id } = pathParameters ?? {};
  if (id === undefined) return type;
  // R4 defines `$validate` at a type.
  return type === 'Bundle' && id === '$validate' ? id : `${type}/${id}`;
};

/** The answer to the natural request of a FHIR client, `POST [base]/ServiceRequest`. */
const notCreated = refuseMethod(
  ['GET', 'HEAD'],
  'no resource is created by itself: send a message, a Bundle of type "message", to POST $process-message',
);

/** `POST /fhir/$process-message`, `POST /fhir/$validate` and `POST /fhir/Bundle/$validate`. */
export const createHandler = (ports: ProcessMessageDeps) => {
  const deps = { ...ports, missions: instrumented(ports.missions) };
  const { base, now } = deps;

  return fhirHandler(
    async (request, correlationId) => {
      const operation = operationOf(request);
      if (operation !== '$process-message' && operation !== '$validate')
        return operation.includes('$') ? refuse('unknown-address') : notCreated;
      const unsupported = unsupportedParameter(request);
      if (unsupported !== undefined) return unsupported;
      const text = bodyOf(request);
      if (typeof text !== 'string') return text;
      const directory = await deps.directory();
      const sender = callerOf(request, directory);
      if ('outcome' in sender) return sender;
      if (operation === '$validate')
        return (
          requireScope(request, ...validateScopes) ??
          validate(text, { base, partiesAt: directory.partiesAt, correlationId })
        );
      const ifMatch = expectedVersionOf(request);
      if (typeof ifMatch === 'object') return ifMatch;

      const message = readMessage(text, { base, partiesAt: directory.partiesAt });
      if (message.outcome === 'refused') return message;
      const outOfScope = requireScope(request, sendScopeOf(message.type.family));
      if (outOfScope !== undefined) return outOfScope;
      const system = systemOf(request);
      const accepted = await acceptMessage(
        deps.missions,
        message,
        {
          sender,
          directory,
          guidelines: await deps.guidelines(),
          origin: { correlationId, ...system },
          ...(ifMatch === undefined ? {} : { ifMatch }),
        },
        now,
      );
      if (accepted.outcome === 'refused') return accepted;

      const { entry, repeated, stored, fanOutPending } = accepted;
      log(repeated ? 'MESSAGE_REPEATED' : 'MESSAGE_ACCEPTED', {
        event: entry.event,
        mission: entry.mission,
        entry: entry.number,
        sender: entry.sender,
        ...system,
      });
      if (!repeated) countAccepted(accepted);
      const sameCase = sameCaseWarnings(deps, entry);
      // If a message is sent again because its first answer was lost, its fan-out may be unfinished.
      const unreached =
        fanOutPending || stored === undefined
          ? await startFanOut({ ...deps, directory }, entry, { mayHaveStarted: repeated })
          : await notReachedBy(deps, stored, directory);
      const reach: readonly Warning[] =
        unreached === 'unknown' ? [{ code: 'reach-unknown' }] : unreachedWarnings(unreached, directory);
      return answer(
        200,
        responseMessage(entry, { base, directory }, [
          ...reach,
          ...(await sameCase),
          ...criteriaWarnings(message, entry),
          ...message.warnings,
        ]),
        {
          etag: etag(entry.number),
          'last-modified': new Date(entry.receivedAt).toUTCString(),
        },
      );
    },
    { honours: (request) => (operationOf(request) === '$process-message' ? ['if-match'] : []) },
  );
};
