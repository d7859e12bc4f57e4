import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { metrics } from '../../schemas/telemetry/metrics.ts';
import { hubTemplate, propertiesOf } from '../support/hub-template.ts';

const runbook = 'https://handbook.example/runbook.md';
const template = hubTemplate('prod', runbook);

/** The body, with references as the names of their resources. */
const body = z
  .object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) })
  .transform((call) =>
    call['Fn::Join'][1]
      .map((part) => (typeof part === 'string' ? part : JSON.stringify(part).replaceAll('"', "'")))
      .join(''),
  );
const widgets = z
  .object({
    widgets: z.array(
      z.object({
        y: z.number(),
        properties: z.object({
          title: z.string().optional(),
          markdown: z.string().optional(),
          alarms: z.array(z.string()).optional(),
          metrics: z.array(z.array(z.unknown())).default([]),
        }),
      }),
    ),
  })
  .parse(
    JSON.parse(
      propertiesOf(template, 'AWS::CloudWatch::Dashboard', z.object({ DashboardBody: body }))['Dashboard']
        ?.DashboardBody ?? '',
    ),
  )
  .widgets.map(({ y, properties }) => ({ y, ...properties }));

const filterSchema = z.object({ MetricTransformations: z.array(z.object({ MetricName: z.string() })) });

/** Metrics of the hub itself: the name and the texts after it, which are pairs of dimension and value. */
const ownOf = (shown: (typeof widgets)[number]) =>
  shown.metrics
    .filter(([namespace]) => namespace === 'luftbro-prod')
    .map(([, name, ...dimensions]) => ({
      name: String(name),
      dimensions: dimensions.filter((one) => typeof one === 'string'),
    }));
const shownNames = new Set(widgets.flatMap(ownOf).map(({ name }) => name));

describe('dashboard', () => {
  it('begins with how to read it, and links to the runbook', () => {
    const [first] = widgets.toSorted((one, other) => one.y - other.y);
    expect(first?.markdown).toMatch(/^# Was everybody notified\?/);
    expect(first?.markdown).toContain(`](${runbook})`);
  });

  it('shows every alarm', () => {
    const shown = widgets
      .flatMap(({ alarms = [] }) => alarms)
      .flatMap((arn) => /GetAtt':\['(\w+)'/.exec(arn)?.[1] ?? []);
    expect(shown.toSorted()).toEqual(Object.keys(template.findResources('AWS::CloudWatch::Alarm')).toSorted());
  });

  it.each([
    'DeadLetters',
    'OverdueObligations',
    'AcknowledgementsOverdue',
    'Deliveries',
    'MissionsRequested',
    'TimeToDecision',
  ])('shows %s', (name) => expect(shownNames).toContain(name));

  it.each(['CallersRefused', 'RequestsLimited'])('shows how many requests are refused: %s', (name) =>
    expect(shownNames).toContain(name),
  );

  it('shows only metrics that the hub counts', () => {
    const ofLogs = Object.values(propertiesOf(template, 'AWS::Logs::MetricFilter', filterSchema)).flatMap(
      ({ MetricTransformations }) => MetricTransformations.map(({ MetricName }) => MetricName),
    );
    const counted = new Set<string>([...Object.keys(metrics), ...ofLogs]);
    expect([...shownNames].filter((name) => !counted.has(name))).toEqual([]);
  });

  it('has every value of a metric, for real missions in one widget and for exercises in another', () => {
    const places = widgets.map((shown) => ({
      shown,
      missions: new Set(
        ownOf(shown).flatMap(({ dimensions: [first, value] }) => (first === 'missions' ? [value] : [])),
      ),
    }));
    for (const { missions } of places) expect(missions.size).toBeLessThanOrEqual(1);
    const seriesOf = (missions: 'real' | 'exercise') =>
      places
        .filter((place) => place.missions.has(missions))
        .flatMap(({ shown }) =>
          ownOf(shown).map(({ name, dimensions: [, , ...others] }) => [name, ...others].join(' ')),
        );
    expect(seriesOf('real').length).toBeGreaterThan(15);
    expect(seriesOf('exercise')).toEqual(seriesOf('real'));
  });

  it('has exercises below everything else', () => {
    const heading = widgets.find(({ markdown = '' }) => markdown.includes('Exercises'))?.y ?? 0;
    for (const shown of widgets)
      for (const { dimensions } of ownOf(shown)) expect(shown.y > heading).toBe(dimensions.includes('exercise'));
  });
});
