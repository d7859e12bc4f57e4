import { defined } from '../../schemas/defined.ts';
import { parseAddress, resourceAddress } from '../../schemas/identifiers.ts';
import { describesMission } from '../../schemas/reading/description.ts';
import type { MessageType, Pointer } from '../../schemas/messages/message-type.ts';
import type { MissionEvent, TaskAsk, WhereAndWhom } from './state.ts';

/** The address of a resource of this mission; nothing for a resource of another one. */
const addressOf = (pointer: Pointer | undefined, { mission, number }: MissionEvent): string | undefined => {
  if (pointer === undefined) return undefined;
  if ('index' in pointer) return `${pointer.type}/${resourceAddress(mission, number, pointer.index)}`;
  return parseAddress(pointer.id)?.mission === mission ? `${pointer.type}/${pointer.id}` : undefined;
};

const whereAndWhom = (event: MissionEvent): WhereAndWhom => {
  const { place, placeName, patient } = event.facts.ask ?? {};
  return defined({ place: addressOf(place, event), placeName, patient: addressOf(patient, event) });
};

/** Place and patient after an event that describes the mission. A place comes with its own name or none. */
export const aboutAfter = (
  type: MessageType,
  before: WhereAndWhom | undefined,
  event: MissionEvent,
): WhereAndWhom | undefined => {
  const { takesBack = [] } = event.facts;
  if (!describesMission(type) || event.facts.ask === undefined) return before;
  const stated = whereAndWhom(event);
  const saysPlace = stated.place !== undefined || stated.placeName !== undefined;
  const { place, placeName, patient } = before ?? {};
  const keptPlace = saysPlace || takesBack.includes('locationReference') ? {} : defined({ place, placeName });
  return { ...keptPlace, ...(takesBack.includes('subject') ? {} : defined({ patient })), ...stated };
};

/** What a Task asks for after an event that asks: what the message says, and for the rest what is known from before. */
export const askOf = (event: MissionEvent, known: WhereAndWhom | TaskAsk | undefined): TaskAsk | undefined => {
  const { facts, focusIndex, number } = event;
  const earlier = known !== undefined && 'entry' in known ? known : undefined;
  if (facts.ask === undefined || focusIndex === undefined) return earlier;
  const { refersTo = [], limit, words = earlier?.words } = facts.ask;
  const stated = whereAndWhom(event);
  const saysPlace = stated.place !== undefined || stated.placeName !== undefined;
  const { place, placeName, patient } = known ?? {};
  const addresses = refersTo.flatMap((pointer) => addressOf(pointer, event) ?? []);
  return {
    ...(saysPlace ? {} : defined({ place, placeName })),
    ...defined({ patient }),
    ...stated,
    type: facts.ask.type,
    entry: number,
    index: focusIndex,
    ...defined({ words, refersTo: addresses.length === 0 ? earlier?.refersTo : addresses, limit }),
  };
};
