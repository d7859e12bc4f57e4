import type { CodeableConcept, Provenance, ProvenanceAgent } from 'fhir/r4.d.ts';
import { defined } from '../../../schemas/defined.ts';
import type { Guideline } from '../../../schemas/guideline.ts';
import { entryAddress } from '../../../schemas/identifiers.ts';
import { eventCodeOf, knownMessageType } from '../../../schemas/messages/catalogue.ts';
import type { Reason } from '../../../schemas/messages/message-type.ts';
import { systems } from '../../../schemas/names.ts';
import { seesNoPerson } from '../../mission/access-rules.ts';
import { taskOf } from '../../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from '../../fhir/fhir.ts';
import { personFreeSecurity } from '../../fhir/de-identify.ts';
import {
  askedAt,
  classOf,
  criteriaOf,
  isDecision,
  isRefusalReason,
  narrative,
  reasonWords,
  rolesOf,
} from './sentences.ts';
import { taskChanges } from './task-changes.ts';
import type { HistoryEntry, HistoryReader, Telling } from './telling.ts';
import { reasonConcept } from '../../fhir/task.ts';

const participant = (code: 'author' | 'performer', display: string): CodeableConcept => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code, display }],
});

const deciderAgent = (telling: Telling): readonly ProvenanceAgent[] => {
  const { decider } = telling.entry.facts;
  if (decider === undefined) return [];
  const type = participant('performer', 'Performer');
  const onBehalfOf = organisationReference(telling.entry.sender, telling.view);
  if (!telling.persons) {
    const roles = rolesOf(telling);
    const role = roles.length === 0 ? undefined : [{ coding: [...roles] }];
    return [{ type, ...defined({ role }), who: { type: 'Practitioner', display: 'withheld' }, onBehalfOf }];
  }
  const { name, role, identifier } = typeof decider === 'string' ? { name: decider } : decider;
  return [
    {
      type,
      ...defined({ role: role === undefined ? undefined : [{ text: role }] }),
      who: {
        type: 'Practitioner',
        ...defined({
          identifier: identifier === undefined ? undefined : { system: systems.healthPersonnel, value: identifier },
        }),
        display: name,
      },
      onBehalfOf,
    },
  ];
};

/** Code of US Core; the code system of R4 has none for who hands a message on. */
const transmitter: CodeableConcept = {
  coding: [
    {
      system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
      code: 'transmitter',
      display: 'Transmitter',
    },
  ],
};

/** The system that sent the message, for who sent it, for who leads the mission and for quality staff: by its name at the token's issuer, and with the supplier that runs it. */
const systemAgent = ({ entry, reader, view }: Telling): readonly ProvenanceAgent[] => {
  const { client, supplier, sender } = entry;
  const maySee = reader.leads || reader.role === 'quality' || reader.organisation === sender;
  if (client === undefined || !maySee) return [];
  const who = { type: 'Device', identifier: { value: client }, display: client };
  const runBy = supplier === undefined ? undefined : { system: systems.organisationNumber, value: supplier };
  const onBehalfOf =
    runBy === undefined ? organisationReference(sender, view) : { type: 'Organization', identifier: runBy };
  return [{ type: transmitter, who, onBehalfOf }];
};

const reasonsOf = (telling: Telling): readonly CodeableConcept[] => {
  const { guideline, persons } = telling;
  const { reason } = telling.entry.facts;
  const criteria = criteriaOf(telling).map((coding) => ({ coding: [coding] }));
  if (reason === undefined) return criteria;
  const { text: _words, ...coded } = reason;
  const told: Reason = { ...(persons ? reason : coded), ...defined({ class: classOf(reason, guideline) }) };
  const [first, ...others] = reasonConcept(told).coding ?? [];
  const display = reasonWords(reason, guideline);
  const version = isRefusalReason(reason) ? telling.version : undefined;
  return [...criteria, { ...reasonConcept(told), coding: [{ ...first, ...defined({ version, display }) }, ...others] }];
};

/** One entry of the log as a FHIR `Provenance`: who did what to the mission, when, on which ground, and who was told. */
export const provenance = (
  chapter: HistoryEntry,
  reader: HistoryReader,
  guideline: Guideline,
  view: Viewpoint,
): Provenance => {
  const { entry } = chapter;
  const { mission, number, receivedAt, state } = entry;
  const type = knownMessageType(entry.event);
  const persons = !seesNoPerson(reader.role);
  const telling: Telling = {
    ...chapter,
    type,
    reader,
    guideline,
    view,
    persons,
    ...defined({
      version: state.guideline,
      task: taskOf(state, entry.facts.task),
      opened: state.tasks.find((task) => task.openedBy === number),
    }),
  };
  const changes = taskChanges(telling);
  const reason = reasonsOf(telling);
  const asked = isDecision(telling) ? askedAt(telling) : undefined;
  return {
    resourceType: 'Provenance',
    id: entryAddress(mission, number),
    meta: { lastUpdated: receivedAt, ...(persons ? securityOf(entry.exercise) : personFreeSecurity(entry.exercise)) },
    text: { status: 'generated', div: narrative(telling, changes) },
    target: [
      { reference: `ServiceRequest/${mission}`, type: 'ServiceRequest', display: `version ${number}` },
      ...changes.map(({ task, words }) => ({ reference: `Task/${task.id}`, type: 'Task', display: words })),
    ],
    // A decision lasts from when it was asked for.
    ...(asked === undefined ? { occurredDateTime: receivedAt } : { occurredPeriod: { start: asked, end: receivedAt } }),
    recorded: receivedAt,
    ...defined({
      policy: state.guideline === undefined ? undefined : [`${systems.missionCriterion}|${state.guideline}`],
      reason: reason.length === 0 ? undefined : [...reason],
    }),
    activity: { coding: [{ system: systems.event, code: eventCodeOf(type), display: type.title }] },
    agent: [
      { type: participant('author', 'Author'), who: organisationReference(telling.entry.sender, telling.view) },
      ...deciderAgent(telling),
      ...systemAgent(telling),
    ],
    ...defined({
      entity: chapter.readable
        ? [{ role: 'source' as const, what: { reference: `Bundle/${entryAddress(mission, number)}`, type: 'Bundle' } }]
        : undefined,
    }),
  };
};
