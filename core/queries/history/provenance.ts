import type { CodeableConcept, Provenance, ProvenanceAgent } from 'fhir/r4.d.ts';
import { defined } from '../../../schemas/defined.ts';
import type { Guideline } from '../../../schemas/guideline.ts';
import { entryAddress } from '../../../schemas/identifiers.ts';
import { eventCodeOf, knownMessageType } from '../../../schemas/messages/catalogue.ts';
import { systems } from '../../../schemas/names.ts';
import { seesNoPerson } from '../../mission/access-rules.ts';
import { taskOf } from '../../mission/state.ts';
import { organisationReference, securityOf, type Viewpoint } from '../../fhir/fhir.ts';
import { deIdentifiedSecurity } from '../../fhir/de-identify.ts';
import { answerPeriodStart, rolesOf } from './answers.ts';
import type { EntryContext, HistoryEntry, HistoryReader } from './history-entry.ts';
import { narrative } from './narrative.ts';
import { criteriaOf, isRefusalReason, reasonText } from './reasons.ts';
import { taskChanges } from './task-changes.ts';
import { reasonConcept } from '../../fhir/task.ts';

const participant = (code: 'author' | 'performer', display: string): CodeableConcept => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code, display }],
});

const deciderAgent = (context: EntryContext): readonly ProvenanceAgent[] => {
  const { decider } = context.entry.facts;
  if (decider === undefined) return [];
  const type = participant('performer', 'Performer');
  const onBehalfOf = organisationReference(context.entry.sender, context.view);
  if (!context.persons) {
    const roles = rolesOf(context);
    const role = roles.length === 0 ? undefined : [{ coding: [...roles] }];
    return [{ type, ...defined({ role }), who: { type: 'Practitioner', display: 'withheld' }, onBehalfOf }];
  }
  const { name, role, identifier } = decider;
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

/** Code of US Core: the code system of R4 has no code for the system that transmits a message. */
const transmitter: CodeableConcept = {
  coding: [
    {
      system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type',
      code: 'transmitter',
      display: 'Transmitter',
    },
  ],
};

/**
 * The system that sent the message: its name at the token issuer, and the supplier that runs it.
 * Only for the sender, the organisations that lead the mission, and quality staff.
 */
const systemAgent = ({ entry, reader, view }: EntryContext): readonly ProvenanceAgent[] => {
  const { client, supplier, sender } = entry;
  const maySee = reader.leads || reader.role === 'quality' || reader.organisation === sender;
  if (client === undefined || !maySee) return [];
  const who = { type: 'Device', identifier: { value: client }, display: client };
  const runBy = supplier === undefined ? undefined : { system: systems.organisationNumber, value: supplier };
  const onBehalfOf =
    runBy === undefined ? organisationReference(sender, view) : { type: 'Organization', identifier: runBy };
  return [{ type: transmitter, who, onBehalfOf }];
};

const reasonsOf = (context: EntryContext): readonly CodeableConcept[] => {
  const { guideline, persons } = context;
  const { reason } = context.entry.facts;
  const criteria = criteriaOf(context).map((coding) => ({ coding: [coding] }));
  if (reason === undefined) return criteria;
  const { text: _freeText, ...coded } = reason;
  const concept = reasonConcept(persons ? reason : coded);
  const [first, ...others] = concept.coding ?? [];
  const display = reasonText(reason, guideline);
  const version = isRefusalReason(reason) ? context.version : undefined;
  return [...criteria, { ...concept, coding: [{ ...first, ...defined({ version, display }) }, ...others] }];
};

/** One entry of the log as a FHIR `Provenance`: who did what to the mission, when, on which criteria, and which organisations were notified. */
export const provenance = (
  historyEntry: HistoryEntry,
  reader: HistoryReader,
  guideline: Guideline,
  view: Viewpoint,
): Provenance => {
  const { entry } = historyEntry;
  const { mission, number, receivedAt, state } = entry;
  const type = knownMessageType(entry.event);
  const persons = !seesNoPerson(reader.role);
  const context: EntryContext = {
    ...historyEntry,
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
  const changes = taskChanges(context);
  const reason = reasonsOf(context);
  const start = answerPeriodStart(context);
  return {
    resourceType: 'Provenance',
    id: entryAddress(mission, number),
    meta: { lastUpdated: receivedAt, ...(persons ? securityOf(entry.exercise) : deIdentifiedSecurity(entry.exercise)) },
    text: { status: 'generated', div: narrative(context, changes) },
    target: [
      { reference: `ServiceRequest/${mission}`, type: 'ServiceRequest', display: `version ${number}` },
      ...changes.map(({ task, text }) => ({ reference: `Task/${task.id}`, type: 'Task', display: text })),
    ],
    // A first answer is an activity that began with its Task.
    ...(start === undefined ? { occurredDateTime: receivedAt } : { occurredPeriod: { start, end: receivedAt } }),
    recorded: receivedAt,
    ...defined({
      policy: state.guideline === undefined ? undefined : [`${systems.missionCriterion}|${state.guideline}`],
      reason: reason.length === 0 ? undefined : [...reason],
    }),
    activity: { coding: [{ system: systems.event, code: eventCodeOf(type), display: type.title }] },
    agent: [
      { type: participant('author', 'Author'), who: organisationReference(context.entry.sender, context.view) },
      ...deciderAgent(context),
      ...systemAgent(context),
    ],
    ...defined({
      entity: historyEntry.readable
        ? [{ role: 'source' as const, what: { reference: `Bundle/${entryAddress(mission, number)}`, type: 'Bundle' } }]
        : undefined,
    }),
  };
};
