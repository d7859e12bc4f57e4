import { medicalGrounds } from '../codes.ts';
import { defined } from '../defined.ts';
import { clinicalImpression } from '../fhir/resources.ts';
import { systems } from '../names.ts';
import type { Facts, MessageType } from './message-type.ts';
import { codingsOf, requiredCodeAmong } from './coded.ts';
import { requiredWords, wordsIn } from './fields.ts';
import { changesMeaning } from './issues.ts';
import { authorRule } from './element-rules.ts';

const schema = clinicalImpression.transform((resource, context): Facts => {
  if (resource.status !== 'completed')
    changesMeaning(context, ['status'], 'must be "completed": send the assessment when it is finished');
  const codings = (resource.finding ?? []).flatMap(({ itemCodeableConcept }, index) =>
    codingsOf(itemCodeableConcept, ['finding', index, 'itemCodeableConcept']),
  );
  const answer = requiredCodeAmong(context, codings, ['finding'], systems.medicalGround, medicalGrounds);
  const readSummary = answer === 'indicated' ? wordsIn : requiredWords;
  return defined({ answer, words: readSummary(context, resource.summary, ['summary']) });
});

export const medicalAssessment = {
  event: 'medical-assessment',
  title: 'Medical assessment',
  family: 'coordination',
  purpose:
    'A physician of the AMK LA or of an operator assesses whether there is medical ground, and gives the reason and the name. It is advice: the coordinating AMK LA decides.',
  senders: ['amk-la', 'operator'],
  relation: 'coordinator-or-operator',
  focus: { resource: 'ClinicalImpression', schema, person: 'assessor' },
  elements: [
    { path: 'ClinicalImpression.status', required: 'always', what: '`completed`.' },
    {
      path: 'ClinicalImpression.assessor',
      required: 'never',
      what: 'The same person as the author, if it is given.',
    },
    {
      path: 'ClinicalImpression.finding',
      required: 'always',
      what: '`itemCodeableConcept`: whether there is medical ground.',
      codes: 'medical-ground',
    },
    {
      path: 'ClinicalImpression.summary',
      required: 'some-answers',
      neededFor: ['not-indicated', 'undetermined'],
      what: 'The reason, as text. Required unless the mission is medically indicated.',
    },
    {
      ...authorRule('every decision'),
      what: 'The physician, with role: a PractitionerRole in the Bundle.',
    },
    {
      path: 'MessageHeader.focus',
      required: 'always',
      what: `The ClinicalImpression, and the mission by identifier (system \`${systems.mission}\`).`,
    },
  ],
  answers: { system: systems.medicalGround, codes: medicalGrounds, of: 'message' },
  authorRequiredFor: ['indicated', 'not-indicated', 'undetermined'],
  legalIn: ['active'],
  notifies: ['coordinator', 'requester'],
  readableBy: ['local-amk', 'amk-la'],
  example: 'medical-assessment.json',
} as const satisfies MessageType;
