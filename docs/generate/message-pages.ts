import type { CodeSystem, CodeSystemConceptProperty } from 'fhir/r4.d.ts';
import { codeSystems } from '../../schemas/published/code-systems.ts';
import { type AnswerNeeds, answersOf, decidesReviews, namesMission, rulesOf } from '../../schemas/published/rules.ts';
import { codesOf, type Role, roles, taskKinds } from '../../schemas/codes.ts';
import { firstGuidelines } from '../../schemas/guideline.ts';
import { isObject } from '../../schemas/json/json.ts';
import { catalogue, eventCodeOf, messageTypesOf } from '../../schemas/messages/catalogue.ts';
import { systems } from '../../schemas/names.ts';
import { scopeFor, sendScopeOf } from '../../schemas/scopes.ts';
import type { Audience, ElementRule, MessageType, Relation, Transition } from '../../schemas/messages/message-type.ts';

/** The pages in `docs/messages/`: one for each message of the catalogue, one for all, one for the codes. */

const [guideline] = firstGuidelines;

const relations: Readonly<Record<Relation, string>> = {
  'anyone-of-the-role': 'any organisation with the role',
  'any-party': 'any party of the mission',
  requester: 'the requester of the mission',
  'requester-or-coordinator': 'the requester or the coordinator of the mission',
  coordinator: 'the coordinator of the mission',
  'coordinator-or-forwarder':
    'the coordinator of the mission, or the AMK LA that forwarded it until a person at the other one acknowledges it',
  'coordinator-or-operator': 'the coordinator of the mission, or an operator that was asked to fly it',
  'task-owner': 'the owner of the Task',
  hub: 'by itself',
};

const audiences: Readonly<Record<Audience, string>> = {
  requester: 'the requester of the mission',
  coordinator: 'the coordinating AMK LA',
  'task-owner': 'the owner of the Task',
  'new-owner': 'the owner of a new Task',
  'task-asker': 'the requester of the Task',
  'operator-of-task': 'the operator of the flight',
  'hospitals-of-task': 'the hospitals with an open Task for the flight',
  'all-parties': 'all parties of the mission',
  'every-amk-la': 'every AMK LA',
  quality: 'the quality systems, without persons and free text',
  'sender-of-undelivered': 'the sender of the message that was not delivered',
};

const needed: Readonly<Record<ElementRule['required'], string>> = {
  always: 'always',
  'some-answers': 'sometimes',
  never: 'no',
};

const fileOf = ({ event }: MessageType): string => `${event}.md`;
const pageLink = (type: MessageType): string => `[${type.event}](${fileOf(type)})`;
const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const codesLink = (name: string): string => `[${name}](codes.md#${name})`;

/** Roles without their explanation, which is on the page of the codes. */
const rolesIn = (list: readonly Role[]): string =>
  list.length === 0 ? 'nobody' : list.map((role) => roles[role].replace(/ \(.*\)$/, '')).join(', ');
const audiencesIn = ({ notifies }: MessageType): string => notifies.map((audience) => audiences[audience]).join('; ');

const legality = ({ legalIn, whileOpen, mission, log }: MessageType): string => {
  if (mission === 'opens') return 'at any time';
  if (log === 'resource') return 'at any time: it belongs to no mission';
  const open = whileOpen === undefined ? '' : `, and a Task is open: ${taskKinds[whileOpen].toLowerCase()}`;
  return `the mission is ${legalIn.map(code).join(', ')}${open}`;
};

const missionEffects: Readonly<Record<NonNullable<MessageType['mission']>, string>> = {
  opens: 'opens it',
  cancels: 'ends it; a crew that has departed ends its flight itself',
  forwards: 'moves its coordination to another AMK LA',
  reviews: 'requires a new decision on its request: the coordinating AMK LA gets a new Task',
};

const facts = (type: MessageType): string =>
  table(
    ['', ''],
    [
      ['event', code(eventCodeOf(type))],
      ...(messageTypesOf(eventCodeOf(type)).length === 1 || type.focus === undefined
        ? []
        : [['distinguished by', `its focus, a ${type.focus.resource}`]]),
      ['sent by', `${rolesIn(type.senders)}: ${relations[type.relation]}`],
      ...(type.senders.includes('hub') ? [] : [['scope', code(scopeFor('luftbro', sendScopeOf(type.family)))]]),
      ['legal while', legality(type)],
      ...(type.mission === undefined ? [] : [['effect on the mission', missionEffects[type.mission]]]),
      ...(type.invites === undefined
        ? []
        : [['makes party to the mission', `its receivers of the role: ${rolesIn([type.invites])}`]]),
      ['notified', audiencesIn(type)],
      ['may read it without being notified', rolesIn(type.readableBy)],
    ],
  );

