import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { saveDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { type Logs, openLogs } from '../../adapters/wiring.ts';
import { seesNoPerson } from '../../core/mission/access-rules.ts';
import type { Party } from '../../core/mission/state.ts';
import { codesOf, type Role, roles } from '../../schemas/codes.ts';
import { entryAddress, uuidOf } from '../../schemas/identifiers.ts';
import type { Message } from '../../schemas/reading/message.ts';
import { publishedTypes } from '../../schemas/published/types.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { functionEnvironment } from '../support/function-environment.ts';
import { type EmbeddedAws, startEmbeddedAws, withoutTimeLimits } from '../support/embedded-aws.ts';
import { routesOfTemplate } from '../support/routes.ts';
import {
  acknowledgement,
  incidentIdentifier,
  missionCancel,
  missionDecision,
  missionForward,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  prearrivalNotification,
  prearrivalResponse,
  read as readText,
  resourceRequest,
  resourceResponse,
  resourceWithdrawal,
} from '../support/messages.ts';
import { subscriptionFor } from '../support/partners.ts';
import { type ApiHandler, ask, type Asking, resourceOf } from '../support/requests.ts';

/**
 * Every role and relation at every route of the API: the answer, the personal fields in it, and its Tasks
 * and entries. The tables are docs/authorisation.md. The rules that no table may break are asserted as well.
 */
const extra = {
  farLa: { organisation: '100000013', name: 'AMK LA Tromsø', role: 'amk-la' },
  farObserver: { organisation: '100000042', name: 'Legevakt', role: 'observer' },
} as const satisfies Record<string, Party>;

const {
  amk,
  otherAmk,
  la,
  otherLa,
  operator,
  otherOperator,
  thirdOperator,
  hospital,
  otherHospital,
  observer,
  quality,
} = parties;

interface Persona {
  readonly party: Party;
  /** Relation to the mission. */
  readonly relation: string;
  readonly hasPart: boolean;
}

const personas: readonly Persona[] = [
  { party: amk, relation: 'requester', hasPart: true },
  { party: la, relation: 'coordinator', hasPart: true },
  { party: otherLa, relation: 'forwarded it', hasPart: true },
  { party: operator, relation: 'Task accepted', hasPart: true },
  { party: otherOperator, relation: 'Task declined', hasPart: true },
  { party: thirdOperator, relation: 'Task withdrawn', hasPart: true },
  { party: hospital, relation: 'Task accepted', hasPart: true },
  { party: observer, relation: 'made party', hasPart: true },
  { party: quality, relation: 'reads all', hasPart: true },
  { party: otherAmk, relation: 'none', hasPart: false },
  { party: extra.farLa, relation: 'none', hasPart: false },
  { party: otherHospital, relation: 'none', hasPart: false },
  { party: extra.farObserver, relation: 'none', hasPart: false },
];

/** The value that shows that a field of the mission is in an answer. */
const fields = {
  n: 'Pasientsen',
  i: '01860012345',
  p: '+4790000099',
  w: 'Free text of the sender',
  c: '61.23456',
  d: 'Dag Decider',
} as const;

const personal = ['n', 'i', 'p', 'w', 'd'] as const satisfies readonly (keyof typeof fields)[];

const fieldsIn = (text: string): string =>
  codesOf(fields)
    .filter((field) => text.includes(fields[field]))
    .join('');

/** The request with a patient and free text. */
const request = ((): Message => {
  const patient = {
    resourceType: 'Patient',
    identifier: [{ system: 'urn:oid:2.16.578.1.12.4.1.4.1', value: fields.i }],
    name: [{ family: fields.n }],
    telecom: [{ system: 'phone', value: fields.p }],
  };
  const plain = missionRequest({
    id: uuidOf('matrix'),
    to: [otherLa.organisation],
    place: [Number(fields.c), 9.1236],
    incident: 'bus',
    more: [patient],
  });
  const note = `"note":[{"text":"${fields.w}"}],"subject":`;
  return readText(plain.text.replace('"subject":', note));
})();

const mission = missionOpenedBy(request);
const task = (entry: number): string => entryAddress(mission, entry);
const nowhere = uuidOf('a mission that does not exist');

/** Entries 1 to 12; in brackets the Tasks that they open. */
const history: readonly (readonly [Party, Message])[] = [
  [amk, request],
  [otherLa, missionForward({ task: task(1), to: [la.organisation] })],
  [la, missionDecision({ task: task(2), answer: 'accepted', by: fields.d })],
  [la, resourceRequest({ mission, to: [operator.organisation] })],
  [la, resourceRequest({ mission, to: [otherOperator.organisation] })],
  [la, resourceRequest({ mission, to: [thirdOperator.organisation] })],
  [operator, resourceResponse({ task: task(4), answer: 'accepted', by: fields.d })],
  [otherOperator, resourceResponse({ task: task(5), answer: 'declined' })],
  [la, resourceWithdrawal({ mission, task: task(6) })],
  [operator, prearrivalNotification({ mission, partOf: task(4) })],
  [hospital, prearrivalResponse({ task: task(10), answer: 'accepted', by: fields.d })],
  [la, missionUpdate({ mission, to: [observer.organisation], describes: false })],
];

let aws: EmbeddedAws;
let logs: Logs;
let functions: Readonly<Record<string, ApiHandler>>;
/** Each route of the template, with its function, and whether it is open without a token. */
let routes: ReadonlyMap<string, { readonly fn: string; readonly open: boolean }>;

beforeAll(async () => {
  aws = await startEmbeddedAws();
  logs = openLogs(aws.tableName);
  withoutTimeLimits(logs.table.client);
  await saveDirectory(logs.table, {
    parties: [...Object.values(parties), ...Object.values(extra)],
    coverage: [],
    resources: [],
  });
  Object.assign(process.env, {
    ...functionEnvironment,
    TABLE_NAME: aws.tableName,
    QUICK_LANE_URL: aws.lanes.quick,
    SLOW_LANE_URL: aws.lanes.slow,
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  functions = {
    Read: (await import('../../functions/read/lambda.ts')).handler,
    Subscribe: (await import('../../functions/subscribe/lambda.ts')).handler,
    ProcessMessage: (await import('../../functions/process-message/lambda.ts')).handler,
    Metadata: (await import('../../functions/metadata/lambda.ts')).handler,
  };
  routes = await routesOfTemplate();
  for (const { party } of personas)
    await logs.subscriptions.create(
      { ...sampleSubscription(subscriptionOf(party), party.organisation), status: 'active' },
      '2099-01-01T00:00:00.000Z',
    );
  for (const [sender, message] of history) {
    const answer = await asked(sender, { method: 'POST', path: '$process-message', body: message.text });
    if (answer.statusCode !== 200) throw new Error(`${message.type.event}: ${answer.body}`);
  }
  expect((await logs.missions.last(mission))?.number).toBe(history.length);
});
afterAll(async () => {
  await aws.close();
});

const subscriptionOf = ({ organisation }: Party): string => uuidOf('subscription', organisation);

const routeOf = ({ method = 'GET', path }: Asking): string => `${method} ${resourceOf(path)}`;

const asked = (party: Party, asking: Asking) => {
  const handler = functions[routes.get(routeOf(asking))?.fn ?? ''];
  if (handler === undefined) throw new Error(`the template has no route ${routeOf(asking)}`);
  return ask(handler, { parent: party.organisation }, asking);
};

type Answered = Awaited<ReturnType<typeof asked>>;

/** A request about a mission: that of the history below, or one that does not exist. */
interface Row {
  readonly title: string;
  readonly asking: (mission: string, party: Party) => Asking;
  /** The requested resource belongs to a mission. A non-party must not learn that the mission exists. */
  readonly secret?: true;
}

const ofMission = (title: string, path: string, query?: Asking['query']): Row => ({
  title,
  secret: true,
  asking: (id) => ({
    path: path.replace('M', id),
    ...(query === undefined
      ? {}
      : { query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, value.replace('M', id)])) }),
  }),
});

