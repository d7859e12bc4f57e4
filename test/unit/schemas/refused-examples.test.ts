import { evalFhirPath } from '@medplum/core';
import { describe, expect, test } from 'vitest';
import { missionOf } from '../../../core/mission/decide.ts';
import { type Fault, operationOutcome, type Refusal } from '../../../schemas/faults.ts';
import { isObject } from '../../../schemas/json/json.ts';
import { maxBodyBytes, maxDepth } from '../../../schemas/json/strict-json.ts';
import { readMessage } from '../../../schemas/reading/read-message.ts';
import {
  decideExample,
  everyStep,
  exampleSteps,
  exampleText,
  logOf,
  partyOfClient,
  readinessSteps,
  secondSteps,
  type Step,
} from '../../support/examples.ts';
import { problemsOf } from '../../support/fhir-validator.ts';
import { type RefusedExample, refusedExamples, secret } from './refused-examples.ts';

const stepOf = (file: string): Step => {
  const step = everyStep.find((one) => one.file === file);
  if (step === undefined) throw new Error(`not in partner/examples/README.md: ${file}`);
  return step;
};

/** A copy of a JSON value with one element, given by its FHIRPath, replaced. `undefined` removes the element. */
const withElement = (root: unknown, path: string, value: unknown): unknown => {
  const change = (target: unknown, [step, ...rest]: readonly string[]): unknown => {
    if (step === undefined) return value;
    if (Array.isArray(target)) {
      const at = Number(step);
      const changed = change(target[at], rest);
      return changed === undefined ? target.toSpliced(at, 1) : target.toSpliced(at, 1, changed);
    }
    return isObject(target) ? { ...target, [step]: change(target[step], rest) } : target;
  };
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  return change(root, steps.slice(1));
};

/** The answer of the hub to a text, at the position of the example in its mission. */
const answerTo = (text: string, step: Step, client = step.client): Refusal | 'accepted' => {
  const message = readMessage(text);
  if (message.outcome === 'refused') return message;
  const steps = [exampleSteps, secondSteps, readinessSteps].find((table) => table.includes(step)) ?? [];
  const before = logOf(steps, steps.indexOf(step)).at(-1)?.state;
  const known = message.type.mission !== 'opens' && missionOf(message, partyOfClient(client)) === before?.mission;
  const decided = decideExample(known ? before : undefined, message, partyOfClient(client));
  return decided.outcome === 'refused' ? decided : 'accepted';
};
const faultsIn = (answer: Refusal | 'accepted') =>
  answer === 'accepted' ? answer : answer.faults.map(({ code, at }) => [code, at]);

describe('an example with one change', () => {
  const changedExample = ({ file, change }: RefusedExample): unknown =>
    Object.entries(change).reduce<unknown>(
      (bundle, [path, value]) => withElement(bundle, path, value),
      JSON.parse(exampleText(file)),
    );

  test.each(refusedExamples)('refuses $file with $name, at the changed element', (one) => {
    const { file, faults, client } = one;
    const changed = changedExample(one);
    const answer = answerTo(JSON.stringify(changed), stepOf(file), client);
    expect(faultsIn(answer)).toEqual(faults);
    if (answer === 'accepted') return;
    const outcome = operationOutcome(answer.faults);
    expect(problemsOf(outcome)).toEqual([]);
    expect(JSON.stringify(outcome)).not.toContain(secret);
    for (const path of outcome.issue.flatMap(({ expression }) => expression ?? []))
      expect(() => evalFhirPath(path, changed)).not.toThrow();
  });

  /** Messages that the hub may accept after the end: a request opens another mission, the others report late. */
  const acceptedAfterEnd = [
    'mission-request',
    'mission-update',
    'resource-status',
    'prearrival-notification',
    'mission-report',
    'outcome-feedback',
  ];

  test.each([...exampleSteps, ...secondSteps])(
    'decides $file as a new message when the mission is over',
    ({ file, client }) => {
      const steps = exampleSteps.some((step) => step.file === file) ? exampleSteps : secondSteps;
      const after = logOf(steps).at(-1)?.state;
      const message = readMessage(exampleText(file));
      if (message.outcome === 'refused' || after === undefined) throw new Error('the example is refused');
      const { type } = message;
      const opens = type.mission === 'opens';
      const decided = decideExample(opens ? undefined : after, message, partyOfClient(client));
      if ((opens || type.legalIn.includes(after.status)) && acceptedAfterEnd.includes(type.event))
        expect(decided.outcome).toBe('accepted');
      // A party that has forwarded the mission or flown it has no relation to it any more.
      else
        expect(decided).toMatchObject({
          outcome: 'refused',
          faults: [{ code: expect.stringMatching(/^(illegal-transition|forbidden-relation)$/) }],
        });
    },
  );
});

const request = exampleText('mission-request.json');
const changedRequest = (path: string, value: unknown): string =>
  JSON.stringify(withElement(JSON.parse(request), path, value));
const nested = (levels: number): string =>
  request.replace('"type": "message"', `"type": "message", "x": ${'['.repeat(levels)}${']'.repeat(levels)}`);
const padded = (bytes: number): string => request + ' '.repeat(bytes - Buffer.byteLength(request));

const texts: readonly (readonly [name: string, text: string, code: Fault['code'], at: string | undefined])[] = [
  ['no text', '', 'not-json', undefined],
  ['XML', '<Bundle xmlns="http://hl7.org/fhir"/>', 'not-json', undefined],
  ['truncated JSON', request.slice(0, -10), 'not-json', undefined],
  ['a number', '1.50', 'not-a-message', 'Bundle'],
  ['null', 'null', 'not-a-message', 'Bundle'],
  ['a list', '[]', 'not-a-message', 'Bundle'],
  ['another resource', '{"resourceType":"Patient"}', 'not-a-message', 'Bundle'],
  ['a Bundle of another type', changedRequest('Bundle.type', 'transaction'), 'not-a-message', 'Bundle'],
  ['a Bundle without entries', changedRequest('Bundle.entry', []), 'wrong-field', 'Bundle.entry'],
  ['a Bundle without a list of entries', changedRequest('Bundle.entry', undefined), 'missing-field', 'Bundle.entry'],
  [
    'a Bundle whose first entry is not a header',
    changedRequest('Bundle.entry[0]', undefined),
    'not-a-message',
    'Bundle.entry[0].resource',
  ],
  ['brackets nested too deep', nested(maxDepth), 'too-deep', undefined],
  ['100 000 open brackets', '['.repeat(100_000), 'too-deep', undefined],
  ['one byte too much', padded(maxBodyBytes + 1), 'too-large', undefined],
  [
    'a text of fewer characters than the limit but more bytes',
    `"${'å'.repeat(maxBodyBytes / 2)}"`,
    'too-large',
    undefined,
  ],
];

describe('a body that is not a message', () => {
  test.each(texts)('refuses %s', (_name, text, code, at) => {
    const answer = readMessage(text);
    expect(answer.outcome === 'refused' ? answer.faults.map((fault) => [fault.code, fault.at]) : 'read').toEqual([
      [code, at],
    ]);
    if (answer.outcome === 'refused') expect(problemsOf(operationOutcome(answer.faults))).toEqual([]);
  });

  test.each([
    ['as deep as allowed', nested(maxDepth - 1)],
    ['as large as allowed', padded(maxBodyBytes)],
  ])('reads a body %s', (_name, text) => expect(readMessage(text).outcome).toBe('read'));
});
