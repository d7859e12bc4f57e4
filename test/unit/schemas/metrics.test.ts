import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codesOf } from '../../../schemas/codes.ts';
import { knownMessageType } from '../../../schemas/messages/catalogue.ts';
import { metricDimensions, metrics, mostSeries, valuesOf } from '../../../schemas/telemetry/metrics.ts';

describe('What is counted of missions', () => {
  test.each(codesOf(metrics))('%s is counted by a function', (name) =>
    expect(readFileSync(new URL('../../../functions/shared/telemetry/metrics.ts', import.meta.url), 'utf8')).toContain(
      `count('${name}', `,
    ),
  );

  test.each(codesOf(metrics))('%s keeps real missions and exercises apart', (name) =>
    expect(metrics[name].dimensions).toContain('missions'),
  );

  test('costs no more than 15 dollars a month, however much happens', () =>
    expect(mostSeries * 0.3).toBeLessThanOrEqual(15));

  test('has values that name nobody: short codes', () => {
    for (const dimension of codesOf(metricDimensions))
      for (const code of valuesOf(dimension)) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  test('names the warnings as the catalogue of messages does, and no others', () => {
    const warnings = codesOf(metricDimensions.warning);
    expect(warnings.map((event) => knownMessageType(event).relation)).toEqual(warnings.map(() => 'hub'));
  });
});
