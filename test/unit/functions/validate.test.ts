import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHandler } from '../../../functions/process-message/handler.ts';
import { codesOf } from '../../../schemas/codes.ts';
import { scopes } from '../../../schemas/scopes.ts';
import { handlerPorts } from '../../memory/handler-ports.ts';
import { captureLog } from '../../support/captured-log.ts';
import { exampleText } from '../../support/examples.ts';
import { problemsOf } from '../../support/fhir-validator.ts';
import { describeBodyRefusals, describeHttpRefusals } from '../../support/http-refusals.ts';
import {
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  taskOpenedBy,
  acknowledgement,
} from '../../support/messages.ts';
import { ask, type Asking } from '../../support/requests.ts';

const calling = { parent: parties.amk.organisation };
const request = missionRequest({ municipality: '3401' });
const path = '$validate';
const asking: Asking = { method: 'POST', path, body: request.text };

describeHttpRefusals(path, { createHandler, calling, asking, first: 'directory' });
describeBodyRefusals(path, { createHandler, calling, asking, first: 'directory' });

afterEach(() => {
  vi.restoreAllMocks();
});

interface Issue {
  readonly severity: string;
  readonly details: { readonly coding?: readonly [{ readonly code: string }]; readonly text: string };
  readonly diagnostics?: string;
  readonly expression?: readonly string[];
}

/** The issues of an answer: severity, code, place and particulars. */
const issuesIn = (body: string): readonly (readonly (string | undefined)[])[] =>
  JSON.parse(body).issue.map(({ severity, details: { coding }, expression, diagnostics }: Issue) => [
    severity,
    coding?.[0].code,
    expression?.[0],
    diagnostics,
  ]);

const check = async (body: string, scope?: string) => {
  captureLog();
  const ports = handlerPorts();
  const answer = await ask(
    createHandler(ports),
    { ...calling, ...(scope === undefined ? {} : { scope }) },
    { ...asking, body },
  );
  return { ...answer, issues: answer.statusCode === 200 ? issuesIn(answer.body) : [], ports };
};

const changed = (from: string, to: string): string => {
  const text = exampleText('mission-request.json').replace(from, to);
  expect(text).not.toBe(exampleText('mission-request.json'));
  return text;
};

const genderPath = 'Bundle.entry[2].resource.gender';
const genderDetail = 'must be one of male, female, other, unknown';
const readAs = ['information', undefined, undefined, 'read as mission-request'];

