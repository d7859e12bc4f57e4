import type { Coding } from 'fhir/r4.d.ts';
import { cancelReasons, flightPhases, forwardReasons, refusalClasses, resourceKinds } from '../../../schemas/codes.ts';
import { defined } from '../../../schemas/defined.ts';
import type { Guideline } from '../../../schemas/guideline.ts';
import { isObject } from '../../../schemas/json/json.ts';
import type { Position, Reason } from '../../../schemas/messages/message-type.ts';
import { systems } from '../../../schemas/names.ts';
import { type MissionState, taskOf } from '../../mission/state.ts';
import { sentEntries } from '../../mission/sent-message.ts';
import { codedRoles } from '../../fhir/de-identify.ts';
import { deciderWords } from '../../fhir/task.ts';
import { durationWords, escaped, momentWords } from '../../mission/words.ts';
import { nameOf, phoneOf, senderOf, taskName, taskNumber, type Telling } from './telling.ts';
import { recipientLines } from './recipients.ts';
import type { TaskChange } from './task-changes.ts';

/** The answer in the words of its table. */
const answerWords = ({ type, entry }: Telling): string =>
  type.answers?.codes[entry.facts.answer ?? ''] ?? entry.facts.answer ?? 'nothing that can be read';

const kindWords = (code: string | undefined): string =>
  Object.entries(resourceKinds).find(([one]) => one === code)?.[1] ?? 'a resource';

const answered = (telling: Telling): string => `${senderOf(telling)} answered: ${answerWords(telling)}.`;

/** Criteria that the guideline has; of others only those who see free text are told. */
const codingsOf = (codes: readonly string[] | undefined, { guideline, version, persons }: Telling): readonly Coding[] =>
  (codes ?? []).flatMap((code): readonly Coding[] => {
    const known = Object.hasOwn(guideline.criteria, code) ? guideline.criteria[code] : undefined;
    return known === undefined && !persons
      ? []
      : [defined({ system: systems.missionCriterion, version, code, display: known?.display })];
  });

const criteriaWords = (codes: readonly string[] | undefined, telling: Telling): string | undefined => {
  const words = codingsOf(codes, telling).map(({ code, display }) => display ?? code);
  return words.length === 0 ? undefined : words.join(', ');
};

const positionWords = (position: Position | undefined): string | undefined =>
  position === undefined
    ? undefined
    : [position.latitude, position.longitude, position.altitude].filter((part) => part !== undefined).join(', ');

/** What a new description changed of what the hub reads of a mission; where something was or is, only to those who see persons. */
const describedAnew = (telling: Telling): string => {
  const { before, entry, guideline, persons } = telling;
  const { state } = entry;
  if (before === undefined) return '';
  const change = (what: string, was: unknown, is: unknown, words: (one: MissionState) => string | undefined) => {
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    const [earlier, now] = [words(before), words(state)];
    if (now === undefined) return [what];
    return [earlier === undefined ? `${what}, now ${now}` : `${what} from ${earlier} to ${now}`];
  };
  const changes = [
    ...change('urgency', before.urgency, state.urgency, ({ urgency }) => guideline.urgencies[urgency]),
    ...change('criteria', before.criteria?.toSorted(), state.criteria?.toSorted(), ({ criteria }) =>
      criteriaWords(criteria, telling),
    ),
    ...change('municipality', before.municipality, state.municipality, ({ municipality }) => municipality),
    ...change('position', positionWords(before.position), positionWords(state.position), ({ position }) =>
      persons ? positionWords(position) : undefined,
    ),
    ...change('large event', before.incident, state.incident, ({ incident }) =>
      persons ? incident?.value : undefined,
    ),
  ];
  return changes.length === 0 ? ' Nothing that the hub reads of it changed.' : ` Changed: ${changes.join('; ')}.`;
};

/** Whether the sentence on what happened says what changed of the mission. */
const saysChanges = ({ type, before, entry }: Telling): boolean =>
  type.event === 'mission-update' && entry.focusIndex !== undefined && before !== undefined;

/** The flight that brings an announced patient. */
const flightSentence = (telling: Telling): string | undefined => {
  const { type, entry, opened, task, persons } = telling;
  if (type.event !== 'prearrival-notification' || entry.facts.answer === 'cancelled') return undefined;
  const flight = taskOf(entry.state, (opened ?? task)?.partOf);
  if (flight === undefined) return undefined;
  const sign = flight.resource === undefined || !persons ? '' : `, ${flight.resource}`;
  return `The patient comes with ${taskName(flight, telling)}${sign}.`;
};

