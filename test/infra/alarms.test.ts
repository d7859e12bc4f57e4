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

describe('alarms', () => {
  it('are these, each for another action', () => {
    expect(Object.fromEntries(Object.entries(alarms).map(([name, alarm]) => [name, alarm.MetricName]))).toEqual({
      AnchorsMissing: 'PassesAnchored',
      DeliveriesBroken: 'ApproximateNumberOfMessagesVisible',
      DeliveriesFailing: 'DeliveryFaults',
      DeliveriesGivenUp: 'Deliveries',
      DeliveriesLate: 'OldestUndelivered',
      DeliveriesThrottled: 'Throttles',
      ApiFailing: '5XXError',
      ApiIssuerUnreachable: 'IssuerUnreachable',
      ApiLimiting: 'RequestsLimited',
      ApiRefusing: 'CallersRefused',
      ApiDown: 'RequestFaults',
      ExportsRefused: 'InvocationDroppedCount',
      NightlyRunsFailing: 'NightlyFailures',
      ReconciliationFindings: 'ReceiptsDiffering',
      ReconciliationMissing: 'ReconciliationsCompleted',
      SweeperDeadLetters: 'DeadLetters',
      SweeperStopped: 'DeadLetters',
      SweeperOverdue: 'OverdueObligations',
      TableRefusing: 'StorageUnavailable',
    });
  });

  it.each(Object.entries(alarms))('%s notifies the people on call when it begins and when it ends', (_name, alarm) => {
    expect([alarm.AlarmActions, alarm.OKActions]).toEqual([[{ Ref: 'OnCallTopic' }], [{ Ref: 'OnCallTopic' }]]);
  });

  it.each(Object.entries(alarms))(
    '%s says what it means for people, whom to phone, and links to its section of the runbook',
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

  it.each(Object.keys(alarms))('%s has its meaning, diagnosis and solution in the runbook', (name) => {
    expect(sectionOf(name)).toMatch(/^## \w+\n\*\*.+?\*\*.*\n\*\*Diagnosis\.\*\*\n```sh\n.*\n\*\*Solution\.\*\*/s);
  });

  it('are all listed in the runbook in the order in which to begin', () => {
    const order = /\*\*If several alarms are on,\*\*.*/.exec(runbook)?.[0] ?? '';
    expect([...order.matchAll(/`(\w+)`/g)].map(([, name = '']) => name).toSorted()).toEqual(
      Object.keys(alarms).toSorted(),
    );
  });

  it('have commands in the runbook that name resources and outputs of the stack', () => {
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

  it('link to the file of the repository by default, and refuse a value that is not an address', () => {
    const [file] = readRunbook(undefined).split('#');
    expect(existsSync(file ?? '')).toBe(true);
    expect(() => readRunbook('the handbook')).toThrow(/-c runbook=https/);
  });

  it('fire for what is undelivered only when it is older than the hub ever keeps it pending', () => {
    const { tryFor, longestRetryAfter } = deliverySettings;
    expect(alarms['DeliveriesLate']?.Threshold).toBeGreaterThan(tryFor + longestRetryAfter);
  });

  it('fire when the sweeper logs no run, not only when it fails', () => {
    expect(alarms['SweeperStopped']).toMatchObject({
      Statistic: 'SampleCount',
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
  });

  it('fire when no pass over the table was anchored for a day, not for a part of a pass', () => {
    expect(alarms['AnchorsMissing']).toMatchObject({
      Period: 3600,
      EvaluationPeriods: 26,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
    expect(countedAs('PassesAnchored').map(({ FilterPattern }) => FilterPattern)).toEqual([
      `{ ($.code = "${logMessages.CHAINS_ANCHORED.code}") && ($.more IS FALSE) }`,
    ]);
  });

  it('fire for each next notification of a real mission that was given up, also while an older one remains', () => {
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

  it('do not fire ApiDown for a refused token, which ends the authorizer with an error', () => {
    expect(JSON.stringify(alarms)).not.toContain('"Value":{"Ref":"Authorize"}');
    for (const { FilterPattern } of countedAs('RequestFaults')) {
      expect(FilterPattern).not.toContain(logMessages.TOKEN_REFUSED.code);
      // What Lambda's runtime writes for it.
      const written =
        'ERROR\tInvoke Error \t{"errorType":"Error","errorMessage":"Unauthorized","stack":["Error: Unauthorized"]}';
      expect(termsOf(FilterPattern).filter((term) => written.includes(term))).toEqual([]);
    }
  });

  it('fire when more than a few callers are refused for their identity, but not for malformed tokens', () => {
    expect(alarms['ApiRefusing']?.Threshold).toBeGreaterThan(0);
    const ofTokens = countedAs('CallersRefused').filter(({ LogGroupName }) => LogGroupName.Ref === 'AuthorizeLog');
    expect(ofTokens.map(({ FilterPattern }) => FilterPattern)).toEqual([
      `{ ($.code = "${logMessages.TOKEN_REFUSED.code}") && ($.why != "malformed") }`,
    ]);
  });

  it.each(['dev', 'prod'] as const)(
    'fire in %s for requests that the gateway or the firewall refuses by rate',
    (stage) => {
      const ofRequests = countedAs('RequestsLimited', hubTemplate(stage)).filter(
        ({ LogGroupName }) => LogGroupName.Ref === 'ApiLogsAccess',
      );
      expect(ofRequests.map(({ FilterPattern }) => FilterPattern)).toEqual([
        '{ ($.gatewayResponse = "THROTTLED") || ($.gatewayResponse = "WAF_FILTERED") }',
      ]);
    },
  );
});

describe('metrics of log lines', () => {
  it.each([
    ['RequestFaults', ['Authorize', 'ProcessMessage'], ['STORAGE_UNAVAILABLE', 'UNEXPECTED']],
    ['RequestFaults', ['ProcessMessage'], ['TOO_LATE']],
    ['IssuerUnreachable', ['Authorize'], ['ISSUER_UNREACHABLE']],
    ['CallersRefused', ['ProcessMessage', 'Read', 'Subscribe'], ['REQUEST_REFUSED']],
    ['RequestsLimited', ['Authorize'], ['CLIENT_LIMITED']],
    [
      'StorageUnavailable',
      ['Authorize', 'CheckToken', 'Deliver', 'Metadata', 'ProcessMessage', 'Read', 'Subscribe', 'Sweep'],
      ['STORAGE_UNAVAILABLE'],
    ],
    ['NightlyFailures', ['Nightly'], ['STORAGE_UNAVAILABLE', 'UNEXPECTED']],
    ['PassesAnchored', ['Nightly'], ['CHAINS_ANCHORED']],
    ['ReceiptsDiffering', ['Nightly'], ['RECEIPTS_DIFFER']],
    ['ReconciliationsCompleted', ['Nightly'], ['RECEIPTS_COMPARED']],
    ['DeliveryFaults', ['Deliver'], ['DELIVERY_BROKEN', 'DELIVERY_UNREADABLE', 'STORAGE_UNAVAILABLE', 'UNEXPECTED']],
    ['OldestUndelivered', ['Sweep'], ['UNDELIVERED']],
    ['DeadLetters', ['Sweep'], ['DEAD_LETTERS']],
    ['OverdueObligations', ['Sweep'], ['SWEPT']],
  ] as const)('for %s, what %j say is %j', (metric, functions, messages) => {
    const counting = countedAs(metric);
    for (const message of messages) {
      const counted = counting.filter(({ FilterPattern }) => FilterPattern.includes(logMessages[message].code));
      expect(new Set(counted.map(({ LogGroupName }) => LogGroupName.Ref))).toEqual(
        new Set(functions.map((name) => `${name}Log`)),
      );
    }
  });

  it.each([
    ['Authorize', 'RequestFaults'],
    ['ProcessMessage', 'RequestFaults'],
    ['Deliver', 'DeliveryFaults'],
  ])('count when %s does not start, or ends without a log line', (name, metric) => {
    const terms = countedAs(metric)
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

  it('have the numbers of the line if it has some', () => {
    const values = Object.values(filters).flatMap(({ MetricTransformations }) =>
      MetricTransformations.map(({ MetricName, MetricValue }) => `${MetricName} ${MetricValue}`),
    );
    expect(values.filter((value) => value.includes('$')).toSorted()).toEqual([
      'DeadLetters $.count',
      'OldestUndelivered $.age',
      'OverdueObligations $.failed',
      'OverdueObligations $.stalled',
    ]);
  });

  it('are separate from those of another stage in the account', () => {
    const namespaces = [...JSON.stringify(template.toJSON()).matchAll(/"(?:Metric)?Namespace":"(?!AWS\/)([^"]+)"/g)];
    expect(namespaces.length).toBeGreaterThan(5);
    expect(new Set(namespaces.map(([, namespace]) => namespace))).toEqual(new Set(['luftbro-prod']));
  });
});
