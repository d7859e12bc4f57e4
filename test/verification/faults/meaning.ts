import type { Fault } from '../fault.ts';

/** Messages that the hub read otherwise than a receiver, or refused wrongly. */
export const meaningFaults: readonly Fault[] = [
  {
    harm: 'misled',
    what: 'A member that a JSON object had twice: the hub routed by the last one, and a receiver could read the first.',
    guard: {
      what: 'A name that an object has twice is refused',
      file: 'schemas/json/strict-json.ts',
      find: '  if (membersIn(value) === names && !mayBeOdd.test(text)) return { ok: true, value };',
      replace: '  if (names >= 0 && membersIn(value) >= 0 && !mayBeOdd.test(text)) return { ok: true, value };',
      test: { file: 'test/unit/schemas/strict-json.test.ts', title: 'refuses %s with its place' },
    },
  },
  {
    harm: 'misled',
    what: 'A body that was not UTF-8 (Latin-1) was stored with other letters.',
    guard: {
      what: 'A body that is not UTF-8 is refused',
      file: 'functions/shared/http/request.ts',
      find: "const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });",
      replace: "const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });",
      test: { file: 'test/unit/functions/fhir-handler.test.ts', title: 'refuses bytes that are no UTF-8' },
    },
  },
  {
    harm: 'misled',
    what: 'A query parameter that was given twice: the last value was used.',
    guard: {
      what: 'A query parameter is given once',
      file: 'functions/shared/http/request.ts',
      find: 'values !== undefined && values.length > 1)?.[0];',
      replace: 'values !== undefined && values.length > 1_000)?.[0];',
      test: { file: 'test/unit/functions/fhir-handler.test.ts', title: 'refuses %s twice at %s' },
    },
  },
  {
    harm: 'misled',
    what: 'Two resources of a Bundle had one name, and a reference to it could mean either: the first was taken.',
    guard: {
      what: 'A name in a Bundle means one resource',
      file: 'schemas/reading/bundle-faults.ts',
      find: '      if (twin === undefined) return [];',
      replace: '      if (twin !== null) return [];',
      test: { file: 'test/unit/schemas/reading/bundle.test.ts', title: 'refuses two resources of %s' },
    },
  },
  {
    harm: 'misled',
    what: 'A request that a modifier element turned into its opposite (`doNotPerform`) was accepted as a request.',
    guard: {
      what: 'An element that changes what a resource means is refused',
      file: 'schemas/reading/read-message.ts',
      find: '  if (changed.length > 0) return refuseAll(changed);\n',
      replace: '',
      test: { file: 'test/unit/schemas/reading/modifiers.test.ts', title: '%s is refused' },
    },
  },
  {
    harm: 'misled',
    what: 'A resource was shown in part without the modifier that changed its meaning.',
    guard: {
      what: 'No resource is shown without its modifier',
      file: 'core/fhir/de-identify.ts',
      find: '  if (!isObject(sent) || isModified(sent)) return undefined;',
      replace: '  if (!isObject(sent) || isModified({})) return undefined;',
      test: { file: 'test/unit/core/fhir/de-identify.test.ts', title: 'hide %s' },
    },
  },
  {
    harm: 'misled',
    what: 'Two deciding resources in focus: the hub acted on the first.',
    guard: {
      what: 'One deciding resource is in focus',
      file: 'schemas/reading/read-focus.ts',
      find: '  if (only === undefined || second === undefined) return { ok: true, value: only };',
      replace: '  if (only === undefined || second !== null) return { ok: true, value: only };',
      test: {
        file: 'test/unit/schemas/reading/bundle.test.ts',
        title: 'is one deciding resource, however often it is named',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A message that named two missions was written to the first.',
    guard: {
      what: 'A message names one mission',
      file: 'schemas/reading/read-focus.ts',
      find: '      else if (first.mission !== named.mission)',
      replace: '      else if (first.mission === null)',
      test: {
        file: 'test/unit/schemas/reading/bundle.test.ts',
        title: 'names one mission, by number, resource and Task',
      },
    },
  },
  {
    harm: 'misled',
    what: 'Two different details of one kind in `Task.input` and `Task.output`: the hub used one, a receiver the other.',
    guard: {
      what: 'Details of a Task agree over input and output',
      file: 'schemas/messages/details.ts',
      find: '    if (!repeatsRequest(resource)) requireAgreement(context, { input, output });\n',
      replace: '',
      test: {
        file: 'test/unit/schemas/reading/one-meaning.test.ts',
        title:
          '$message.type.event $across: is refused with another value in the other element, and read with the same',
      },
    },
  },
  {
    harm: 'misled',
    what: 'Two places of a request, far apart: the hub routed by the first, a crew could fly to the other.',
    guard: {
      what: 'The places of a mission are one scene',
      file: 'schemas/reading/read-place.ts',
      find: '      kilometresBetween(place.position, position) > sceneKilometres,',
      replace: '      kilometresBetween(place.position, position) > 100_000,',
      test: {
        file: 'test/unit/schemas/reading/read-place.test.ts',
        title: 'is one: two that are far apart are refused',
      },
    },
  },
  {
    harm: 'misled',
    what: 'Swapped coordinates sent a request to the other side of the world.',
    guard: {
      what: 'Swapped coordinates are refused',
      file: 'schemas/reading/read-place.ts',
      find: "      return [{ code: 'swapped-coordinates', at }];",
      replace: '      return [];',
      test: { file: 'test/unit/schemas/reading/read-message.test.ts', title: 'reads a contained Location' },
    },
  },
  {
    harm: 'misled',
    what: 'A misspelt label of an exercise made a real mission of it.',
    guard: {
      what: 'What reads like the label of an exercise and is not that label is refused',
      file: 'schemas/reading/read-exercise.ts',
      find: "    ...labels.odd.map((path) => fault(path, 'reads like the label of an exercise, and is not that label')),\n",
      replace: '',
      test: { file: 'test/unit/schemas/reading/read-exercise.test.ts', title: 'is refused with %s' },
    },
  },
  {
    harm: 'lost',
    what: 'A real mission was refused because a URL in it read like the label of an exercise.',
    guard: {
      what: 'Only codes and meta are searched for the label of an exercise',
      file: 'schemas/reading/read-exercise.ts',
      find: '    if (inMeta ? isMention(value) : isCodeElement(name) && isCode(value)) labels.odd.push(path);',
      replace: '    if (isMention(value) || (isCodeElement(name) && isCode(value))) labels.odd.push(path);',
      test: { file: 'test/unit/schemas/reading/read-exercise.test.ts', title: 'is not read from %s' },
    },
  },
  {
    harm: 'misled',
    what: 'An exercise and a real mission could be mixed by one message.',
    guard: {
      what: 'A message of the other kind is refused',
      file: 'core/mission/preconditions.ts',
      find: '  message.exercise === before.exercise\n    ? undefined',
      replace: '  message.exercise === before.exercise || message.exercise !== null\n    ? undefined',
      test: {
        file: 'test/unit/core/mission/versions-and-exercises.test.ts',
        title: 'refuses an exercise message in a real mission, and a real one in an exercise',
      },
    },
  },
  {
    harm: 'down',
    what: 'A body of 200 kB with nothing but faults was answered by tens of megabytes, more than a function returns: 502.',
    guard: {
      what: 'An answer shows at most fifty faults',
      file: 'schemas/faults.ts',
      find: 'const mostIssues = 50;',
      replace: 'const mostIssues = 5_000_000;',
      test: { file: 'test/unit/schemas/strict-json.test.ts', title: 'shows at most 50 faults in the OperationOutcome' },
    },
  },
  {
    harm: 'misled',
    what: 'A repeated message with other content under a used id was answered as accepted.',
    guard: 'A used message id with other content is refused',
  },
  {
    harm: 'twice',
    what: 'A sender that lost the answer and sent again got a second mission.',
    guard: 'A repeated message gets its first answer',
  },
  {
    harm: 'leaked',
    what: 'A message named another organisation as its sender, and receivers read it so.',
    guard: {
      what: 'Every organisation that a message names as its sender is the caller',
      file: 'core/mission/preconditions.ts',
      find: '  const foreign = claims.find(({ organisation }) => !own.includes(organisation));\n',
      replace: '  const foreign = claims.find(({ organisation }) => own.includes(`${organisation}?`));\n',
      test: {
        file: 'test/unit/core/mission/addressing.test.ts',
        title: 'refuses a message in the name of another organisation (%s)',
      },
    },
  },
  {
    harm: 'lost',
    what: 'An attachment that did not fit into the picture of a mission took the room of what came behind it.',
    guard: {
      what: 'A resource that is too large leaves its room to those after it',
      file: 'core/mission/picture.ts',
      find: '      if (fits) size += length;',
      replace: '      size += length;',
      test: {
        file: 'test/unit/core/fhir/picture.test.ts',
        title: 'is left to patient, place, findings and a later attachment by one that is too large',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A message gave a phone number of another party, and a receiver phoned it instead of the one in the directory.',
    guard: {
      what: 'Contact data of a party come from the directory',
      file: 'core/mission/preconditions.ts',
      find: '!own.includes(organisation) && directory.hasNumber(organisation));',
      replace: "!own.includes(organisation) && organisation === '');",
      test: {
        file: 'test/unit/core/mission/addressing.test.ts',
        title:
          'refuses contact data of another party, and takes those of the sender and of organisations that are no party',
      },
    },
  },
  {
    harm: 'down',
    what: 'Every update with extensions of new URLs made the state of its mission larger, for good.',
    guard: {
      what: 'The extension URLs of an update are bounded',
      file: 'schemas/reading/read-message.ts',
      find: '    ...(updatesDescription(type) ? statementFaults(focus.resource, focus.at) : []),\n',
      replace: '',
      test: {
        file: 'test/unit/schemas/reading/read-message.test.ts',
        title: 'bounds the extension URLs of an update, and not those of a request',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'A receiver that was named by its endpoint alone was taken for the party that had this endpoint: suppliers share endpoints, and endpoints move.',
    guard: {
      what: 'A destination names its receiver',
      file: 'schemas/reading/read-parties.ts',
      find: 'receiver === undefined ? withoutReceiver(one, index, parties) :',
      replace:
        "receiver === undefined ? (parties.length === 1 ? { ok: true as const, value: parties[0] ?? '' } : withoutReceiver(one, index, parties)) :",
      test: { file: 'test/unit/schemas/reading/read-parties.test.ts', title: 'is refused by %s' },
    },
  },
];
