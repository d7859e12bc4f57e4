import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codesOf } from '../../../schemas/codes.ts';
import { knownMessageType } from '../../../schemas/messages/catalogue.ts';
import { metricDimensions, metrics, mostSeries, valuesOf } from '../../../schemas/telemetry/metrics.ts';

describe('metrics', () => {
  test.each(codesOf(metrics))('are counted by a function: %s', (name) =>
    expect(readFileSync(new URL('../../../functions/shared/telemetry/metrics.ts', import.meta.url), 'utf8')).toContain(
      `count('${name}', `,
    ),
  );

  test.each(codesOf(metrics))('separate real missions and exercises: %s', (name) =>
    expect(metrics[name].dimensions).toContain('missions'),
  );

  test('cost at most 15 dollars a month', () => expect(mostSeries * 0.3).toBeLessThanOrEqual(15));

  test('have short codes as values, which identify no person', () => {
    for (const dimension of codesOf(metricDimensions))
      for (const code of valuesOf(dimension)) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  test('name the warnings by messages of the hub', () => {
    const warnings = codesOf(metricDimensions.warning);
    expect(warnings.map((event) => knownMessageType(event).relation)).toEqual(warnings.map(() => 'hub'));
  });
});
