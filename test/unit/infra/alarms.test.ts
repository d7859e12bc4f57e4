import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readRunbook } from '../../../infra/on-call.ts';
import { deliverySettings } from '../../../mission/deliver.ts';
import { logMessages } from '../../../schemas/log-messages.ts';
import { hubTemplate, propertiesOf } from '../../support/hub-template.ts';

const address = 'https://handbook.example/luftbro/runbook.md';
const template = hubTemplate('prod', address);
const runbook = readFileSync('docs/runbook.md', 'utf8');

/** What an alarm looks at: one metric, or a sum of several. */
const watched = z.union([
  z.object({ MetricName: z.string() }).transform(({ MetricName }) => [MetricName]),
  z
    .object({
      Metrics: z.array(z.object({ MetricStat: z.object({ Metric: z.object({ MetricName: z.string() }) }).optional() })),
    })
    .transform(({ Metrics }) => Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric.MetricName ?? [])),
]);
const alarms = propertiesOf(
  template,
  'AWS::CloudWatch::Alarm',
  z.intersection(
    z.looseObject({
      AlarmDescription: z.string(),
      AlarmActions: z.array(z.unknown()),
      OKActions: z.array(z.unknown()),
      TreatMissingData: z.string(),
      Threshold: z.number(),
      Metrics: z.array(z.looseObject({ Expression: z.string().optional() })).default([]),
    }),
    watched.transform((names) => ({ watched: names })),
  ),
);
const filters = propertiesOf(
  template,
  'AWS::Logs::MetricFilter',
  z.object({
    FilterPattern: z.string(),
    LogGroupName: z.object({ Ref: z.string() }),
    MetricTransformations: z.array(
      z.object({ MetricName: z.string(), MetricValue: z.string(), MetricNamespace: z.string() }),
    ),
  }),
);

/** A section of the runbook, from its heading to the next. */
const sectionOf = (name: string): string =>
  new RegExp(`^## ${name}$.*?(?=^## )`, 'ms').exec(`${runbook}\n## `)?.[0] ?? '';

describe('the alarms', () => {
  it('are these, each for another action', () => {
    expect(
      Object.fromEntries(Object.entries(alarms).map(([name, alarm]) => [name, [...new Set(alarm.watched)]])),
    ).toEqual({
      DeliveriesBroken: ['ApproximateNumberOfMessagesVisible'],
      DeliveriesFailing: ['Errors'],
      DeliveriesLate: ['ApproximateAgeOfOldestMessage'],
      DeliveriesThrottled: ['Throttles'],
      DoorFailing: ['5XXError'],
      DoorIssuerUnreachable: ['IssuerUnreachable'],
      DoorShut: ['AuthorizeFaults', 'ProcessMessageFaults', 'Errors'],
      DoorThrottled: ['Throttles'],
      SweeperDeadLetters: ['DeadLetters'],
      SweeperStanding: ['DeadLetters'],
      SweeperUnpaid: ['Unpaid'],
      TableRefusing: ['ThrottledRequests', 'SystemErrors'],
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
    expect(sectionOf(name)).toMatch(
      /^## \w+\n\*\*.+?\*\*.*\n\*\*How to look\.\*\*\n```sh\n.*\n\*\*How to solve\.\*\*/s,
    );
  });

  it('stand all in the order in which to begin', () => {
    const order = /\*\*If several ring,\*\*.*/.exec(runbook)?.[0] ?? '';
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

  it('have a sum also when some of what they add is silent', () => {
    for (const { Metrics } of Object.values(alarms))
      for (const { Expression } of Metrics)
        if (Expression !== undefined) expect(Expression).toMatch(/^FILL\(\w+, 0\)( \+ FILL\(\w+, 0\))+$/);
  });

  it('look at every function that lets messages in, and at a refused token never', () => {
    const text = JSON.stringify(alarms);
    expect(text).toContain('"Value":{"Ref":"ProcessMessage"}');
    const shut = JSON.stringify(alarms['DoorShut']);
    // `authorize` ends with an error for each of them.
    expect(shut).not.toContain('"Value":{"Ref":"Authorize"}');
    for (const { FilterPattern } of Object.values(filters))
      expect(FilterPattern).not.toContain(logMessages.TOKEN_REFUSED.code);
  });
});

describe('what is counted in logs', () => {
  it.each([
    ['AuthorizeFaults', 'AuthorizeLog', ['STORAGE_UNAVAILABLE', 'UNEXPECTED']],
    ['IssuerUnreachable', 'AuthorizeLog', ['ISSUER_UNREACHABLE']],
    ['ProcessMessageFaults', 'ProcessMessageLog', ['STORAGE_UNAVAILABLE', 'TOO_LATE', 'UNEXPECTED']],
    ['DeadLetters', 'SweepLog', ['DEAD_LETTERS']],
    ['Unpaid', 'SweepLog', ['SWEPT', 'SWEPT']],
  ] as const)('for %s is in %s', (metric, logGroup, messages) => {
    const counting = Object.values(filters).filter(({ MetricTransformations }) =>
      MetricTransformations.some(({ MetricName }) => MetricName === metric),
    );
    expect(counting.map(({ LogGroupName }) => LogGroupName.Ref)).toEqual(counting.map(() => logGroup));
    expect(counting.flatMap(({ FilterPattern }) => FilterPattern.match(/LB-\d+/g) ?? []).toSorted()).toEqual(
      messages.map((message) => logMessages[message].code).toSorted(),
    );
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
