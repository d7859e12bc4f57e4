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
  unreachedReasons,
} from '../codes.ts';
import { defined } from '../defined.ts';
import { type FaultCode, faults } from '../faults.ts';
import { type Guideline, guidelineInForce, type Guidelines } from '../guideline.ts';
import { catalogue, eventCodeOf } from '../messages/catalogue.ts';
import { systems } from '../names.ts';
import { tokenFaults } from '../token-faults.ts';
import { warnings } from '../warnings.ts';
import { artefact, type Edition } from './artefact.ts';

interface Content {
  readonly title: string;
  readonly description: string;
  readonly concepts: readonly CodeSystemConcept[];
  /** Codes that the hub derives and that no message may have. */
  readonly derived?: readonly CodeSystemConcept[];
  readonly properties?: readonly CodeSystemProperty[];
}

const conceptsOf = (table: Readonly<Record<string, string>>): readonly CodeSystemConcept[] =>
  Object.entries(table).map(([code, display]) => ({ code, display }));

/** Types that share a code share its concept; the type with the name of the code gives title and purpose. */
const eventConcepts = (): readonly CodeSystemConcept[] =>
  catalogue
    .filter((type) => type.event === eventCodeOf(type))
    .map(({ event, title, purpose }) => ({ code: event, display: title, definition: purpose }));

const faultOrigins: Readonly<Record<(typeof faults)[FaultCode]['origin'], string>> = {
  sender: 'The sender corrects the message',
  hub: "The hub's operators correct the hub",
};

