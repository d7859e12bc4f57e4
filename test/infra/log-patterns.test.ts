import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { codesOf } from '../../schemas/codes.ts';
import { metrics } from '../../schemas/telemetry/metrics.ts';
import { fieldsOf, type LogMessageName, logMessages, storageFailure } from '../../schemas/telemetry/log-messages.ts';
import { exported, hubTemplate, propertiesOf, ways } from '../support/hub-template.ts';

/**
 * An alarm on log lines is silent for good if no function that it watches ever writes such a line. So what each alarm looks for is
 * compared with what the sources of that function can log.
 */

const template = hubTemplate('prod', undefined, { ...ways.public, ...exported });

const filters = propertiesOf(
  template,
  'AWS::Logs::MetricFilter',
  z.object({
    FilterPattern: z.string(),
    LogGroupName: z.object({ Ref: z.string() }),
    MetricTransformations: z.array(z.object({ MetricName: z.string(), MetricValue: z.string() })),
  }),
);

const folders = new Map(
  Object.entries(
    propertiesOf(
      template,
      'AWS::Lambda::Function',
      z.object({ LoggingConfig: z.object({ LogGroup: z.object({ Ref: z.string() }) }).optional() }),
    ),
  ).flatMap(([name, { LoggingConfig }]) => {
    const folder = name.replaceAll(/\B[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
    return LoggingConfig === undefined ? [] : [[LoggingConfig.LogGroup.Ref, folder] as const];
  }),
);

const importsOf = (file: string, text: string): readonly string[] =>
  [...text.matchAll(/\bfrom\s*'(?<path>\.[^']+)'/g)].map(({ groups }) =>
    posix.join(posix.dirname(file), groups?.['path'] ?? ''),
  );

/** The sources of a function below `functions/`: only they log. */
const sourcesOf = (folder: string): string => {
  const texts = new Map<string, string>();
  const visit = (file: string): void => {
    if (texts.has(file) || !file.startsWith('functions/')) return;
    const text = readFileSync(file, 'utf8');
    texts.set(file, text);
    for (const next of importsOf(file, text)) visit(next);
  };
  visit(`functions/${folder}/lambda.ts`);
  return [...texts.values()].join('\n');
};

/** The messages that a function logs. */
const loggedBy = (folder: string): ReadonlySet<LogMessageName> => {
  const sources = sourcesOf(folder);
  return new Set(codesOf(logMessages).filter((name) => sources.includes(`'${name}'`)));
};

const messageOf = (code: string): LogMessageName => {
  const name = codesOf(logMessages).find((one) => logMessages[one].code === code);
  if (name === undefined) throw new Error(`no message has the code ${code}`);
  return name;
};

/** Fields in the access log of the API. */
const accessLogFields = (): ReadonlySet<string> => {
  const stages = propertiesOf(
    template,
    'AWS::ApiGateway::Stage',
    z.object({ AccessLogSetting: z.object({ Format: z.string() }) }),
  );
  return new Set(Object.values(stages).flatMap(({ AccessLogSetting: { Format } }) => Object.keys(JSON.parse(Format))));
};

/** Why a pattern can never match a line of the log; nothing if it can. */
const whyNever = (pattern: string, logGroup: string): string | undefined => {
  // Lines that Lambda itself writes.
  if (!pattern.startsWith('{')) return undefined;
  const compared = [...pattern.matchAll(/\$\.(\w+)\s*!?=\s*"([^"]*)"/g)].map(([, field = '', value = '']) => ({
    field,
    value,
  }));
  if (compared.length === 0) return 'it compares nothing';
  if (logGroup === 'ApiLogsAccess') {
    const known = accessLogFields();
    return compared.map(({ field }) => field).find((field) => !known.has(field));
  }
  const folder = folders.get(logGroup);
  if (folder === undefined || !existsSync(`functions/${folder}/lambda.ts`)) return `${logGroup} is of no function`;
  const logged = loggedBy(folder);
  const asked = compared.filter(({ field }) => field === 'code').map(({ value }) => messageOf(value));
  const missing = asked.find((name) => !logged.has(name));
  if (missing !== undefined) return `${folder} never logs ${missing}`;
  const fields = new Set(['code', ...[...(asked.length === 0 ? logged : new Set(asked))].flatMap(fieldsOf)]);
  return compared.map(({ field }) => field).find((field) => !fields.has(field));
};

describe('patterns of log lines', () => {
  it('are found, with their functions', () => {
    expect(Object.keys(filters).length).toBeGreaterThan(20);
    expect([...folders.values()].filter((folder) => existsSync(`functions/${folder}`)).length).toBeGreaterThan(7);
    expect(loggedBy('deliver')).toContain('DELIVERY_BROKEN');
    expect(loggedBy('sweep')).not.toContain('DELIVERY_BROKEN');
  });

  it.each(Object.entries(filters))('%s looks for what is logged there', (_name, { FilterPattern, LogGroupName }) =>
    expect(whyNever(FilterPattern, LogGroupName.Ref)).toBeUndefined(),
  );

  it.each(Object.entries(filters).filter(([, { MetricTransformations }]) => MetricTransformations.length > 0))(
    '%s takes its number from a field of the line',
    (_name, { FilterPattern, MetricTransformations }) => {
      for (const { MetricValue } of MetricTransformations) {
        const [, field] = /^\$\.(\w+)$/.exec(MetricValue) ?? [];
        const [, code = ''] = /\$\.code = "([^"]+)"/.exec(FilterPattern) ?? [];
        if (field !== undefined) expect(fieldsOf(messageOf(code))).toContain(field);
      }
    },
  );

  it.each([
    ['{ $.code = "LB-403" }', 'SweepLog', 'sweep never logs DELIVERY_BROKEN'],
    ['{ $.code = "LB-403" && $.count = "1" }', 'DeliverLog', 'count'],
    ['{ $.answer = "429" }', 'ApiLogsAccess', 'answer'],
    ['{ $.answer = "429" }', 'AuthorizeLog', 'answer'],
  ])('that never match are found: %s in %s', (pattern, logGroup, why) => expect(whyNever(pattern, logGroup)).toBe(why));

  it('count a failure of storage by the name of its error, whichever message has it', () => {
    const ofStorage = Object.values(filters).filter(({ MetricTransformations }) =>
      MetricTransformations.some(({ MetricName }) => MetricName === 'StorageUnavailable'),
    );
    expect(new Set(ofStorage.map(({ LogGroupName }) => folders.get(LogGroupName.Ref))).size).toBe(ofStorage.length);
    for (const { FilterPattern } of ofStorage) expect(FilterPattern).toContain(`$.error = "${storageFailure}"`);
  });
});

describe('alarms', () => {
  const alarms = propertiesOf(
    template,
    'AWS::CloudWatch::Alarm',
    z.object({
      Namespace: z.string(),
      MetricName: z.string(),
      Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })).default([]),
    }),
  );

  it.each(Object.entries(alarms))('%s watches a metric that something counts', (_name, { Namespace, MetricName }) => {
    if (Namespace.startsWith('AWS/')) return;
    const ofLogs = Object.values(filters).flatMap(({ MetricTransformations }) =>
      MetricTransformations.map(({ MetricName: counted }) => counted),
    );
    expect([...ofLogs, ...codesOf(metrics)]).toContain(MetricName);
  });

  it('count no errors of functions: a function that answers, or returns a record to the queue, has none', () => {
    const ofFunctions = Object.values(alarms).filter(({ Namespace }) => Namespace === 'AWS/Lambda');
    expect(ofFunctions.map(({ MetricName }) => MetricName)).not.toContain('Errors');
  });
});
