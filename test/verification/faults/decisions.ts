import type { Fault } from '../fault.ts';

/** Rules of a mission that were wrong, or could be evaded. */
export const decisionFaults: readonly Fault[] = [
  {
    harm: 'lost',
    what: 'A hospital was not notified when the crew that it waited for withdrew.',
    guard: {
      what: 'Hospitals that wait for a flight are notified of the answers of its crew',
      file: 'schemas/messages/resource-response.ts',
      find: "  notifies: ['task-asker', 'coordinator', 'requester', 'hospitals-of-task', 'quality'],",
      replace: "  notifies: ['task-asker', 'coordinator', 'requester', 'quality'],",
      test: {
        file: 'test/model/mission-model.test.ts',
        title: 'accept and refuse the same messages in any order and at once, and reach no forbidden state',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A flight phase hours ahead of the clock was accepted, and no later report could correct it.',
    guard: {
      what: 'A time too far in the future is refused',
      file: 'core/mission/plausible-times.ts',
      find: '    if (timeOf(time) > latest)',
      replace: '    if (timeOf(time) > latest + 1e15)',
      test: {
        file: 'test/unit/core/mission/plausible-times.test.ts',
        title: 'accepts $what within its bounds, and refuses it beyond them',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A report from a clock that was days behind ordered itself before all others of the mission.',
    guard: {
      what: 'A time long before the mission is refused',
      file: 'core/mission/plausible-times.ts',
      find: '    if (timeOf(time) < earliest)',
      replace: '    if (timeOf(time) < earliest - 1e15)',
      test: {
        file: 'test/unit/core/mission/plausible-times.test.ts',
        title: 'accepts $what within its bounds, and refuses it beyond them',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A person who rejected a request decided on its review under another spelling of the name.',
    guard: {
      what: 'The same name in another spelling is the same person',
      file: 'core/mission/transitions.ts',
      find: '  comparablePerson(one.name) === comparablePerson(other.name) ||',
      replace: '  one.name === other.name ||',
      test: { file: 'test/unit/core/mission/review.test.ts', title: 'is compared by HPR number and by name' },
    },
  },
  {
    harm: 'misled',
    what: 'A review was decided by the person who had rejected the request before it was forwarded.',
    guard: {
      what: 'The decider of a review is none of those who rejected before in that line',
      file: 'core/mission/transitions.ts',
      find: '  return rejected === undefined ? [] : [rejected, ...disputed(rejected, state)];',
      replace: '  return rejected === undefined ? [] : [rejected];',
      test: {
        file: 'test/unit/core/mission/review.test.ts',
        title: 'accepts a review of a rejected review, and requires a third decider',
      },
    },
  },
  {
    harm: 'misled',
    what: 'Two coordinators who decided at the same time undid each other without knowing.',
    guard: {
      what: 'An acceptance is rejected only by a sender that gives the version',
      file: 'core/mission/transitions.ts',
      find: "  return isRejection(proposal) && task.status === 'accepted' && ifMatch === undefined\n",
      replace: "  return isRejection(proposal) && task.status === 'rejected' && ifMatch === undefined\n",
      test: {
        file: 'test/unit/core/mission/decision.test.ts',
        title: 'requires If-Match with the current version to reverse an acceptance',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A request was rejected while a crew was on its way.',
    guard: {
      what: 'No request is rejected while a resource Task is open',
      file: 'core/mission/transitions.ts',
      find: "    ? before.tasks.find((other) => other.kind === 'resource' && !isFinal(other))",
      replace: "    ? before.tasks.find((other) => other.kind === 'prearrival' && isFinal(other))",
      test: {
        file: 'test/unit/core/mission/decision.test.ts',
        title: 'refuses to reverse an acceptance while a resource Task is open',
      },
    },
  },
  {
    harm: 'late',
    what: 'A decision could be deferred for any time, and nobody was alerted.',
    guard: {
      what: 'A deferral ends within the limit of the guideline',
      file: 'core/mission/references.ts',
      find: '  return timeOf(until) > Date.parse(now) + longestDeferralSeconds * 1000\n',
      replace: '  return timeOf(until) > Date.parse(now) + longestDeferralSeconds * 1e9\n',
      test: {
        file: 'test/unit/core/mission/decision.test.ts',
        title: 'refuses a deferral longer than the guideline allows',
      },
    },
  },
  {
    harm: 'leaked',
    what: 'An update of a Task that was addressed to another party than its owner was accepted.',
    guard: {
      what: 'A message about a Task goes to the owner of the Task only',
      file: 'core/mission/references.ts',
      find: '  const other = destinations.findIndex((organisation) => organisation !== task.owner);',
      replace: '  const other = destinations.findIndex((organisation) => organisation === null);',
      test: {
        file: 'test/unit/core/mission/stand-down.test.ts',
        title: 'is refused from another AMK LA, and with another receiver than the owner',
      },
    },
  },
  {
    harm: 'lost',
    what: 'After a cancellation the crew in the air could not notify a hospital.',
    guard: {
      what: 'A mission that is over takes a new Task while a crew is in the air',
      file: 'core/mission/preconditions.ts',
      find: "  return before.status === 'active' || before.tasks.some(isAirborne)\n",
      replace: "  return before.status === 'active'\n",
      test: {
        file: 'test/model/table.test.ts',
        title: 'accepts what the catalogue declares, except for the rules beyond single Tasks',
      },
    },
  },
  {
    harm: 'misled',
    what: 'Findings of two patients without an identifier, from two senders, replaced each other.',
    guard: {
      what: 'A name that a sender chose for a patient counts for that sender only',
      file: 'core/mission/findings.ts',
      find: '    const key = finding.ofSender === true ? fingerprintOf(sender, finding.key) : finding.key;',
      replace: '    const key = finding.key;',
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '%s' },
    },
  },
  {
    harm: 'misled',
    what: 'A finding that was entered in error replaced the valid one before it.',
    guard: {
      what: 'A finding that does not count replaces none',
      file: 'core/mission/findings.ts',
      find: '    if (isVoid === true) {',
      replace: '    if (isVoid === null) {',
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '%s' },
    },
  },
  {
    harm: 'misled',
    what: 'An older finding that arrived late replaced a newer one.',
    guard: {
      what: 'The newest finding counts, in whatever order they arrive',
      file: 'core/mission/findings.ts',
      find: '    if (earlier !== undefined && Date.parse(earlier.at) > time) continue;\n',
      replace: '',
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '%s' },
    },
  },
  {
    harm: 'misled',
    what: 'A Task showed the patient or place of before although the request stated another one, by identifier or name.',
    guard: {
      what: 'A Task shows the place that its request states',
      file: 'core/mission/ask.ts',
      find: "    place: place ?? (takesBack.includes('locationReference') ? undefined : known?.place),",
      replace: "    place: known?.place ?? (takesBack.includes('locationReference') ? undefined : place),",
      test: {
        file: 'test/unit/core/fhir/task-ask.test.ts',
        title: 'shows the own words, place and time limit of a request to an operator beside the deadline of the hub',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A large event showed its missions to any party that gave its number.',
    guard: {
      what: 'A number alone opens no mission of a large event',
      file: 'core/queries/incident.ts',
      find: '  const open = theirs.states.filter((state) => seesMission(state, access, receivers));',
      replace:
        '  const open = theirs.states.filter((state) => seesMission(state, access, receivers) || state !== null);',
      test: {
        file: 'test/unit/core/queries/incident.test.ts',
        title: 'is not opened by an update that does not state the event, nor by another event, nor for a non-party',
      },
    },
  },
  {
    harm: 'misled',
    what: 'If a large event had more missions than a list shows, some that were opened first were cut.',
    guard: {
      what: 'Of a large event those opened last are cut',
      file: 'core/queries/incident.ts',
      find: '    return first < second ? -1 : Number(first > second);',
      replace: '    return first < second ? 1 : -Number(first > second);',
      test: {
        file: 'test/unit/core/queries/incident.test.ts',
        title: 'cuts what was opened last, also of the missions of others',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A deadline that had been moved was reported as missed.',
    guard: 'A deadline that no longer applies is not reported',
  },
  {
    harm: 'late',
    what: 'After a crash the deadline of a Task was not stored, and nobody was alerted when it passed.',
    guard: 'Deadlines are stored before the fan-out is completed',
  },
  {
    harm: 'misled',
    what: 'A worklist showed a Task as it was before a newer entry, because two fan-outs overtook each other.',
    guard: 'Memory: an older entry does not overwrite a newer Task',
  },
  {
    harm: 'misled',
    what: 'A worklist took a cursor of another list, and answered that no Task was open.',
    guard: {
      what: 'A cursor of another list is refused',
      file: 'core/queries/tasks.ts',
      find: '  if (startIn(lists, search.cursor) === undefined) return wrongCursor;\n',
      replace: '',
      test: {
        file: 'test/unit/core/queries/worklist.test.ts',
        title: 'is not said to be empty because of a cursor %s',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A report of a crew that arrived late replaced a newer ETA and position.',
    guard: {
      what: 'The ETA and position that were stated last count',
      file: 'core/mission/evolve.ts',
      find: '(knownAt !== undefined && timeOf(statedAt) < timeOf(knownAt))',
      replace: '(knownAt !== undefined && timeOf(statedAt) < 0)',
      test: {
        file: 'test/unit/core/mission/stand-down.test.ts',
        title: 'keep the latest ETA and position by time of report, in any order of arrival',
      },
    },
  },
  {
    harm: 'misled',
    what: 'The mission report could not correct the time of a phase that was reported too early.',
    guard: {
      what: 'A mission report corrects times that were reported before',
      file: 'core/mission/evolve.ts',
      find: '    if (before === undefined || isEarlier || type.corrects === true) phases[phase] = seenAt;',
      replace: '    if (before === undefined || isEarlier) phases[phase] = seenAt;',
      test: {
        file: 'test/unit/core/mission/report.test.ts',
        title:
          'corrects times that were reported before, also earlier ones, and no later report of a phase changes them',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A phase report that was sent again after the mission report undid its correction.',
    guard: {
      what: 'No phase report changes a time of the mission report',
      file: 'core/mission/evolve.ts',
      find: 'const isEarlier = task.reported !== true && before !== undefined',
      replace: 'const isEarlier = before !== undefined',
      test: {
        file: 'test/unit/core/mission/report.test.ts',
        title:
          'corrects times that were reported before, also earlier ones, and no later report of a phase changes them',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A request was rejected on medical ground, and nobody could see on which criteria it was judged.',
    guard: {
      what: 'A rejection on medical ground names its criteria',
      file: 'core/mission/preconditions.ts',
      find: "    found.class === 'medical' && criteria === undefined && message.type.event === 'mission-decision';",
      replace: "    found.class === 'medical' && criteria === null && message.type.event === 'mission-decision';",
      test: {
        file: 'test/unit/core/mission/decision.test.ts',
        title: 'requires criteria for a rejection on medical ground, and an HPR number for every rejection',
      },
    },
  },
  {
    harm: 'misled',
    what: 'After an update with a new position the mission had the municipality of the old one, and it was shown as that of the new.',
    guard: {
      what: 'A new position has its own municipality',
      file: 'core/mission/description-after.ts',
      find: '    municipality: position === undefined ? before.municipality : municipality,',
      replace: '    municipality: municipality ?? before.municipality,',
      test: {
        file: 'test/unit/core/mission/updates.test.ts',
        title: 'has the municipality of its newest place, and none if that place states none',
      },
    },
  },
  {
    harm: 'misled',
    what: 'A map showed the earlier position as that of a new place which had none.',
    guard: {
      what: 'No earlier position is shown beside a new place',
      file: 'core/fhir/service-request.ts',
      find: '  const isWanted = stated.length === 0 || references.length < stated.length;',
      replace: '  const isWanted = stated.length >= references.length;',
      test: {
        file: 'test/unit/core/fhir/resources.test.ts',
        title: 'shows a new place without a position alone: the earlier position is not that of the new place',
      },
    },
  },
  {
    harm: 'misled',
    what: 'Of the missions of one case number any were read, not the newest, and the warning of a case that is open already was missing.',
    guard: 'DynamoDB: the newest missions of a case number are read',
  },
];
