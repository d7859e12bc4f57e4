import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readRunbook } from '../../infra/observability/on-call.ts';
import { deliverySettings } from '../../core/delivery/retry-policy.ts';
import { logMessages } from '../../schemas/telemetry/log-messages.ts';
import { exported, hubTemplate, propertiesOf, ways } from '../support/hub-template.ts';

const address = 'https://handbook.example/luftbro/runbook.md';
const template = hubTemplate('prod', address, { ...ways.public, ...exported });
const runbook = readFileSync('docs/runbook.md', 'utf8');

const alarms = propertiesOf(
  template,
  'AWS::CloudWatch::Alarm',
  z.looseObject({
    AlarmDescription: z.string(),
    AlarmActions: z.array(z.unknown()),
    OKActions: z.array(z.unknown()),
    TreatMissingData: z.string(),
    Threshold: z.number(),
    MetricName: z.string(),
  }),
);

const filterSchema = z.object({
  FilterPattern: z.string(),
  LogGroupName: z.object({ Ref: z.string() }),
  MetricTransformations: z.array(
    z.object({ MetricName: z.string(), MetricValue: z.string(), MetricNamespace: z.string() }),
  ),
});

const filters = propertiesOf(template, 'AWS::Logs::MetricFilter', filterSchema);
const countedAs = (metric: string, of = template) =>
  Object.values(propertiesOf(of, 'AWS::Logs::MetricFilter', filterSchema)).filter(({ MetricTransformations }) =>
    MetricTransformations.some(({ MetricName }) => MetricName === metric),
  );
/** The words of which a line has one; none for a pattern that looks at fields. */
const termsOf = (pattern: string): readonly string[] =>
  [...pattern.matchAll(/\?"([^"]+)"/g)].map(([, term = '']) => term);

/** A section of the runbook, from its heading to the next. */
const sectionOf = (name: string): string =>
  new RegExp(`^## ${name}$.*?(?=^## )`, 'ms').exec(`${runbook}\n## `)?.[0] ?? '';

