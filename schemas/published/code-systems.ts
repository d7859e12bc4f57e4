import type { CodeSystem, CodeSystemConcept, CodeSystemProperty } from 'fhir/r4.d.ts';
import {
  cancelReasons,
  type CodeTable,
  codesOf,
  decisions,
  deliveryOutcomes,
  flightPhases,
  forwardReasons,
  medicalGrounds,
  missionRoles,
  outcomeAssessments,
  prearrivalAnswers,
  refusalClasses,
  resourceAnswers,
  resourceAvailabilities,
  resourceEngagements,
  resourceKinds,
  roles,
  taskDetails,
  taskKinds,
} from '../codes.ts';
import { defined } from '../defined.ts';
import { type FaultCode, faults } from '../faults.ts';
import { type Guideline, guidelineInForce, type Guidelines } from '../guideline.ts';
import { catalogue, eventCodeOf } from '../messages/catalogue.ts';
import { systems } from '../names.ts';
import { artefact, type Edition } from './artefact.ts';

interface Content {
  readonly title: string;
  readonly description: string;
  readonly concepts: readonly CodeSystemConcept[];
  /** Codes that the hub works out itself and no message may carry. */
  readonly derived?: readonly CodeSystemConcept[];
  readonly properties?: readonly CodeSystemProperty[];
}

const conceptsOf = (table: Readonly<Record<string, string>>): readonly CodeSystemConcept[] =>
  Object.entries(table).map(([code, display]) => ({ code, display }));

/** Types that share a code share its concept; the one that is named like the code gives the words. */
const eventConcepts = (): readonly CodeSystemConcept[] =>
  catalogue
    .filter((type) => type.event === eventCodeOf(type))
    .map(({ event, title, purpose }) => ({ code: event, display: title, definition: purpose }));

const faultOrigins: Readonly<Record<(typeof faults)[FaultCode]['origin'], string>> = {
  sender: 'The sender corrects the message',
  hub: "The hub's people correct the hub",
};