const seconds = (count: number): string => (count % 60 === 0 ? `${count / 60} min` : `${count} s`);

const opening = ({ opens, transitions }: MessageType): readonly string[] => {
  if (opens === undefined) return [];
  const deadlines = guideline.acknowledgementSeconds[opens.kind];
  const times = codesOf(deadlines)
    .map((urgency) => `${guideline.urgencies[urgency]} ${seconds(deadlines[urgency])}`)
    .join(', ');
  const unless = transitions === undefined ? '' : ' A message that names a Task changes that one instead.';
  return [
    `Opens a Task of kind ${code(opens.kind)} for the receiver: ${rolesIn([opens.owner])}.${unless} Time until a person there must have acknowledged it: ${times} (guideline ${guideline.version}, provisional).`,
  ];
};

const transitionRows = (byAnswer: Readonly<Record<string, readonly Transition[]>>): readonly (readonly string[])[] =>
  Object.entries(byAnswer).flatMap(([answer, transitions]) =>
    transitions.map(({ from, to }) => [
      code(answer),
      from.map(code).join(', '),
      to === 'unchanged' ? 'unchanged' : code(to),
    ]),
  );

const tasks = (type: MessageType): readonly string[] => {
  const { transitions } = type;
  const parts = [
    ...opening(type),
    ...(transitions === undefined
      ? []
      : [
          `About a Task of kind ${transitions.kinds.map(code).join(', ')}:`,
          table(['answer', 'a Task that is', 'becomes'], transitionRows(transitions.byAnswer)),
        ]),
  ];
  return parts.length === 0 ? [] : ['## Tasks', ...parts, `Kinds: ${codesLink('task-kind')}.`];
};

const elements = (type: MessageType): readonly string[] => [
  '## Elements',
  table(
    ['element', 'needed', 'what', 'codes'],
    rulesOf(type).map(({ path, required, what, codes }) => [
      code(path),
      needed[required],
      what,
      codes === undefined ? '' : codesLink(codes),
    ]),
  ),
];

const neededElement = ({ path, words, detail }: ElementRule): string =>
  [
    code(path),
    ...(words === 'always' ? ['with `text`'] : []),
    ...(detail === undefined ? [] : [`of type ${code(detail)}`]),
  ].join(' ');

const neededBesides = ({ elements: some, author, number }: AnswerNeeds): string =>
  [
    ...some.map(neededElement),
    ...(author ? [`${code('MessageHeader.author')}${number ? ' with HPR number' : ''}`] : []),
  ].join('; ') || 'nothing';

const answers = (type: MessageType): readonly string[] => {
  const needs = answersOf(type);
  const paired = needs.some(({ status }) => status !== undefined);
  if (!paired && needs.every((one) => neededBesides(one) === 'nothing')) return [];
  const review = 'On a review (a Task that a `review-request` opened) every decision needs the HPR number.';
  return [
    '## Answers',
    table(
      [
        type.answers === undefined ? code('Task.status') : 'answer',
        ...(paired ? [code('Task.status')] : []),
        'also needed',
      ],
      needs.map((one) => [
        code(one.answer),
        ...(paired ? [one.status === undefined ? '' : code(one.status)] : []),
        neededBesides(one),
      ]),
    ),
    ...(decidesReviews(type) ? [review] : []),
    ...(type.authorRequiredFor === undefined ? [] : ['[How to name who decided](README.md#how-to-name-who-decided)']),
  ];
};

/** The resource that the example is about. */
const focusOf = (type: MessageType, bundle: unknown): unknown => {
  const entries: readonly unknown[] = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : [];
  const resources = entries.filter(isObject).map(({ resource }) => resource);
  const wanted = type.focus?.resource ?? 'MessageHeader';
  return resources.find((one) => isObject(one) && one['resourceType'] === wanted);
};

const example = (type: MessageType, bundle: unknown): readonly string[] => [
  '## Example',
  `The ${type.focus?.resource ?? 'MessageHeader'} of [the whole message](../../partner/examples/${type.example}):`,
  ['```json', JSON.stringify(focusOf(type, bundle), null, 2), '```'].join('\n'),
];

const generated =
  '<!-- Written by `npm run docs` from schemas/messages, schemas/guidelines and partner/examples. Change those, not this. -->';

const page = (parts: readonly string[]): string => `${[generated, ...parts].join('\n\n')}\n`;

/** The description of a message in Markdown, with links to the other pages. */
export const messageText = (type: MessageType): readonly string[] => [
  type.purpose,
  facts(type),
  ...tasks(type),
  ...answers(type),
  ...elements(type),
];