/** The expected time of arrival, and which one it takes the place of. */
const etaSentence = ({ before, entry, task }: Telling): string | undefined => {
  const { eta } = entry.facts;
  if (eta === undefined) return undefined;
  const [now, earlier] = [momentWords(eta), before === undefined ? undefined : taskOf(before, task?.id)?.eta];
  // A report that comes late takes the place of nothing newer.
  const was = earlier === undefined || task?.eta !== eta ? now : momentWords(earlier);
  return `Expected time of arrival: ${now}${was === now ? '' : `; before it was ${was}`}.`;
};

/** What happened, in one sentence for each type of message. */
const happenings: Readonly<Record<string, (telling: Telling) => string>> = {
  'mission-request': (telling) => {
    const { state } = telling.entry;
    return `${senderOf(telling)} asked ${nameOf(telling.opened?.owner, telling)} for an air-ambulance mission. Urgency: ${telling.guideline.urgencies[state.urgency]}.`;
  },
  acknowledgement: (telling) =>
    telling.task?.cancelRequested === true
      ? `A person at ${senderOf(telling)} has seen that the mission is cancelled: ${taskName(telling.task, telling)}.`
      : `A person at ${senderOf(telling)} has seen ${taskName(telling.task, telling)}.`,
  'mission-update': (telling) =>
    telling.entry.focusIndex === undefined
      ? `${senderOf(telling)} told the others something new.`
      : `${senderOf(telling)} described the mission anew.${describedAnew(telling)}`,
  'medical-assessment': (telling) => `${senderOf(telling)} assessed the medical ground: ${answerWords(telling)}.`,
  'mission-decision': (telling) => `${senderOf(telling)} decided: ${answerWords(telling)}.`,
  'review-request': (telling) =>
    `${senderOf(telling)} disputed the rejection in ${taskName(telling.task, telling)} and asked ${nameOf(telling.opened?.owner, telling)} to decide anew.`,
  'mission-forward': (telling) => {
    const { entry, opened, task } = telling;
    if (opened?.owner === entry.sender)
      return `${senderOf(telling)} took the coordination of the mission back from ${nameOf(task?.owner, telling)}.`;
    const from = task === undefined || task.owner === entry.sender ? '' : ` from ${nameOf(task.owner, telling)}`;
    return `${senderOf(telling)} moved the coordination of the mission${from} to ${nameOf(opened?.owner, telling)}.`;
  },
  'resource-request': (telling) =>
    `${senderOf(telling)} asked ${nameOf(telling.opened?.owner, telling)} for a resource: ${kindWords(telling.entry.facts.resourceKind)}.`,
  'resource-response': answered,
  'resource-status': (telling) => `${senderOf(telling)} reported on ${taskName(telling.task, telling)}.`,
  'prearrival-notification': (telling) => {
    const { task } = telling;
    if (task === undefined)
      return `${senderOf(telling)} announced a patient to ${nameOf(telling.opened?.owner, telling)}.`;
    return telling.entry.facts.answer === 'cancelled'
      ? `${senderOf(telling)} told ${nameOf(task.owner, telling)} that the patient does not come.`
      : `${senderOf(telling)} brought up to date what ${nameOf(task.owner, telling)} knows of the patient.`;
  },
  'prearrival-response': answered,
  'mission-cancel': (telling) => `${senderOf(telling)} cancelled the mission.`,
  'mission-report': (telling) => `${senderOf(telling)} closed ${taskName(telling.task, telling)} with a report.`,
  'outcome-feedback': (telling) => `${senderOf(telling)} said what was found after arrival: ${answerWords(telling)}.`,
  'acknowledgement-overdue': (telling) => {
    const { task, entry } = telling;
    const due = entry.facts.deadline === undefined ? 'in time' : `by ${momentWords(entry.facts.deadline)}`;
    return task?.status === 'on-hold'
      ? `A deadline was missed: ${nameOf(task.owner, telling)} has not decided ${due} what it had deferred, ${taskName(task, telling)}.`
      : `A deadline was missed: nobody at ${nameOf(task?.owner, telling)} has acknowledged ${taskName(task, telling)} ${due}.`;
  },
  'delivery-failed': (telling) =>
    `The hub gave up telling ${nameOf(telling.entry.facts.undelivered?.organisation, telling)} of message ${telling.entry.facts.undelivered?.entry ?? ''} of this mission.`,
  'party-unreachable': (telling) =>
    `${nameOf(telling.entry.facts.undelivered?.organisation, telling)} cannot be reached by machine and does not know of message ${telling.entry.facts.undelivered?.entry ?? ''} of this mission.`,
};

const happened = (telling: Telling): string => {
  const tell = Object.hasOwn(happenings, telling.type.event) ? happenings[telling.type.event] : undefined;
  return tell?.(telling) ?? `${senderOf(telling)} sent: ${telling.type.title}.`;
};