/** The code systems that change with the hub, by the last part of their URL. */
const ownSystems = {
  'message-event': {
    title: 'Message types',
    description: 'What a message is about: `MessageHeader.eventCoding`.',
    concepts: eventConcepts(),
  },
  'party-role': {
    title: 'Roles of the parties',
    description: 'What an organisation of the directory does in missions.',
    concepts: conceptsOf(roles),
  },
  'mission-role': {
    title: 'Roles in a mission',
    description: 'What an organisation is in one mission; several at once, or none.',
    concepts: conceptsOf(missionRoles),
  },
  'refusal-class': {
    title: 'Classes of refusal reasons',
    description: 'Each refusal reason belongs to one class.',
    concepts: conceptsOf(refusalClasses),
  },
  'mission-decision': {
    title: 'Decisions on a mission request',
    description: 'What the AMK LA decides.',
    concepts: conceptsOf(decisions),
  },
  'medical-ground': {
    title: 'Medical ground',
    description: 'What a physician finds: whether there is medical ground for an air ambulance.',
    concepts: conceptsOf(medicalGrounds),
  },
  'cancel-reason': {
    title: 'Reasons for cancelling a mission',
    description: 'Why a mission is not wanted any more.',
    concepts: conceptsOf(cancelReasons),
  },
  'forward-reason': {
    title: 'Reasons for forwarding a mission',
    description: 'Why the coordination of a mission moves to another AMK LA.',
    concepts: conceptsOf(forwardReasons),
  },
  'resource-kind': {
    title: 'Kinds of resource',
    description: 'What can be sent to a patient.',
    concepts: conceptsOf(resourceKinds),
  },
  'resource-answer': {
    title: 'Answers of a crew',
    description: 'What a crew answers to a request for a resource.',
    concepts: conceptsOf(resourceAnswers),
  },
  'resource-availability': {
    title: 'Availability of a resource',
    description: 'Whether a helicopter, aeroplane or car is free, and if not why.',
    concepts: conceptsOf(resourceAvailabilities),
    derived: conceptsOf(resourceEngagements).map((concept) => ({
      ...concept,
      definition: 'Follows from the missions: the hub works it out, no operator reports it.',
    })),
  },
  'prearrival-answer': {
    title: 'Answers of a hospital',
    description: 'What a hospital answers to a pre-arrival notification.',
    concepts: conceptsOf(prearrivalAnswers),
  },
  'outcome-assessment': {
    title: 'Assessment after arrival',
    description: 'What the hospital found after arrival: was the air ambulance the right help?',
    concepts: conceptsOf(outcomeAssessments),
  },
  'flight-phase': {
    title: 'Phases of a mission',
    description:
      'In their order, after the Utstein-style template for physician-staffed emergency services. Each is reported with the time at which somebody saw it.',
    concepts: conceptsOf(flightPhases),
  },
  'task-kind': {
    title: 'Kinds of Task',
    description: 'What an ask is about: `Task.code`.',
    concepts: conceptsOf(taskKinds),
  },
  'task-detail': {
    title: 'Details of a Task',
    description: 'Types of the values in `Task.input` and `Task.output`.',
    concepts: conceptsOf(taskDetails),
  },
  fault: {
    title: 'Faults',
    description: 'Why the hub refuses a message: `OperationOutcome.issue.details`. Codes are stable.',
    properties: [
      { code: 'origin', type: 'Coding', description: 'Who has to act' },
      { code: 'http-status', type: 'integer', description: 'HTTP status of the answer' },
    ],
    concepts: codesOf(faults).map((code) => ({
      code,
      definition: faults[code].text,
      property: [
        { code: 'origin', valueCoding: { system: systems.faultOrigin, code: faults[code].origin } },
        { code: 'http-status', valueInteger: faults[code].status },
      ],
    })),
  },
  'fault-origin': {
    title: 'Origins of faults',
    description: 'Who has to act on a fault.',
    concepts: conceptsOf(faultOrigins),
  },
  'severity-score': {
    title: 'Severity scores',
    description: 'Scores for which no official FHIR code is known: `Observation.code`, the value is an integer.',
    concepts: [
      {
        code: 'naca',
        display: 'NACA score',
        definition: 'Severity of injury or illness, 0 to 7, National Advisory Committee for Aeronautics.',
      },
      {
        code: 'news2',
        display: 'NEWS2',
        definition: 'National Early Warning Score 2, aggregate, 0 to 20, Royal College of Physicians.',
      },
    ],
  },
  'delivery-outcome': {
    title: 'Why somebody was not told',
    description:
      'Reason in the receipt of a notification that did not reach its recipient: `Communication.statusReason`.',
    concepts: conceptsOf(deliveryOutcomes),
  },
  'affiliation-role': {
    title: 'Affiliation roles',
    description: 'What one organisation is to another in a directory file: `OrganizationAffiliation.code`.',
    concepts: [{ code: 'system-supplier', display: 'Supplier whose system acts for the organisation' }],
  },
  'directory-origin': {
    title: 'Origin of a directory',
    description: 'Tag of a directory file.',
    concepts: [{ code: 'sample', display: 'Sample: no organisation number, phone, address or place in it is real' }],
  },
} as const satisfies Readonly<Record<string, Content>> &
  Readonly<Record<Exclude<CodeTable, keyof ReturnType<typeof guidelineContents>>, Content>>;

/** The part of a table that messages may carry, if it is not the whole. */
export const codesForMessages = (table: CodeTable): readonly CodeSystemConcept[] | undefined => {
  const content = Object.entries<Content>(ownSystems).find(([name]) => name === table)?.[1];
  return content?.derived === undefined ? undefined : content.concepts;
};

const ownSystem = (id: string, content: Content, { version, date }: Edition): CodeSystem => {
  const concept = [...content.concepts, ...(content.derived ?? [])];
  return {
    ...artefact('CodeSystem', id, content.title, version),
    date,
    description: content.description,
    caseSensitive: true,
    content: 'complete',
    count: concept.length,
    ...defined({ property: content.properties === undefined ? undefined : [...content.properties] }),
    concept,
  };
};

/** Norsk indeks for medisinsk nødhjelp: its criteria belong to its publisher, the hub only carries their numbers. */
const medicalIndex = ({ version, date }: Edition): CodeSystem => ({
  ...artefact('CodeSystem', 'norsk-indeks-medisinsk-nodhjelp', 'Norsk indeks for medisinsk nødhjelp', version),
  date,
  description:
    'Criteria numbers such as `A.06.02`. No official FHIR URI is known for the index, so the hub minted this one; the content is not published here.',
  caseSensitive: true,
  content: 'not-present',
});