describe('the alarms', () => {
  it('are these, each for another action', () => {
    expect(Object.fromEntries(Object.entries(alarms).map(([name, alarm]) => [name, alarm.MetricName]))).toEqual({
      DeliveriesBroken: 'ApproximateNumberOfMessagesVisible',
      DeliveriesFailing: 'Errors',
      DeliveriesGivenUp: 'Deliveries',
      DeliveriesLate: 'ApproximateAgeOfOldestMessage',
      DeliveriesThrottled: 'Throttles',
      DoorFailing: '5XXError',
      DoorIssuerUnreachable: 'IssuerUnreachable',
      DoorLimiting: 'TooOften',
      DoorRefusing: 'CallersRefused',
      DoorShut: 'DoorFaults',
      ExportsRefused: 'InvocationDroppedCount',
      SweeperDeadLetters: 'DeadLetters',
      SweeperStanding: 'DeadLetters',
      SweeperUnpaid: 'Unpaid',
      TableRefusing: 'StorageUnavailable',
    });
  });

  it.each(Object.entries(alarms))('%s wakes somebody when it begins and says when it is over', (_name, alarm) => {
    expect([alarm.AlarmActions, alarm.OKActions]).toEqual([[{ Ref: 'OnCallTopic' }], [{ Ref: 'OnCallTopic' }]]);
  });

  it.each(Object.entries(alarms))(
    '%s says what it means for people, whom to phone, and where to read on',
    (name, alarm) => {
      expect(alarm.AlarmDescription).toMatch(/phone/);
      const [text = '', anchor] = alarm.AlarmDescription.split('#');
      expect(text.endsWith(` ${address}`)).toBe(true);
      const headings = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      expect(headings.filter((heading) => heading === anchor)).toEqual([name.toLowerCase()]);
    },
  );

  it.each(Object.keys(alarms))('%s has its meaning, how to look, and how to solve in the runbook', (name) => {
    expect(sectionOf(name)).toMatch(/^## \w+\n\*\*.+?\*\*.*\n\*\*Diagnosis\.\*\*\n```sh\n.*\n\*\*Solution\.\*\*/s);
  });

  it('stand all in the order in which to begin', () => {
    const order = /\*\*If several alarms are on,\*\*.*/.exec(runbook)?.[0] ?? '';
    expect([...order.matchAll(/`(\w+)`/g)].map(([, name = '']) => name).toSorted()).toEqual(
      Object.keys(alarms).toSorted(),
    );
  });

  it('lead to commands that name what the stack has', () => {
    const { Resources, Outputs } = z
      .object({ Resources: z.record(z.string(), z.unknown()), Outputs: z.record(z.string(), z.unknown()) })
      .parse(template.toJSON());
    const shell = [...runbook.matchAll(/```sh\n(.*?)```|`([^`\n]+)`/gs)]
      .map(([, block = '', inline = '']) => block + inline)
      .join('\n');
    const named = (word: string) =>
      [...shell.matchAll(new RegExp(`\\b${word} ([A-Z]\\w+)`, 'g'))].map(([, name = '']) => name);
    const groups = named('log').map((name) => `${name}Log`);
    const wanted = [...new Set([...named('named'), ...groups])];
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((name) => Resources[name] === undefined)).toEqual([]);
    expect(named('output').filter((name) => Outputs[name] === undefined)).toEqual([]);
    const codes = [...runbook.matchAll(/LB-\d+/g)].map(([code]) => code);
    const known = new Set<string>(Object.values(logMessages).map(({ code }) => code));
    expect(codes.filter((code) => !known.has(code))).toEqual([]);
  });

  it('are read in the repository if nobody says where, and nowhere that is no address', () => {
    const [file] = readRunbook(undefined).split('#');
    expect(existsSync(file ?? '')).toBe(true);
    expect(() => readRunbook('the handbook')).toThrow(/-c runbook=https/);
  });

  it('ring for an order only when it is older than the hub ever keeps one', () => {
    const { tryFor, longestRetryAfter } = deliverySettings;
    expect(alarms['DeliveriesLate']?.Threshold).toBeGreaterThan(tryFor + longestRetryAfter);
  });

  it('ring when the sweeper is silent, not only when it fails', () => {
    expect(alarms['SweeperStanding']).toMatchObject({
      Statistic: 'SampleCount',
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
  });

  it('ring for the next thing that was given up of a real mission, also while an older one lies there', () => {
    expect(alarms['DeliveriesGivenUp']).toMatchObject({
      Namespace: 'luftbro-prod',
      Dimensions: [
        { Name: 'missions', Value: 'real' },
        { Name: 'outcome', Value: 'given-up' },
      ],
      Threshold: 0,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });

  it('never ring that the door is shut for a token that was refused, which ends the function that checks it with an error', () => {
    expect(JSON.stringify(alarms)).not.toContain('"Value":{"Ref":"Authorize"}');
    for (const { FilterPattern } of countedAs('DoorFaults')) {
      expect(FilterPattern).not.toContain(logMessages.TOKEN_REFUSED.code);
      // What Lambda's runtime writes for it.
      const written =
        'ERROR\tInvoke Error \t{"errorType":"Error","errorMessage":"Unauthorized","stack":["Error: Unauthorized"]}';
      expect(termsOf(FilterPattern).filter((term) => written.includes(term))).toEqual([]);
    }
  });

  it('ring when more than a few are refused for who they are, but not for what is no token at all', () => {
    expect(alarms['DoorRefusing']?.Threshold).toBeGreaterThan(0);
    const ofTokens = countedAs('CallersRefused').filter(({ LogGroupName }) => LogGroupName.Ref === 'AuthorizeLog');
    expect(ofTokens.map(({ FilterPattern }) => FilterPattern)).toEqual([
      `{ ($.code = "${logMessages.TOKEN_REFUSED.code}") && ($.why != "malformed") }`,
    ]);
  });

  it.each(['dev', 'prod'] as const)(
    'ring in %s for what the gateway refuses because it is too much, also if that was the firewall',
    (stage) => {
      const ofRequests = countedAs('TooOften', hubTemplate(stage)).filter(
        ({ LogGroupName }) => LogGroupName.Ref === 'ApiLogsAccess',
      );
      expect(ofRequests.map(({ FilterPattern }) => FilterPattern)).toEqual([
        '{ ($.gatewayResponse = "THROTTLED") || ($.gatewayResponse = "WAF_FILTERED") }',
      ]);
    },
  );
});

describe('what is counted in logs', () => {
  it.each([
    ['DoorFaults', ['Authorize', 'ProcessMessage'], ['STORAGE_UNAVAILABLE', 'UNEXPECTED']],
    ['DoorFaults', ['ProcessMessage'], ['TOO_LATE']],
    ['IssuerUnreachable', ['Authorize'], ['ISSUER_UNREACHABLE']],
    ['CallersRefused', ['ProcessMessage', 'Read', 'Subscribe'], ['REQUEST_REFUSED']],
    ['TooOften', ['Authorize', 'ProcessMessage'], ['CLIENT_LIMITED']],
    [
      'StorageUnavailable',
      ['Authorize', 'Deliver', 'Metadata', 'ProcessMessage', 'Read', 'Subscribe', 'Sweep'],
      ['STORAGE_UNAVAILABLE'],
    ],
    ['DeadLetters', ['Sweep'], ['DEAD_LETTERS']],
    ['Unpaid', ['Sweep'], ['SWEPT']],
  ] as const)('for %s, what %j say is %j', (metric, functions, messages) => {
    const counting = countedAs(metric);
    for (const message of messages) {
      const counted = counting.filter(({ FilterPattern }) => FilterPattern.includes(logMessages[message].code));
      expect(new Set(counted.map(({ LogGroupName }) => LogGroupName.Ref))).toEqual(
        new Set(functions.map((name) => `${name}Log`)),
      );
    }
  });

  it.each(['Authorize', 'ProcessMessage'])('is also that %s does not start, or ends without a word', (name) => {
    const terms = countedAs('DoorFaults')
      .filter(({ LogGroupName }) => LogGroupName.Ref === `${name}Log`)
      .flatMap(({ FilterPattern }) => termsOf(FilterPattern));
    // As Lambda writes them.
    for (const line of [
      'RequestId: 8a5c Error: Task timed out after 10.00 seconds',
      'RequestId: 8a5c Error: Runtime exited with error: signal: killed',
      'undefined\tERROR\tUncaught Exception \t{"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module"}',
      'INIT_REPORT Init Duration: 150.79 ms\tPhase: init\tStatus: error\tError Type: Runtime.Unknown',
      'INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout',
    ])
      expect(terms.filter((term) => line.includes(term))).not.toEqual([]);
  });

  it('are the numbers of the line where it has some', () => {
    const values = Object.values(filters).flatMap(({ MetricTransformations }) =>
      MetricTransformations.map(({ MetricName, MetricValue }) => `${MetricName} ${MetricValue}`),
    );
    expect(values.filter((value) => value.includes('$')).toSorted()).toEqual([
      'DeadLetters $.count',
      'Unpaid $.failed',
      'Unpaid $.stalled',
    ]);
  });

  it('is counted apart from what another stage in the account counts', () => {
    const namespaces = [...JSON.stringify(template.toJSON()).matchAll(/"(?:Metric)?Namespace":"(?!AWS\/)([^"]+)"/g)];
    expect(namespaces.length).toBeGreaterThan(5);
    expect(new Set(namespaces.map(([, namespace]) => namespace))).toEqual(new Set(['luftbro-prod']));
  });
});