const patientIndex = z.object({ entry: z.array(z.unknown()) }).parse(JSON.parse(request.text)).entry.length - 1;

/** Messages that are refused to every party. To a non-party the answer is that for a mission that does not exist. */
const sendings: readonly { readonly of: string; readonly message: (mission: string) => Message }[] = [
  { of: 'mission-update', message: (id) => missionUpdate({ mission: id, describes: false, id: 'matrix-update' }) },
  { of: 'mission-cancel', message: (id) => missionCancel({ mission: id, id: 'matrix-cancel' }) },
  { of: 'acknowledgement', message: (id) => acknowledgement({ task: entryAddress(id, 99), id: 'matrix-seen' }) },
  {
    of: 'mission-decision',
    message: (id) => missionDecision({ task: entryAddress(id, 99), answer: 'accepted', id: 'matrix-decision' }),
  },
  { of: 'resource-request', message: (id) => resourceRequest({ mission: id, id: 'matrix-ask' }) },
  {
    of: 'resource-response',
    message: (id) => resourceResponse({ task: entryAddress(id, 99), answer: 'accepted', id: 'matrix-answer' }),
  },
  { of: 'prearrival-notification', message: (id) => prearrivalNotification({ mission: id, id: 'matrix-warning' }) },
  {
    of: 'prearrival-response',
    message: (id) => prearrivalResponse({ task: entryAddress(id, 99), answer: 'accepted', id: 'matrix-reply' }),
  },
];