/** What the guideline says, by the last part of the URL. */
const guidelineContents = (guideline: Guideline) => ({
  'mission-criterion': {
    title: 'Mission criteria',
    description: 'Why a helicopter: the criteria that a request states.',
    concepts: Object.entries(guideline.criteria).map(([code, { display }]) => ({ code, display })),
  },
  'refusal-reason': {
    title: 'Refusal reasons',
    description: 'Why not: reasons for rejecting, declining, withdrawing and diverting.',
    properties: [{ code: 'class', type: 'Coding' as const, description: 'Class of the reason' }],
    concepts: Object.entries(guideline.refusalReasons).map(([code, reason]) => ({
      code,
      display: reason.display,
      property: [{ code: 'class', valueCoding: { system: systems.refusalClass, code: reason.class } }],
    })),
  },
  urgency: {
    title: 'Urgencies and their deadlines',
    description:
      'What people call the request priorities, and the seconds until a human must have acknowledged an ask.',
    supplements: 'http://hl7.org/fhir/request-priority',
    properties: codesOf(guideline.acknowledgementSeconds).map((kind) => ({
      code: `acknowledge-${kind}`,
      type: 'integer' as const,
      description: `Seconds until a human must have acknowledged: ${taskKinds[kind]}`,
    })),
    concepts: codesOf(guideline.urgencies).map((urgency) => ({
      code: urgency,
      designation: [{ value: guideline.urgencies[urgency] }],
      property: codesOf(guideline.acknowledgementSeconds).map((kind) => ({
        code: `acknowledge-${kind}`,
        valueInteger: guideline.acknowledgementSeconds[kind][urgency],
      })),
    })),
  },
});

interface GuidelineContent extends Content {
  /** A code system of others that these codes add words and properties to. */
  readonly supplements?: string;
}

const effectivePeriod = 'http://hl7.org/fhir/StructureDefinition/resource-effectivePeriod';

const guidelineSystem = (
  name: string,
  content: GuidelineContent,
  { version, title, description, validFrom }: Guideline,
  id: string,
  status: CodeSystem['status'],
  end: string | undefined,
): CodeSystem => ({
  ...artefact('CodeSystem', name, `${content.title}, ${version}`, version),
  id,
  status,
  extension: [{ url: effectivePeriod, valuePeriod: { start: validFrom, ...defined({ end }) } }],
  description: [
    content.description,
    `From the guideline "${title}". A mission keeps the version that was in force when it was requested.`,
    ...(description === undefined ? [] : [description]),
  ].join('\n\n'),
  // A supplement leaves to the code system it adds to what is true of the whole.
  ...(content.supplements === undefined
    ? { caseSensitive: true, content: 'complete' as const, count: content.concepts.length }
    : { content: 'supplement' as const }),
  ...defined({
    supplements: content.supplements,
    property: content.properties === undefined ? undefined : [...content.properties],
  }),
  concept: [...content.concepts],
});

/** Every version of what the guideline says; the one in force bears the plain id and comes first. */
const guidelineSystems = (guidelines: Guidelines, at: string): readonly CodeSystem[] => {
  const current = guidelines.indexOf(guidelineInForce(guidelines, at));
  return guidelines
    .flatMap((guideline, index) => {
      const status = index === current ? 'active' : index < current ? 'retired' : 'draft';
      return Object.entries<GuidelineContent>(guidelineContents(guideline)).map(([name, content]) =>
        guidelineSystem(
          name,
          content,
          guideline,
          index === current ? name : `${name}-${guideline.version}`,
          status,
          guidelines[index + 1]?.validFrom,
        ),
      );
    })
    .sort((a, b) => Number(b.status === 'active') - Number(a.status === 'active'));
};

/** Every code system that the hub mints, with all its codes. */
export const codeSystems = (edition: Edition, guidelines: Guidelines, at: string): readonly CodeSystem[] => [
  ...guidelineSystems(guidelines, at),
  ...Object.entries<Content>(ownSystems).map(([id, content]) => ownSystem(id, content, edition)),
  medicalIndex(edition),
];