/** Codes of the role in which the author of a message acted, as far as they tell no more than that. */
export const rolesOf = ({ entry }: Telling): readonly Coding[] => {
  const sent = sentEntries(entry);
  const author = sent[0]?.resource['author'];
  const reference = isObject(author) ? author['reference'] : undefined;
  const role = sent.find(
    ({ fullUrl, resource }) => fullUrl === reference || `PractitionerRole/${String(resource['id'])}` === reference,
  );
  return role?.resourceType === 'PractitionerRole' ? codedRoles(role.resource) : [];
};

export const isDecision = ({ type, task }: Telling): boolean => type.answers?.of === 'task' && task !== undefined;

const deciderSentence = (telling: Telling): string | undefined => {
  const { decider } = telling.entry.facts;
  if (decider === undefined) return undefined;
  const verb = telling.type.answers === undefined ? 'Sent by' : isDecision(telling) ? 'Decided by' : 'Judged by';
  if (telling.persons) return `${verb}: ${deciderWords(decider)}.`;
  const codes = rolesOf(telling).map(({ code }) => code);
  return codes.length === 0 ? `${verb} a person.` : `${verb} a person in the role: ${codes.join(', ')}.`;
};

/** Criteria of the message itself. */
export const criteriaOf = (telling: Telling): readonly Coding[] => codingsOf(telling.entry.facts.criteria, telling);

const guidelineWords = ({ version }: Telling): string =>
  version === undefined ? 'the guideline' : `the guideline, version ${version}`;

const criteriaSentence = (telling: Telling): string | undefined => {
  const criteria = criteriaOf(telling).map(({ code, display }) => display ?? code);
  return criteria.length === 0 || saysChanges(telling)
    ? undefined
    : `On these criteria of ${guidelineWords(telling)}: ${criteria.join('; ')}.`;
};

export const reasonWords = ({ table, code }: Reason, guideline: Guideline): string => {
  const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'cancel-reason': cancelReasons,
    'forward-reason': forwardReasons,
  };
  return tables[table]?.[code] ?? guideline.refusalReasons[code]?.display ?? code;
};

export const isRefusalReason = ({ table }: Reason): boolean => table !== 'cancel-reason' && table !== 'forward-reason';

/** The class stands in the entry; entries of the first release have it from the guideline. */
export const classOf = (reason: Reason, guideline: Guideline): Reason['class'] =>
  isRefusalReason(reason) ? (reason.class ?? guideline.refusalReasons[reason.code]?.class) : reason.class;

const quoted = (words: string | undefined, { persons }: Telling): string =>
  words === undefined || !persons ? '' : ` In the sender's words: “${words}”`;

const reasonSentence = (telling: Telling): string | undefined => {
  const { reason } = telling.entry.facts;
  if (reason === undefined) return undefined;
  const { guideline } = telling;
  const kind = classOf(reason, guideline);
  const named = kind === undefined ? '' : ` (${refusalClasses[kind].toLowerCase()} reason)`;
  const source = isRefusalReason(reason) ? `, by ${guidelineWords(telling)}` : '';
  return `Reason: ${reasonWords(reason, guideline)}${named}${source}.${quoted(reason.text, telling)}`;
};

const wordsSentence = (telling: Telling): string | undefined =>
  telling.entry.facts.words === undefined || !telling.persons
    ? undefined
    : quoted(telling.entry.facts.words, telling).trim();

/** When the answer before this one was given to the same ask. */
const answeredBefore = ({ task, before }: Telling): string | undefined =>
  before === undefined ? undefined : taskOf(before, task?.id)?.decidedAt;

/** When what is answered was asked. Who withdraws or changes a decision answered long ago: what was asked then took no longer for it. */
export const askedAt = (telling: Telling): string | undefined =>
  answeredBefore(telling) === undefined ? telling.task?.openedAt : undefined;

const tookSentence = (telling: Telling): string | undefined => {
  const { task, entry } = telling;
  if (task === undefined || !isDecision(telling)) return undefined;
  const earlier = answeredBefore(telling);
  return earlier !== undefined
    ? `This came ${durationWords(earlier, entry.receivedAt)} after the answer before it.`
    : `The answer took ${durationWords(task.openedAt, entry.receivedAt)} from when it was asked, ${momentWords(task.openedAt)}.`;
};