const missionRows: readonly Row[] = [
  ofMission('`ServiceRequest/M`', 'ServiceRequest/M'),
  ofMission('`ServiceRequest/M/$history`', 'ServiceRequest/M/$history'),
  ofMission('`ServiceRequest/M/$history`, as a page', 'ServiceRequest/M/$history', { _format: 'html' }),
  ofMission('`ServiceRequest/M/_history`', 'ServiceRequest/M/_history', {}),
  ofMission('`ServiceRequest/M/_history/1`', 'ServiceRequest/M/_history/1', {}),
  ofMission('`ServiceRequest/M/$everything`', 'ServiceRequest/M/$everything'),
  ofMission('`Provenance?target=M`', 'Provenance', { target: 'ServiceRequest/M' }),
  ofMission('`Task?based-on=M`', 'Task', { 'based-on': 'ServiceRequest/M' }),
  ofMission('`Communication?part-of=M`', 'Communication', { 'part-of': 'ServiceRequest/M' }),
  ofMission('`AuditEvent?entity=M`', 'AuditEvent', { entity: 'ServiceRequest/M', _count: '1' }),
  ...[1, 2, 4, 5, 6, 10].map((entry) => ofMission(`\`Task/M.${entry}\``, `Task/M.${entry}`)),
  ...history.map(([, { type }], index) =>
    ofMission(`\`Bundle/M.${index + 1}\`, ${type.event}`, `Bundle/M.${index + 1}`),
  ),
  ...history.map((_, index) => ofMission(`\`Provenance/M.${index + 1}\``, `Provenance/M.${index + 1}`)),
  ofMission('`ServiceRequest/M.1.1`', 'ServiceRequest/M.1.1'),
  ofMission('`Location/M.1.2`', 'Location/M.1.2'),
  ofMission(`\`Patient/M.1.${patientIndex}\``, `Patient/M.1.${patientIndex}`),
  ofMission('`PractitionerRole/M.3.2`', 'PractitionerRole/M.3.2'),
  ...sendings.map(
    ({ of, message }): Row => ({
      title: `\`POST $process-message\`, ${of}`,
      secret: true,
      // Of an older version than the mission has, or about a Task that it has not: nothing changes, for any sender.
      asking: (id) => ({
        method: 'POST',
        path: '$process-message',
        body: message(id).text,
        headers: { 'if-match': 'W/"1"' },
      }),
    }),
  ),
];