/** The code systems that change with the hub, by the last part of their URL. */
const ownSystems = {
  'message-event': {
    title: 'Message types',
    description: 'The type of a message: `MessageHeader.eventCoding`.',
    concepts: eventConcepts(),
  },
  'party-role': {
    title: 'Roles of the parties',
    description: 'What an organisation of the directory does in missions.',
    concepts: conceptsOf(roles),
  },
  'mission-role': {
    title: 'Roles in a mission',
    description: 'The roles of an organisation in one mission: none, one or several.',
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
    description: 'Assessment of a physician: whether there is medical ground for an air ambulance.',
    concepts: conceptsOf(medicalGrounds),
  },
  'cancel-reason': {
    title: 'Reasons for cancelling a mission',
    description: 'Why a mission is no longer needed.',
    concepts: conceptsOf(cancelReasons),
  },
  'forward-reason': {
    title: 'Reasons for forwarding a mission',
    description: 'Why the coordination of a mission moves to another AMK LA.',
    concepts: conceptsOf(forwardReasons),
  },
  'resource-kind': {
    title: 'Kinds of resource',
    description: 'Resources that can be sent to a patient.',
    concepts: conceptsOf(resourceKinds),
  },
  'resource-answer': {
    title: 'Answers of a crew',
    description: 'What a crew answers to a request for a resource.',
    concepts: conceptsOf(resourceAnswers),
  },
  'resource-availability': {
    title: 'Availability of a resource',
    description: 'Whether a helicopter, aeroplane or car is free, and if not, why.',
    concepts: conceptsOf(resourceAvailabilities),
    derived: conceptsOf(resourceEngagements).map((concept) => ({
      ...concept,
      definition: 'The hub derives it from the missions; operators do not report it.',
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
      'In their order, after the Utstein-style template for physician-staffed emergency services. Each is reported with the time at which it was observed.',
    concepts: conceptsOf(flightPhases),
  },
  'task-kind': {
    title: 'Kinds of Task',
    description: 'What a Task requests: `Task.code`.',
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
      { code: 'origin', type: 'Coding', description: 'The side that has to act' },
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
    description: 'The side that has to act on a fault.',
    concepts: conceptsOf(faultOrigins),
  },
  'token-fault': {
    title: 'Faults of tokens and proofs',
    description: 'Which check a token or its proof fails: `GET [base]/check-token`. Codes are stable.',
    concepts: codesOf(tokenFaults).map((code) => ({ code, definition: tokenFaults[code] })),
  },
  warning: {
    title: 'Warnings',
    description:
      'What the sender of an accepted message must know: `OperationOutcome.issue.details`. Codes are stable.',
    concepts: codesOf(warnings).map((code) => ({ code, definition: warnings[code].text })),
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
    title: 'Reasons for not being notified',
    description: 'Why a recipient was not notified by machine: `Communication.statusReason`.',
    concepts: conceptsOf(deliveryOutcomes),
  },
  'unreached-reason': {
    title: 'Reasons for not being reached',
    description:
      'Why a party was not reached, or what the last call to its endpoint came to: `CommunicationRequest.reasonCode` of party-unreachable and delivery-failed, and the errors of `Subscription/$status`.',
    concepts: conceptsOf(unreachedReasons),
  },
  'affiliation-role': {
    title: 'Affiliation roles',
    description: 'Relation of one organisation to another in a directory file: `OrganizationAffiliation.code`.',
    concepts: [{ code: 'system-supplier', display: 'Supplier whose system acts for the organisation' }],
  },
  'directory-origin': {
    title: 'Origin of a directory',
    description: 'Tag of a directory file.',
    concepts: [{ code: 'sample', display: 'Sample: no organisation number, phone, address or place in it is real' }],
  },
} as const satisfies Readonly<Record<string, Content>> &
  Readonly<Record<Exclude<CodeTable, keyof ReturnType<typeof guidelineContents>>, Content>>;

/** The codes of a table that messages may have, if those are not all. */
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

/** Norsk indeks for medisinsk nødhjelp: its criteria belong to its publisher; messages have only their numbers. */
const medicalIndex = ({ version, date }: Edition): CodeSystem => ({
  ...artefact('CodeSystem', 'norsk-indeks-medisinsk-nodhjelp', 'Norsk indeks for medisinsk nødhjelp', version),
  date,
  description:
    'Criteria numbers such as `A.06.02`. No official FHIR URI is known for the index, so the hub minted this one; the content is not published here.',
  caseSensitive: true,
  content: 'not-present',
});

/** Code systems of the guideline, by the last part of their URL. */
const guidelineContents = (guideline: Guideline) => ({
  'mission-criterion': {
    title: 'Mission criteria',
    description: 'Criteria for an air ambulance, as a request gives them.',
    concepts: Object.entries(guideline.criteria).map(([code, { display }]) => ({ code, display })),
  },
  'refusal-reason': {
    title: 'Refusal reasons',
    description: 'Reasons for rejecting, declining, withdrawing and diverting.',
    properties: [{ code: 'class', type: 'Coding' as const, description: 'Class of the reason' }],
    concepts: Object.entries(guideline.refusalReasons).map(([code, reason]) => ({
      code,
      display: reason.display,
      property: [{ code: 'class', valueCoding: { system: systems.refusalClass, code: reason.class } }],
    })),
  },
  urgency: {
    title: 'Urgencies and their deadlines',
    description: 'Names of the request priorities, and the seconds within which a person must acknowledge a Task.',
    supplements: 'http://hl7.org/fhir/request-priority',
    properties: codesOf(guideline.acknowledgementSeconds).map((kind) => ({
      code: `acknowledge-${kind}`,
      type: 'integer' as const,
      description: `Seconds within which a person must acknowledge: ${taskKinds[kind]}`,
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
  /** The external code system that these codes add names and properties to. */
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
  // A supplement must not repeat what the supplemented code system defines.
  ...(content.supplements === undefined
    ? { caseSensitive: true, content: 'complete' as const, count: content.concepts.length }
    : { content: 'supplement' as const }),
  ...defined({
    supplements: content.supplements,
    property: content.properties === undefined ? undefined : [...content.properties],
  }),
  concept: [...content.concepts],
});

/** The code systems of every guideline version. The version in force has the plain id and is first. */
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
