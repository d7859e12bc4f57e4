import { updatesDescription } from '../../schemas/reading/description.ts';
import type { Facts, MessageType } from '../../schemas/messages/message-type.ts';
import { isReplaced, statementKey } from './description.ts';
import type { MissionEvent, MissionState } from './state.ts';

/** An update may take back the place and the large event; urgency and criteria always have a value. */
const placeAfter = (before: MissionState, { position, municipality, takesBack }: Facts) => {
  if (takesBack?.includes('locationReference') === true) return {};
  return {
    position: position ?? before.position,
    // A new position without a municipality clears the old municipality.
    municipality: position === undefined ? before.municipality : municipality,
  };
};

/**
 * The description of a mission after an event. A ServiceRequest in focus replaces the elements that it states; an earlier one
 * stays as long as it has an element that no later one states. A cancellation changes nothing.
 */
export const descriptionAfter = (type: MessageType, before: MissionState, event: MissionEvent) => {
  const { facts, focusIndex, number, sender } = event;
  if (!updatesDescription(type) || focusIndex === undefined) {
    const { updates, position, municipality, criteria, incident } = before;
    return { updates, position, municipality, criteria, incident };
  }
  const elements = (facts.states ?? []).map((element) => statementKey(element, sender));
  const earlier = (before.updates ?? []).map((update) => ({
    ...update,
    elements: update.elements.filter((element) => !isReplaced(element, elements)),
  }));
  return {
    updates: [...earlier, { entry: number, index: focusIndex, elements }].filter(
      (update) => update.elements.length > 0,
    ),
    ...placeAfter(before, facts),
    criteria: facts.criteria ?? before.criteria,
    incident: facts.takesBack?.includes('requisition') === true ? undefined : (facts.incident ?? before.incident),
  };
};