describe('$validate', () => {
  test('says that a message can be read, and stores nothing', async () => {
    const { statusCode, body, issues, ports } = await check(request.text);
    expect(statusCode).toBe(200);
    expect(issues).toEqual([readAs]);
    expect(problemsOf(JSON.parse(body))).toEqual([]);
    expect(await ports.missions.last(missionOpenedBy(request))).toBeUndefined();
  });

  test('warns of what is not valid R4, as the answer to the message does', async () => {
    const { text } = missionRequest({ municipality: '3401', more: [{ resourceType: 'Patient', gender: 'kvinne' }] });
    const { issues, body } = await check(text);
    expect(issues).toEqual([readAs, ['warning', 'invalid-r4', expect.stringMatching(/\.gender$/), genderDetail]]);
    expect(body).not.toContain('kvinne');
    expect(problemsOf(JSON.parse(body))).toEqual([]);
    const ports = handlerPorts();
    // The answer to a message that is sent again is the same.
    for (const _time of ['first', 'second']) {
      const sent = await ask(createHandler(ports), calling, { ...asking, path: '$process-message', body: text });
      expect(sent.body).not.toContain('kvinne');
      const outcome: unknown = JSON.parse(sent.body).entry.at(-1).resource;
      expect(issuesIn(JSON.stringify(outcome))).toContainEqual(issues[1]);
    }
  });

  test('gives the refusal as errors, and the warnings about other elements', async () => {
    const text = changed('"gender": "male"', '"gender": "kvinne"').replace('"priority": "stat",', '');
    const { statusCode, issues } = await check(text);
    expect(statusCode).toBe(200);
    expect(issues.map(([severity, code, at]) => [severity, code, at])).toEqual([
      ['error', 'missing-field', 'Bundle.entry[1].resource.priority'],
      ['warning', 'invalid-r4', genderPath],
    ]);
  });

  test('names an element once that is refused and not valid R4', async () => {
    const { issues } = await check(changed('"status": "active"', '"status": "nothing"'));
    expect(issues.map(([severity, , at]) => [severity, at])).toEqual([['error', 'Bundle.entry[1].resource.status']]);
  });

  test('checks a resource that is no message', async () => {
    const { issues } = await check(JSON.stringify({ resourceType: 'Patient', gender: 'kvinne' }));
    expect(issues).toEqual([
      ['error', 'not-a-message', 'Bundle', undefined],
      ['warning', 'invalid-r4', 'Patient.gender', genderDetail],
    ]);
  });

  test.each([
    ['of a mission that does not exist', missionUpdate({ mission: missionOpenedBy(request) }).text],
    ['of another role', acknowledgement({ task: taskOpenedBy(missionOpenedBy(request), 1) }).text],
  ])('applies no rule of the mission: a message %s', async (_what, text) => {
    expect((await check(text)).issues.map(([severity]) => severity)).toEqual(['information']);
  });

  const parameters = (...parameter: readonly object[]): string =>
    JSON.stringify({ resourceType: 'Parameters', parameter });
  const resource: unknown = JSON.parse(request.text);

  test('takes the message in Parameters', async () => {
    expect((await check(parameters({ name: 'resource', resource }))).issues).toEqual([readAs]);
  });

  test.each([
    ['without a resource', parameters(), 422, 'wrong-field'],
    [
      'with two resources',
      parameters({ name: 'resource', resource }, { name: 'resource', resource }),
      422,
      'wrong-field',
    ],
    [
      'with a mode',
      parameters({ name: 'resource', resource }, { name: 'mode', valueCode: 'create' }),
      400,
      'unsupported-option',
    ],
    ['with a profile', parameters({ name: 'profile', valueUri: 'urn:x' }), 400, 'unsupported-option'],
    ['that are no list', JSON.stringify({ resourceType: 'Parameters', parameter: {} }), 422, 'wrong-field'],
  ])('refuses Parameters %s', async (_what, body, status, code) => {
    const answer = await check(body);
    expect([answer.statusCode, issuesIn(answer.body)[0]?.[1]]).toEqual([status, code]);
  });

  test('is also at the type, where R4 defines it', async () => {
    captureLog();
    const answer = await ask(createHandler(handlerPorts()), calling, { ...asking, path: 'Bundle/$validate' });
    expect([answer.statusCode, issuesIn(answer.body)]).toEqual([200, [readAs]]);
  });

  test.each([
    ['Patient/$validate', 404, 'unknown-address'],
    ['Bundle/$process-message', 404, 'unknown-address'],
    ['Bundle/1', 405, 'method-not-allowed'],
  ])('answers %s: %i %s', async (other, status, code) => {
    captureLog();
    const answer = await ask(createHandler(handlerPorts()), calling, { ...asking, path: other });
    expect([answer.statusCode, issuesIn(answer.body)[0]?.[1]]).toEqual([status, code]);
  });

  test('refuses a condition and a parameter in the address', async () => {
    captureLog();
    const handler = createHandler(handlerPorts());
    for (const wrong of [{ headers: { 'If-Match': 'W/"1"' } }, { query: { profile: 'urn:x' } }]) {
      const { statusCode, body } = await ask(handler, calling, { ...asking, ...wrong });
      expect([statusCode, issuesIn(body)[0]?.[1]]).toEqual([400, 'unsupported-option']);
    }
  });

  test.each(codesOf(scopes).map((scope) => [scope, scope === 'subscribe' ? 403 : 200] as const))(
    'answers a token with the scope %s: %i',
    async (scope, status) => expect((await check(request.text, scope)).statusCode).toBe(status),
  );

  test('names the scopes of which one is needed', async () => {
    const { body } = await check(request.text, '');
    expect(issuesIn(body)[0]?.[3]).toMatch(/^\S+\/read or \S+\/mission\.send or /);
  });

  test('refuses an organisation that is not in the directory', async () => {
    captureLog();
    const { statusCode } = await ask(createHandler(handlerPorts()), { parent: '199999999' }, asking);
    expect(statusCode).toBe(403);
  });
});
