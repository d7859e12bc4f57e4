import { defined } from '../../schemas/defined.ts';
import { timeOf } from '../../schemas/fhir/datatypes.ts';
import type { CommonState, MissionEvent, MissionState } from './state.ts';

/** The readiness of a resource by the time of statement: a report that arrives late does not replace a newer one. */
export const readinessAfter = (
  before: MissionState | undefined,
  event: MissionEvent,
  common: CommonState,
): MissionState => {
  const { facts, receivedAt } = event;
  const known = before?.readiness;
  const statedAt = facts.statedAt ?? receivedAt;
  const isNewest = known === undefined || timeOf(statedAt) >= timeOf(known.statedAt);
  const stated = {
    resource: facts.resource ?? '',
    kind: facts.resourceKind ?? '',
    availability: facts.availability ?? '',
    statedAt,
    ...defined({ position: facts.position }),
  };
  const request = { entry: event.number, index: event.focusIndex ?? 0 };
  return {
    ...common,
    status: 'active',
    exercise: event.exercise,
    urgency: 'routine',
    requester: event.sender,
    coordinator: event.sender,
    openedAt: before?.openedAt ?? receivedAt,
    request: isNewest ? request : (before?.request ?? request),
    tasks: [],
    readiness: isNewest ? stated : known,
  };
};