const { system, value } = incidentIdentifier('bus');

const otherRows: readonly Row[] = [
  {
    title: '`POST $validate`, mission-update of `M`',
    asking: (id) => ({ method: 'POST', path: '$validate', body: missionUpdate({ mission: id }).text }),
  },
  {
    title: '`POST Bundle/$validate`, mission-update of `M`',
    asking: (id) => ({ method: 'POST', path: 'Bundle/$validate', body: missionUpdate({ mission: id }).text }),
  },
  { title: '`Task?owner=` own', asking: (_, { organisation }) => ({ path: 'Task', query: { owner: organisation } }) },
  {
    title: "`Task?owner=` another's",
    asking: () => ({ path: 'Task', query: { owner: parties.operator.organisation } }),
  },
  {
    title: '`Task?requester=` own',
    asking: (_, { organisation }) => ({ path: 'Task', query: { requester: organisation } }),
  },
  {
    title: "`Task?requester=` another's",
    asking: () => ({ path: 'Task', query: { requester: parties.la.organisation } }),
  },
  {
    title: '`ServiceRequest?requester=` own',
    asking: (_, { organisation }) => ({ path: 'ServiceRequest', query: { requester: organisation } }),
  },
  {
    title: '`ServiceRequest?performer=` own',
    asking: (_, { organisation }) => ({ path: 'ServiceRequest', query: { performer: organisation } }),
  },
  {
    title: "`ServiceRequest?requester=` another's",
    asking: () => ({ path: 'ServiceRequest', query: { requester: amk.organisation } }),
  },
  {
    title: '`ServiceRequest?_id=M`',
    asking: (id) => ({ path: 'ServiceRequest', query: { _id: id } }),
  },
  {
    title: '`POST Task/_search`, `owner=` own',
    asking: (_, { organisation }) => ({
      method: 'POST',
      path: 'Task/_search',
      body: `owner=${organisation}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  },
  {
    title: '`ServiceRequest?requisition=`',
    asking: () => ({ path: 'ServiceRequest', query: { requisition: `${system}|${value}` } }),
  },
  {
    title: '`ServiceRequest?requisition=` with Tasks',
    asking: () => ({
      path: 'ServiceRequest',
      query: { requisition: `${system}|${value}`, _revinclude: 'Task:based-on' },
    }),
  },
  { title: '`Location`', asking: () => ({ path: 'Location' }) },
  { title: '`Organization?type=hospital`', asking: () => ({ path: 'Organization', query: { type: 'hospital' } }) },
  { title: '`Organization/…`', asking: () => ({ path: `Organization/${amk.organisation}` }) },
  { title: '`Patient`', asking: () => ({ path: 'Patient' }) },
  { title: '`POST Patient`', asking: () => ({ method: 'POST', path: 'Patient', body: '{}' }) },
];

const missingSubscription = uuidOf('a subscription that does not exist');
const settings = JSON.stringify({
  ...JSON.parse(subscriptionFor('https://partner.example/new')),
  id: missingSubscription,
});

/** Requests about a subscription. That of another party must be answered like one that does not exist. */
const subscriptionRows: readonly { readonly title: string; readonly asking: (id: string) => Asking }[] = [
  { title: '`Subscription/S`', asking: (id) => ({ path: `Subscription/${id}` }) },
  { title: '`Subscription/S/$status`', asking: (id) => ({ path: `Subscription/${id}/$status` }) },
  { title: '`Subscription/S/$events`', asking: (id) => ({ path: `Subscription/${id}/$events` }) },
  { title: '`Subscription/S/$other`', asking: (id) => ({ path: `Subscription/${id}/$other` }) },
  { title: '`POST Subscription/S`', asking: (id) => ({ method: 'POST', path: `Subscription/${id}`, body: '{}' }) },
  {
    title: '`POST Subscription/S/$events`',
    asking: (id) => ({ method: 'POST', path: `Subscription/${id}/$events`, body: '{"resourceType":"Parameters"}' }),
  },
  {
    title: '`POST Subscription/S/$rotate-secret`',
    asking: (id) => ({ method: 'POST', path: `Subscription/${id}/$rotate-secret` }),
  },
  {
    title: '`PUT Subscription/S`',
    asking: (id) => ({ method: 'PUT', path: `Subscription/${id}`, body: settings.replace(missingSubscription, id) }),
  },
  { title: '`DELETE Subscription/S`', asking: (id) => ({ method: 'DELETE', path: `Subscription/${id}` }) },
];

const openRows: readonly Asking[] = [
  { path: 'metadata' },
  { path: 'check-token' },
  ...publishedTypes.flatMap((type) => [
    { path: type },
    { method: 'POST', path: `${type}/_search` },
    { path: `${type}/none` },
  ]),
];

/** Numbers of the entries whose resources are listed. */
const listed = (text: string): string => {
  const numbers = [...text.matchAll(new RegExp(`"fullUrl":"[^"]*/(?:Task|Provenance)/${mission}\\.(\\d+)"`, 'g'))].map(
    ([, number]) => number,
  );
  return numbers.length === 0 ? '' : ` [${[...new Set(numbers)].join(' ')}]`;
};

const cellOf = ({ statusCode, body }: Answered): string =>
  [String(statusCode), fieldsIn(body)].filter((part) => part !== '').join(' ') +
  (statusCode === 200 ? listed(body) : '');

/** An answer without the values that differ from request to request, and without the mission id of the request. */
const bare = ({ statusCode, headers = {}, body }: Answered): string => {
  const { 'x-correlation-id': _id, 'x-request-id': _request, ...others } = headers;
  const text = body.replace(/^(\{"resourceType":"OperationOutcome"),"id":"[^"]+"/, '$1');
  return JSON.stringify([statusCode, others, text.replaceAll(mission, nowhere)]);
};

const table = (title: string, heads: readonly string[], lines: readonly (readonly string[])[]): string =>
  [
    `## ${title}`,
    '',
    `| | ${heads.join(' | ')} |`,
    `|---|${heads.map(() => '---').join('|')}|`,
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ].join('\n');

const heads = personas.map(({ party, relation }) => `${party.role}: ${relation}`);

const matrixOf = async (rows: readonly Row[]): Promise<readonly (readonly Answered[])[]> => {
  const lines: (readonly Answered[])[] = [];
  for (const { asking } of rows) {
    const line: Answered[] = [];
    for (const { party } of personas) line.push(await asked(party, asking(mission, party)));
    lines.push(line);
  }
  return lines;
};

describe('the authorisation matrix', () => {
  test('has a party of every role, and non-parties of four roles', () => {
    const callable = codesOf(roles).filter((role) => role !== 'hub');
    expect(new Set<Role>(personas.map(({ party }) => party.role))).toEqual(new Set(callable));
    const nonParties = personas.filter(({ hasPart }) => !hasPart).map(({ party }) => party.role);
    expect(new Set<Role>(nonParties)).toEqual(new Set(['local-amk', 'amk-la', 'hospital', 'observer']));
  });

  test('covers every route of the template', () => {
    const rows = [
      ...[...missionRows, ...otherRows].map(({ asking }) => asking(mission, amk)),
      ...subscriptionRows.map(({ asking }) => asking(missingSubscription)),
      ...openRows,
      { path: 'Subscription' },
      { method: 'POST', path: 'Subscription' },
      // The same as the search by GET.
      { method: 'POST', path: 'Task/_search' },
    ];
    expect([...new Set(rows.map(routeOf))].toSorted()).toEqual([...routes.keys()].toSorted());
    const isOpen = (route: string): boolean => openRows.some((row) => routeOf(row) === route);
    for (const [route, { open }] of routes) expect([route, open]).toEqual([route, isOpen(route)]);
  });

  test('equals docs/authorisation.md', async () => {
    const [missions, others] = [await matrixOf(missionRows), await matrixOf(otherRows)];
    const cells = (rows: readonly Row[], answers: readonly (readonly Answered[])[]) =>
      rows.map(({ title }, index) => [title, ...(answers[index] ?? []).map(cellOf)]);
    // Holds independently of the tables.
    for (const [index, answers] of [...missions, ...others].entries()) {
      const { title = '', secret } = [...missionRows, ...otherRows][index] ?? {};
      for (const [at, answer] of answers.entries()) {
        const persona = personas[at];
        if (persona === undefined) throw new Error('a column too many');
        const name = `${title}, ${persona.party.role} (${persona.relation})`;
        if (seesNoPerson(persona.party.role))
          expect([name, personal.filter((field) => answer.body.includes(fields[field]))]).toEqual([name, []]);
        if (!persona.hasPart) expect([name, fieldsIn(answer.body)]).toEqual([name, '']);
        if (secret === true && !persona.hasPart) expect([name, answer.statusCode]).not.toEqual([name, 200]);
      }
    }
    const text = [
      '# Authorisation matrix',
      '',
      'The answers of the functions to every role and relation at every route. `npx vitest run test/integration/authorisation-matrix.test.ts -u` writes this page. The test fails if the page is no longer true, or if a route has no row. A refusal to a party without a part in the mission is byte for byte the answer for a mission that does not exist.',
      '',
      `The mission \`M\`: ${history.map(([sender, { type }], index) => `${index + 1} ${type.event} (${sender.role})`).join(', ')}. Tasks are named by the entry that opened them: 1 coordination before the forwarding, 2 coordination, 4 accepted flight, 5 declined flight, 6 withdrawn flight, 10 hospital.`,
      '',
      `A cell holds the status; the letters of the elements in the answer: **n**ame, **i**dentifier and **p**hone of the patient, **w**ords (free text) of the sender, **c**oordinates of the place, name of the **d**ecider; and in brackets the listed Tasks or entries.`,
      '',
      table('Missions', heads, cells(missionRows, missions)),
      table('Lists and the directory', heads, cells(otherRows, others)),
      table('Subscriptions', ['owner', 'other parties', 'subscription that does not exist'], await subscriptionTable()),
      table('Published artefacts', ['everyone'], await openTable()),
    ].join('\n');
    await expect(text).toMatchFileSnapshot('../../docs/authorisation.md');
  });

  test.each<{ readonly path: string; readonly seers: readonly Party[] }>([
    // Requester and owner of the Task, requester and coordinator of the mission; de-identified for roles that see no person.
    { path: 'Task/M.1', seers: [amk, la, otherLa, observer, quality] },
    { path: 'Task/M.2', seers: [amk, la, otherLa, observer, quality] },
    { path: 'Task/M.4', seers: [amk, la, operator, observer, quality] },
    { path: 'Task/M.5', seers: [amk, la, otherOperator, observer, quality] },
    { path: 'Task/M.6', seers: [amk, la, thirdOperator, observer, quality] },
    { path: 'Task/M.10', seers: [amk, la, operator, hospital, observer, quality] },
    // Sender or receiver of the message, or by role while the mission concerns the party.
    { path: `Patient/M.1.${patientIndex}`, seers: [amk, la, otherLa, operator, hospital] },
    { path: 'Bundle/M.1', seers: [amk, la, otherLa, operator, hospital, observer, quality] },
    { path: 'Bundle/M.3', seers: [amk, la, otherLa, quality] },
    { path: 'Bundle/M.5', seers: [amk, la, otherOperator, quality] },
    { path: 'Bundle/M.12', seers: [amk, la, operator, hospital, observer, quality] },
    { path: 'AuditEvent?entity=ServiceRequest/M', seers: [amk, la] },
  ])('shows $path to the entitled parties, and to no other', async ({ path, seers }) => {
    const [place = '', name, wanted] = path.replace('M', mission).split(/[?=]/);
    const asking = {
      path: place,
      ...(name === undefined || wanted === undefined ? {} : { query: { [name]: wanted } }),
    };
    const seen: string[] = [];
    for (const { party } of personas) if ((await asked(party, asking)).statusCode === 200) seen.push(party.name);
    expect(seen.toSorted()).toEqual(seers.map((one) => one.name).toSorted());
  });

  test.each(missionRows.filter(({ secret }) => secret))(
    'answers a refused $title like one for a mission that does not exist',
    async ({ asking }) => {
      for (const { party, hasPart } of personas) {
        const answer = await asked(party, asking(mission, party));
        if (hasPart && answer.statusCode !== 404) continue;
        expect(bare(answer)).toBe(bare(await asked(party, asking(nowhere, party))));
      }
    },
  );

  test.each(subscriptionRows)(
    'answers $title of another party like one for a subscription that does not exist',
    async ({ asking }) => {
      for (const { party } of personas) {
        const foreign = subscriptionOf(party === amk ? la : amk);
        const [answer, none] = [await asked(party, asking(foreign)), await asked(party, asking(missingSubscription))];
        expect(answer.statusCode).toBe(404);
        expect(bare(answer)).toBe(bare(none));
      }
      expect((await logs.subscriptions.read(subscriptionOf(amk)))?.status).toBe('active');
    },
  );

  test('lists only the caller’s own subscriptions, also in $status', async () => {
    for (const { party } of personas) {
      const ids = personas.map((one) => subscriptionOf(one.party));
      for (const asking of [
        { path: 'Subscription' },
        { path: 'Subscription/$status' },
        { path: 'Subscription/$status', query: { id: ids.join(',') } },
      ]) {
        const { body } = await asked(party, asking);
        expect(ids.filter((id) => body.includes(id))).toEqual([subscriptionOf(party)]);
      }
    }
  });

  test('answers 403 to a token without the scope, and to an organisation that is not in the directory', async () => {
    for (const { asking } of [...missionRows, ...otherRows]) {
      const row = asking(mission, amk);
      const handler = functions[routes.get(routeOf(row))?.fn ?? ''];
      if (handler === undefined) throw new Error(routeOf(row));
      const unknown = await ask(handler, { parent: '199999999' }, row);
      // Any scope for sending is enough to check a message.
      const other = row.path.endsWith('$validate') ? 'subscribe' : 'report.send';
      const scopeless = await ask(handler, { parent: amk.organisation, scope: other }, row);
      if (row.path === 'Patient' && row.method === 'POST') continue;
      expect([row.path, unknown.statusCode, scopeless.statusCode]).toEqual([row.path, 403, 403]);
      expect(fieldsIn(unknown.body + scopeless.body)).toBe('');
    }
  });
});

describe('the requests of the matrix', () => {
  test('change nothing in the mission', async () => {
    expect((await logs.missions.last(mission))?.number).toBe(history.length);
  });
});

const subscriptionTable = async (): Promise<readonly (readonly string[])[]> => {
  const lines: string[][] = [];
  const own = 'f0000000-0000-8000-8000-000000000000';
  await logs.subscriptions.create({ ...sampleSubscription(own, amk.organisation) }, '2099-01-01T00:00:00.000Z');
  for (const { title, asking } of subscriptionRows) {
    const mine = await asked(amk, asking(own));
    const foreign = new Set<number>();
    for (const { party } of personas)
      if (party !== amk) foreign.add((await asked(party, asking(subscriptionOf(amk)))).statusCode);
    const none = await asked(amk, asking(missingSubscription));
    lines.push([title, String(mine.statusCode), [...foreign].join(', '), String(none.statusCode)]);
  }
  return lines;
};

const openTable = async (): Promise<readonly (readonly string[])[]> => {
  const lines: string[][] = [];
  for (const row of openRows) {
    const answers = new Set<number>();
    for (const parent of [amk.organisation, '199999999']) {
      const handler = functions['Metadata'];
      if (handler === undefined) throw new Error('the template has no Metadata');
      answers.add((await ask(handler, { parent, scope: '' }, row)).statusCode);
    }
    lines.push([`\`${row.path}\``, [...answers].join(', ')]);
  }
  return lines;
};
