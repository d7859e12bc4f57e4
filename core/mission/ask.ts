import { defined } from '../../schemas/defined.ts';
import { parseAddress, resourceAddress } from '../../schemas/identifiers.ts';
import { describesMission } from '../../schemas/reading/description.ts';
import type { MessageType, Pointer, Stated } from '../../schemas/messages/message-type.ts';
import type { MissionEvent, Named, TaskAsk, WhereAndWhom } from './state.ts';

/** The address of a resource of this mission; nothing for a resource of another one. */
const addressOf = (pointer: Pointer | undefined, { mission, number }: MissionEvent): string | undefined => {
  if (pointer === undefined) return undefined;
  if ('index' in pointer) return `${pointer.type}/${resourceAddress(mission, number, pointer.index)}`;
  return parseAddress(pointer.id)?.mission === mission ? `${pointer.type}/${pointer.id}` : undefined;
};

/**
 * What a message states, with addresses at the hub. A resource of another mission has none here: it is read in the resource in
 * focus, so that the Task never shows an earlier place or patient instead.
 */
const named = (stated: Stated | undefined, event: MissionEvent): Named | undefined => {
  if (stated === undefined) return undefined;
  const { pointer, ...words } = stated;
  const { facts, focusIndex } = event;
  const focus =
    facts.ask === undefined || focusIndex === undefined ? undefined : { type: facts.ask.type, index: focusIndex };
  const reference = pointer === undefined ? undefined : (addressOf(pointer, event) ?? addressOf(focus, event));
  return { ...words, ...defined({ reference }) };
};

const leadsSomewhere = (one: Named | undefined): boolean =>
  one?.reference !== undefined || one?.identifier !== undefined;

/**
 * Place and patient after an event: what it states, otherwise what is known from before. R4 requires a subject of a
 * ServiceRequest: words alone replace no patient there, as in the description (`isReplaced`).
 */
const whereAndWhom = (event: MissionEvent, known: WhereAndWhom | undefined): WhereAndWhom => {
  const { ask, takesBack = [] } = event.facts;
  const place = named(ask?.place, event);
  const patient = named(ask?.patient, event);
  const before = takesBack.includes('subject') ? undefined : known?.patient;
  const isWords = ask?.type === 'ServiceRequest' && !leadsSomewhere(patient);
  return defined({
    place: place ?? (takesBack.includes('locationReference') ? undefined : known?.place),
    patient: patient === undefined || (isWords && leadsSomewhere(before)) ? before : patient,
  });
};

/** Place and patient after an event that describes the mission. */
export const aboutAfter = (
  type: MessageType,
  before: WhereAndWhom | undefined,
  event: MissionEvent,
): WhereAndWhom | undefined =>
  !describesMission(type) || event.facts.ask === undefined ? before : whereAndWhom(event, before);

/** What a Task asks for after an event that asks: what the message says, and for the rest what is known from before. */
export const askOf = (event: MissionEvent, known: WhereAndWhom | TaskAsk | undefined): TaskAsk | undefined => {
  const { facts, focusIndex, number } = event;
  const earlier = known !== undefined && 'entry' in known ? known : undefined;
  if (facts.ask === undefined || focusIndex === undefined) return earlier;
  const { refersTo = [], limit, words = earlier?.words } = facts.ask;
  const addresses = refersTo.flatMap((pointer) => addressOf(pointer, event) ?? []);
  return {
    ...whereAndWhom(event, known),
    type: facts.ask.type,
    entry: number,
    index: focusIndex,
    ...defined({ words, refersTo: addresses.length === 0 ? earlier?.refersTo : addresses, limit }),
  };
};
