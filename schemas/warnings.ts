import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4.d.ts';
import { defined } from './defined.ts';
import { systems } from './names.ts';

interface WarningKind {
  /** FHIR IssueType (http://hl7.org/fhir/issue-type). */
  readonly type: OperationOutcomeIssue['code'];
  /** What the sender must know, then what to do. Contains nothing from the message. */
  readonly text: string;
}

/** Every warning in the answer to an accepted message. Codes are stable: partners program against them. */
export const warnings = {
  'not-a-party': {
    type: 'not-found',
    text: 'Accepted, but the organisations in diagnostics were not notified, because the mission does not concern them now. Notify them by phone if they must know.',
  },
  'other-party-named': {
    type: 'conflict',
    text: 'Accepted, but the element names another party than MessageHeader.destination.receiver. The hub asks and notifies the receiver only. Name the same party in both.',
  },
  'other-mission-named': {
    type: 'conflict',
    text: 'Accepted for the mission in MessageHeader.focus, but the element names another mission, and a receiver may read it. Name the same mission in both.',
  },
  'unknown-criterion': {
    type: 'code-invalid',
    text: 'Accepted for its other criteria, but the guideline version of the mission does not have every criterion of the element. The hub does not count or show the unknown ones. Use codes of that version: GET /fhir/CodeSystem lists the versions.',
  },
  'unresolved-place': {
    type: 'not-found',
    text: 'Accepted, but a reference to a place leads to no Location in the Bundle, so the hub and the receivers do not know the place. Send the Location, and refer to it by its fullUrl.',
  },
  'unresolved-patient': {
    type: 'not-found',
    text: 'Accepted, but the reference to the patient leads to no resource in the Bundle, so receivers may not know the patient. Send the Patient in the Bundle, or give an identifier.',
  },
  'unresolved-flight': {
    type: 'not-found',
    text: 'Accepted, but Task.partOf leads to no Task of the hub, so the patient is not linked to a flight. Give the Task of the flight by the id that the hub gave it: Task/<id>.',
  },
  'unclear-author': {
    type: 'incomplete',
    text: 'Accepted, but the hub cannot read who the author is, as diagnostics says, and keeps no person. An answer that requires an author is refused with such an author. Name one person, with one role.',
  },
  'not-reachable': {
    type: 'transient',
    text: 'Accepted and stored, but the hub cannot notify the party in diagnostics by machine now. Phone it. Communication?part-of=ServiceRequest/… shows when it is notified.',
  },
  'reach-unknown': {
    type: 'incomplete',
    text: 'Accepted and stored. The hub does not know yet whether it can notify every party by machine, and keeps trying. Read Communication?part-of=ServiceRequest/… in half a minute, or phone the parties.',
  },
  'case-has-mission': {
    type: 'duplicate',
    text: 'Accepted: a new mission is opened. An open mission that you have requested, in diagnostics, has the same case number. Compare the two. If they are one request, send mission-cancel for one of them.',
  },
  'invalid-r4': {
    type: 'invalid',
    text: 'The content of the element is not valid FHIR R4 (4.0.1), as diagnostics says. The hub passes it on unchanged; receivers may be unable to read it. Correct your system, and check messages with POST /fhir/$validate.',
  },
} as const satisfies Record<string, WarningKind>;

type WarningCode = keyof typeof warnings;

/** What the sender of an accepted message must know. `detail` may name organisations with their phone numbers, never a patient. */
export interface Warning {
  readonly code: WarningCode;
  /** FHIRPath of the element concerned. */
  readonly at?: string;
  readonly detail?: string;
}

/** Warnings of one kind about one list: the first elements show what is wrong. */
export const mostOfKind = 5;

/** Limits the answer. */
export const mostWarnings = 50;

const issue = ({ code, at, detail }: Warning): OperationOutcomeIssue => ({
  severity: 'warning',
  code: warnings[code].type,
  details: { coding: [{ system: systems.warning, code }], text: warnings[code].text },
  ...defined({ diagnostics: detail, expression: at === undefined ? undefined : [at] }),
});

/** FHIR R4 `OperationOutcome` of an accepted message: one issue per warning, at most 50. */
export const warningOutcome = (list: readonly [Warning, ...Warning[]]): OperationOutcome => ({
  resourceType: 'OperationOutcome',
  issue: [
    ...list.slice(0, mostWarnings).map(issue),
    ...(list.length > mostWarnings
      ? [
          {
            severity: 'information' as const,
            code: 'incomplete' as const,
            details: { text: 'There are more warnings. Correct these first.' },
          },
        ]
      : []),
  ],
});
