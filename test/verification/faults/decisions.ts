import type { Fault } from '../fault.ts';

const mission = 'test/unit/core/mission';

/** Rules of a mission that were wrong, or could be evaded. */
export const decisionFaults: readonly Fault[] = [
  {
    harm: 'misled',
    what: 'An older ETA or position that arrived late replaced a newer one.',
    guard: {
      what: 'Of ETA and position the latest statement applies',
      file: 'core/mission/evolve.ts',
      find: '  stated === undefined || (knownAt !== undefined && timeOf(statedAt) < timeOf(knownAt))',
      replace: '  stated === undefined || (knownAt === null && timeOf(statedAt) < timeOf(statedAt))',
      test: { file: `${mission}/flight-phases.test.ts`, title: '' },
    },
  },
  {
    harm: 'lost',
    what: 'A hospital was not notified when the crew that it waited for withdrew.',
    guard: {
      what: 'Hospitals that wait for a flight are notified of the answers of its crew',
      file: 'schemas/messages/resource-response.ts',
      find: "  notifies: ['task-asker', 'coordinator', 'requester', 'hospitals-of-task', 'quality'],",
      replace: "  notifies: ['task-asker', 'coordinator', 'requester', 'quality'],",
      test: { file: 'test/model/mission-model.test.ts', title: '' },
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
      test: { file: `${mission}/plausible-times.test.ts`, title: '' },
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
      test: { file: `${mission}/plausible-times.test.ts`, title: '' },
    },
  },
  {
    harm: 'misled',
    what: 'Times that a flight had reported wrongly could not be corrected by the mission report.',
    guard: {
      what: 'The mission report replaces earlier times',
      file: 'core/mission/evolve.ts',
      find: '    if (before === undefined || isEarlier || type.corrects === true) phases[phase] = seenAt;',
      replace: '    if (before === undefined || isEarlier) phases[phase] = seenAt;',
      test: { file: `${mission}/report.test.ts`, title: '' },
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
      test: { file: `${mission}/review.test.ts`, title: '' },
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
      test: { file: `${mission}/review.test.ts`, title: '' },
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
      test: { file: `${mission}/decision.test.ts`, title: '' },
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
      test: { file: `${mission}/decision.test.ts`, title: '' },
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
      test: { file: `${mission}/decision.test.ts`, title: '' },
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
      test: { file: `${mission}/addressing.test.ts`, title: '' },
    },
  },
  {
    harm: 'misled',
    what: 'A refusal on a medical ground named no criteria of the guideline.',
    guard: {
      what: 'A decision on a medical ground names the criteria',
      file: 'core/mission/preconditions.ts',
      find: "    found.class === 'medical' && criteria === undefined && message.type.event === 'mission-decision';",
      replace: "    found.class === 'medical' && criteria === null && message.type.event === 'mission-decision';",
      test: { file: `${mission}/guideline.test.ts`, title: '' },
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
      test: { file: `${mission}/cancellation.test.ts`, title: '' },
    },
  },
  {
    harm: 'misled',
    what: 'An update with a new position and no municipality kept the municipality of the old place.',
    guard: {
      what: 'A new position without a municipality clears the old municipality',
      file: 'core/mission/description-after.ts',
      find: '    municipality: position === undefined ? before.municipality : municipality,',
      replace: '    municipality: municipality ?? before.municipality,',
      test: { file: `${mission}/description.test.ts`, title: '' },
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
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '' },
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
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '' },
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
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '' },
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
      test: { file: 'test/unit/core/fhir/task-ask.test.ts', title: '' },
    },
  },
  {
    harm: 'lost',
    what: 'One large resource kept the smaller ones, the patient among them, out of a first notification.',
    guard: {
      what: 'A resource that is too large for a notification leaves its room to those after it',
      file: 'core/mission/picture.ts',
      find: '      if (fits) size += length;',
      replace: '      size += length;',
      test: { file: 'test/unit/core/fhir/picture.test.ts', title: '' },
    },
  },
  {
    harm: 'misled',
    what: 'A large event showed its missions to whoever gave its number.',
    guard: {
      what: 'A number alone opens no mission of a large event',
      file: 'core/queries/incident.ts',
      find: '  const open = theirs.states.filter((state) => seesMission(state, access, receivers));',
      replace:
        '  const open = theirs.states.filter((state) => seesMission(state, access, receivers) || state !== null);',
      test: { file: 'test/unit/core/queries/incident.test.ts', title: '' },
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
      test: { file: 'test/unit/core/queries/incident.test.ts', title: '' },
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
      test: { file: 'test/unit/core/queries/worklist.test.ts', title: '' },
    },
  },
];
