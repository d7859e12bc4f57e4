import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { definitionsText } from '../../../../docs/generate/r4-definitions.ts';
import { codesOf, isResourceType, resourceTypeLike, rulesOf } from '../../../../schemas/r4/definitions.ts';
import table from '../../../../schemas/r4/definitions.json' with { type: 'json' };

const file = new URL('../../../../schemas/r4/definitions.json', import.meta.url);

describe('definitions.json', () => {
  test('is what `npm run docs` derives from the official definitions', () =>
    expect(readFileSync(file, 'utf8')).toBe(definitionsText()));

  test('has every resource type of R4 and none of R4B or R5', () => {
    expect(table.resources.split(' ')).toHaveLength(146);
    for (const type of [
      'SubscriptionStatus',
      'SubscriptionTopic',
      'Transport',
      'Resource',
      'DomainResource',
      'patient',
    ])
      expect(isResourceType(type)).toBe(false);
  });
});

describe('rulesOf', () => {
  test('reads every type, with types, value sets and targets that exist', () => {
    const { types, primitives, valueSets } = table;
    for (const name of Object.keys(types)) {
      const { members, required } = rulesOf(name);
      for (const [member, { type, primitive, valueSet, targets = [], isResource }] of members) {
        expect(primitive !== undefined, `${name}.${member}`).toBe(type in primitives);
        if (primitive === undefined && !isResource) expect(() => rulesOf(type)).not.toThrow();
        if (valueSet !== undefined) expect(Object.keys(valueSets)).toContain(valueSet);
        for (const target of targets) expect(isResourceType(target), target).toBe(true);
      }
      for (const { members: ways } of required) for (const way of ways) expect([...members.keys()]).toContain(way);
    }
  });

  test('inherits from base types, and leaves out what a type must not have', () => {
    expect([...rulesOf('Patient').members.keys()].slice(0, 8)).toEqual([
      'id',
      'meta',
      'implicitRules',
      'language',
      'text',
      'contained',
      'extension',
      'modifierExtension',
    ]);
    expect(rulesOf('Quantity').members.has('comparator')).toBe(true);
    expect(rulesOf('SimpleQuantity').members.has('comparator')).toBe(false);
  });

  test('gives a choice one member per type', () => {
    const choices = [...rulesOf('Patient').members].filter(([, { element }]) => element === 'deceased');
    expect(choices.map(([name]) => name)).toEqual(['deceasedBoolean', 'deceasedDateTime']);
    expect(rulesOf('Annotation').members.get('authorReference')?.targets).toEqual([
      'Practitioner',
      'Patient',
      'RelatedPerson',
      'Organization',
    ]);
  });

  test('throws for a type that R4 does not have', () => expect(() => rulesOf('Transport')).toThrow('Transport'));
});

describe('codesOf', () => {
  test('gives codes with their systems where a concept is bound', () => {
    expect([...codesOf('administrative-gender').codes]).toEqual(['male', 'female', 'other', 'unknown']);
    expect(codesOf('condition-clinical').codings).toContain(
      'http://terminology.hl7.org/CodeSystem/condition-clinical|active',
    );
  });
});

describe('resourceTypeLike', () => {
  test('gives the spelling of R4', () => {
    expect(resourceTypeLike('servicerequest')).toBe('ServiceRequest');
    expect(resourceTypeLike('Transport')).toBeUndefined();
  });
});