const messagePage = (type: MessageType, bundle: unknown): string =>
  page([`# ${type.title}`, ...messageText(type), ...example(type, bundle), '[All messages](README.md)']);

/** Whether the message must name the mission, because it need not name a Task. */
const mustNameMission = (type: MessageType): boolean =>
  namesMission(type) &&
  !type.senders.includes('hub') &&
  !type.elements.some(({ path, required }) => path === 'Task.id' && required === 'always');

/** How a message names its mission and the person who decided, in Markdown. */
export const namingText = (): readonly string[] => [
  '## How to name the mission',
  `A message that answers or changes a Task of the hub names the mission by the \`Task.id\` that the hub gave it; \`MessageHeader.focus\` points to that Task, and nothing else is needed. Every other message about a mission names it in \`MessageHeader.focus\`, beside its focus resource, by the identifier in the hub's answer to the mission request:`,
  [
    '```json',
    JSON.stringify(
      {
        focus: [
          {
            type: 'ServiceRequest',
            identifier: { system: systems.mission, value: '615a28d9-e671-85b0-8bf8-11b64eeb6c62' },
          },
          { reference: 'urn:uuid:fe205507-29eb-43b2-81e9-d69f4b419cb7' },
        ],
      },
      null,
      2,
    ),
    '```',
  ].join('\n'),
  `These are: ${catalogue.filter(mustNameMission).map(pageLink).join(', ')}; a \`Task.id\` of the hub names the mission there too, where the message may have one. The identifier may also be in the ServiceRequest of the Bundle that \`focus\` points to. A message that opens a mission names none.`,
  '## How to name who decided',
  `\`MessageHeader.author\` points to a PractitionerRole in the Bundle (profile \`StructureDefinition/decider\`). It has a \`code\` (the role, as text or coding) and a name: \`practitioner.display\`, or \`practitioner\` points to a Practitioner in the Bundle with a name. The HPR number is an identifier of system \`${systems.healthPersonnel}\`, 7 to 9 digits, in \`practitioner.identifier\` or in that Practitioner; it is required if the tables of answers say so, and for every decision on a review.`,
];

const overview = (): string =>
  page([
    '# Messages',
    'In the order of a mission. Each is a FHIR R4 `Bundle` of type `message`; [how to send it](../integrating.md#2-the-first-message). Systems find the same at `GET /fhir/MessageDefinition/<message>`, with profiles. The pages name the elements that the hub reads. The hub passes on all other elements of a message unchanged.',
    table(
      ['message', 'what', 'from', 'notified'],
      catalogue.map((type) => [pageLink(type), type.title, rolesIn(type.senders), audiencesIn(type)]),
    ),
    ...namingText(),
    '[The codes](codes.md)',
  ]);

const propertyWords = ({ valueInteger, valueCoding }: CodeSystemConceptProperty): string =>
  valueCoding?.code === undefined ? String(valueInteger ?? '') : code(valueCoding.code);

const codeTable = ({ concept = [], property = [] }: CodeSystem): string =>
  table(
    ['code', 'display', ...property.map((one) => one.code)],
    concept.map(({ code: value, display, definition, designation, property: said = [] }) => [
      code(value),
      display ?? definition ?? designation?.[0]?.value ?? '',
      ...property.map((wanted) =>
        said
          .filter((one) => one.code === wanted.code)
          .map(propertyWords)
          .join(', '),
      ),
    ]),
  );

const codesPage = (): string => {
  const published = codeSystems({ version: '', date: '' }, firstGuidelines, guideline.validFrom);
  return page([
    '# Codes',
    `Each is a code system at \`GET /fhir/CodeSystem/<name>\`. Those of the guideline are given here as of ${guideline.version}; the hub serves the version in force. Message types: [all messages](README.md).`,
    ...published
      .filter(({ id, content }) => id !== 'message-event' && content !== 'not-present')
      .flatMap((system) => {
        const [first = ''] = (system.description ?? '').split('\n');
        const origin = system.version === guideline.version ? ' From the guideline.' : '';
        return [`## ${system.id}`, `${first}${origin}`, codeTable(system)];
      }),
  ]);
};

/** Every page by file name; `exampleOf` reads an example by its file name. */
export const messagePages = (exampleOf: (file: string) => unknown): ReadonlyMap<string, string> =>
  new Map([
    ['README.md', overview()],
    ['codes.md', codesPage()],
    ...catalogue.map((type) => [fileOf(type), messagePage(type, exampleOf(type.example))] as const),
  ]);