/** The first sign that a person has seen an ask. */
const seenSentence = (telling: Telling): string | undefined => {
  const { task, before, entry } = telling;
  const earlier = before === undefined ? undefined : taskOf(before, task?.id);
  if (task?.acknowledgedAt !== entry.receivedAt || earlier === undefined || earlier.acknowledgedAt !== undefined)
    return undefined;
  const { acknowledgeBy } = earlier;
  const after =
    earlier.cancelRequested === true
      ? ''
      : `, ${durationWords(earlier.openedAt, entry.receivedAt)} after it was opened`;
  const late = Date.parse(entry.receivedAt) > Date.parse(acknowledgeBy);
  return `With this a person at ${nameOf(task.owner, telling)} has acknowledged ${taskNumber(task)}${after}; the deadline was ${momentWords(acknowledgeBy)} and was ${late ? `missed by ${durationWords(acknowledgeBy, entry.receivedAt)}` : 'met'}.`;
};

const phaseSentences = ({ entry: { facts, receivedAt } }: Telling): readonly string[] =>
  (facts.phases ?? []).map(({ phase, seenAt }) => {
    const words = Object.entries(flightPhases).find(([code]) => code === phase)?.[1] ?? phase;
    const order = Date.parse(receivedAt) >= Date.parse(seenAt) ? 'later' : 'earlier';
    return `${words}: seen at ${momentWords(seenAt)}; the hub received it ${durationWords(seenAt, receivedAt)} ${order}.`;
  });

const detailSentences = (telling: Telling): readonly (string | undefined)[] => {
  const { facts, joins = [] } = telling.entry;
  const { persons } = telling;
  return [
    facts.until === undefined ? undefined : `Deferred until ${momentWords(facts.until)}.`,
    facts.divertedTo === undefined ? undefined : `The patient comes to ${nameOf(facts.divertedTo, telling)} instead.`,
    facts.handedOverTo === undefined
      ? undefined
      : `The patient was handed over to ${nameOf(facts.handedOverTo, telling)}.`,
    facts.resource === undefined || !persons ? undefined : `Resource: ${facts.resource}.`,
    facts.municipality === undefined || saysChanges(telling)
      ? undefined
      : `The place is in the municipality ${facts.municipality}.`,
    facts.incident === undefined || !persons || saysChanges(telling)
      ? undefined
      : `It belongs to the large event ${facts.incident.value}.`,
    etaSentence(telling),
    flightSentence(telling),
    ...joins.map((observer) => `${nameOf(observer, telling)} became party to the mission.`),
  ];
};

/** What became of the mission as a whole. */
const missionSentences = (telling: Telling): readonly (string | undefined)[] => {
  const { before, entry, guideline } = telling;
  const { state } = entry;
  if (before === undefined)
    return telling.version === guideline.version
      ? [`In force was version ${guideline.version} of the guideline: “${guideline.title}”.`]
      : ['The version of the guideline that was in force is not known here.'];
  return [
    before.coordinator === state.coordinator
      ? undefined
      : `From now on ${nameOf(state.coordinator, telling)} coordinates, and no longer ${nameOf(before.coordinator, telling)}.`,
    before.status === state.status ? undefined : `The mission is ${state.status} from now on; it was ${before.status}.`,
  ];
};

/** Whom people had to phone, by the hub's own words. */
const callSentence = (telling: Telling): string | undefined => {
  if (telling.type.relation !== 'hub') return undefined;
  const whom = telling.entry.facts.undelivered?.organisation ?? telling.task?.owner;
  return whom === undefined ? undefined : `Whom to phone, by the directory of today: ${phoneOf(whom, telling)}.`;
};

const sentencesOf = (telling: Telling): readonly string[] =>
  [
    happened(telling),
    deciderSentence(telling),
    criteriaSentence(telling),
    reasonSentence(telling),
    wordsSentence(telling),
    ...detailSentences(telling),
    tookSentence(telling),
    seenSentence(telling),
    ...phaseSentences(telling),
    ...missionSentences(telling),
    callSentence(telling),
  ].filter((sentence) => sentence !== undefined);

const listOf = (title: string, lines: readonly string[]): string =>
  lines.length === 0
    ? ''
    : `<p>${escaped(title)}</p><ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;

/** What one entry tells, as XHTML: everything in it that is not the hub's own is escaped here. */
export const narrative = (telling: Telling, changes: readonly TaskChange[]): string => {
  const { entry, type } = telling;
  const exercise = entry.exercise ? '<strong>EXERCISE.</strong> ' : '';
  const tasks = changes.map(({ task, words }) => `${taskName(task, telling)}: ${words}.`);
  return [
    '<div xmlns="http://www.w3.org/1999/xhtml">',
    `<p>${exercise}<strong>${entry.number}. ${escaped(type.title)}</strong>, received by the hub on ${escaped(momentWords(entry.receivedAt))}</p>`,
    `<p>${sentencesOf(telling).map(escaped).join(' ')}</p>`,
    listOf('Tasks:', tasks),
    listOf('Who was told:', recipientLines(telling)),
    '</div>',
  ].join('');
};
