import type { MessageDefinition } from 'fhir/r4.d.ts';
import { catalogue, eventCodeOf } from '../messages/catalogue.ts';
import type { ElementRule, MessageType } from '../messages/message-type.ts';
import { systems } from '../names.ts';
import { artefact, canonicalOf, type Edition } from './artefact.ts';
import { rulesOf } from './rules.ts';
import { profileId } from './structure-definitions.ts';

/** `currency`: availability of a resource, only the newest counts. `consequence`: changes a mission or a Task, processed once. `notification`: informs. */
const categoryOf = ({ log, opens, transitions, mission }: MessageType): MessageDefinition['category'] => {
  if (log === 'resource') return 'currency';
  const changesTask = Object.values(transitions?.byAnswer ?? {})
    .flat()
    .some(({ to }) => to !== 'unchanged');
  return opens === undefined && mission === undefined && !changesTask ? 'notification' : 'consequence';
};

const focusOf = ({ event, focus, focusOptional }: MessageType): MessageDefinition['focus'] =>
  focus === undefined
    ? []
    : [
        {
          code: focus.resource,
          profile: canonicalOf('StructureDefinition', profileId(event, focus.resource)),
          min: focusOptional === true ? 0 : 1,
          max: '1',
        },
      ];

const aboutFocus = ({ path }: ElementRule): boolean => path === 'MessageHeader.focus';

const messageDefinition = (type: MessageType, { version, date }: Edition): MessageDefinition => {
  const focus = focusOf(type);
  return {
    ...artefact('MessageDefinition', type.event, type.title, version),
    date,
    description: [
      type.purpose,
      ...rulesOf(type)
        .filter(aboutFocus)
        .map(({ what }) => `Focus: ${what}`),
    ].join('\n\n'),
    eventCoding: { system: systems.event, code: eventCodeOf(type) },
    category: categoryOf(type),
    ...(focus === undefined || focus.length === 0 ? {} : { focus }),
    // The hub answers every message at once, and expects no message in answer to its own.
    responseRequired: type.senders.includes('hub') ? 'never' : 'always',
  };
};

/** One for each file of the catalogue. */
export const messageDefinitions = (edition: Edition): readonly MessageDefinition[] =>
  catalogue.map((type) => messageDefinition(type, edition));
