import { describe, expect, it } from 'vitest';
import { createEvaluator, type Evaluator } from '../../../local/aws/intrinsics.ts';
import { type Json, parseTemplate } from '../../../local/aws/template.ts';

const template = parseTemplate({
  Parameters: {
    Given: { Type: 'String' },
    WithDefault: { Type: 'String', Default: 'otherwise' },
    Count: { Type: 'Number', Default: 3 },
    Missing: { Type: 'String' },
    Patterned: { Type: 'String', AllowedPattern: '[a-z]+' },
    Remote: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/some/path' },
  },
  Conditions: {
    Yes: { 'Fn::Equals': [{ Ref: 'Given' }, 'given'] },
    No: { 'Fn::Not': [{ Condition: 'Yes' }] },
    Both: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] },
    Either: { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] },
    Odd: { 'Fn::Odd': [] },
  },
  Resources: { Table: { Type: 'AWS::DynamoDB::Table' }, Queue: { Type: 'AWS::SQS::Queue' } },
});

const evaluator = (parameters: Readonly<Record<string, string>> = { Given: 'given', Patterned: 'abc' }): Evaluator =>
  createEvaluator({
    template,
    parameters,
    pseudo: { 'AWS::Region': 'eu-north-1', 'AWS::Partition': 'aws' },
    physical: (logicalId) => ({
      ref: `ref-of-${logicalId}`,
      attributes: { Arn: `arn-of-${logicalId}`, 'Nested.Name': 'nested' },
    }),
  });

const resolve = (value: Json): Json | undefined => evaluator().resolve(value, 'here');

describe('intrinsic function', () => {
  const answers: readonly (readonly [string, Json, Json])[] = [
    ['a reference to a parameter', { Ref: 'Given' }, 'given'],
    ['a reference to a parameter with a default', { Ref: 'WithDefault' }, 'otherwise'],
    ['a default that is a number', { Ref: 'Count' }, '3'],
    ['a reference to a resource', { Ref: 'Table' }, 'ref-of-Table'],
    ['a reference to a pseudo parameter', { Ref: 'AWS::Region' }, 'eu-north-1'],
    ['an attribute', { 'Fn::GetAtt': ['Queue', 'Arn'] }, 'arn-of-Queue'],
    ['an attribute written with a dot', { 'Fn::GetAtt': 'Queue.Arn' }, 'arn-of-Queue'],
    ['an attribute within an attribute', { 'Fn::GetAtt': ['Queue', 'Nested.Name'] }, 'nested'],
    ['a join', { 'Fn::Join': ['-', ['a', { Ref: 'Given' }, 1]] }, 'a-given-1'],
    ['a join of a list that is itself an answer', { 'Fn::Join': ['+', { 'Fn::Split': [',', 'a,b'] }] }, 'a+b'],
    [
      'a substitution',
      { 'Fn::Sub': 'a/${Given}/${Queue.Arn}/${AWS::Region}/${!Literal}' },
      'a/given/arn-of-Queue/eu-north-1/${Literal}',
    ],
    [
      'a substitution with its own names',
      { 'Fn::Sub': ['${x}${Given}', { x: { Ref: 'Table' } }] },
      'ref-of-Tablegiven',
    ],
    ['a choice by condition', { 'Fn::If': ['Yes', 'a', 'b'] }, 'a'],
    ['the other choice', { 'Fn::If': ['No', 'a', { Ref: 'Given' }] }, 'given'],
    ['a selection', { 'Fn::Select': [1, { 'Fn::Split': ['.', 'x.y.z'] }] }, 'y'],
    ['an intrinsic deep inside', { a: [{ b: { Ref: 'Given' } }] }, { a: [{ b: 'given' }] }],
    ['nothing for no value', { a: { Ref: 'AWS::NoValue' }, b: 1 }, { b: 1 }],
    ['no place for no value in a list', ['a', { 'Fn::If': ['No', 'b', { Ref: 'AWS::NoValue' }] }, 'c'], ['a', 'c']],
    ['a member that only looks like one', { Ref: 'Given', other: 1 }, { Ref: 'Given', other: 1 }],
  ];
  it.each(answers)('is evaluated: %s', (_title, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  it('is not evaluated in the branch that is not chosen', () => {
    expect(resolve({ 'Fn::If': ['Yes', 'a', { Ref: 'Missing' }] })).toBe('a');
  });

  const faults: readonly (readonly [Json, RegExp])[] = [
    [{ Ref: 'Nobody' }, /here\.Ref: nothing is called Nobody/],
    [{ a: [{ Ref: 'Missing' }] }, /here\.a\[0\]\.Ref: the stack's parameter Missing has no value/],
    [{ Ref: 'Remote' }, /Systems Manager/],
    [{ Ref: 'AWS::Unheard' }, /pseudo parameter AWS::Unheard/],
    [{ 'Fn::GetAtt': ['Queue', 'Colour'] }, /Queue has no attribute Colour/],
    [{ 'Fn::GetAtt': ['Nobody', 'Arn'] }, /no resource is called Nobody/],
    [{ 'Fn::ImportValue': 'other-stack' }, /does not know Fn::ImportValue/],
    [{ 'Fn::Join': ['-', 'no list'] }, /a list is expected/],
    [{ 'Fn::Join': ['-', [['nested']]] }, /a text is expected/],
    [{ 'Fn::If': ['Unheard', 'a', 'b'] }, /there is no such condition/],
    [{ 'Fn::If': ['Odd', 'a', 'b'] }, /Conditions\.Odd: this is not a condition/],
    [{ 'Fn::Select': [7, ['a']] }, /no choice number 7/],
    ['{{resolve:secretsmanager:x}}', /dynamic references need AWS/],
  ];
  it.each(faults)('is refused with its place: %j', (value, message) => {
    expect(() => resolve(value)).toThrow(message);
  });
});

describe('condition', () => {
  it('combines other conditions', () => {
    const { condition } = evaluator();
    expect(['Yes', 'No', 'Both', 'Either'].map(condition)).toEqual([true, false, false, true]);
    const { condition: elsewhere } = evaluator({ Given: 'another' });
    expect(['Yes', 'No', 'Both', 'Either'].map(elsewhere)).toEqual([false, true, false, true]);
  });
});

describe('parameter', () => {
  it('must match its pattern as a whole', () => {
    const patterned = (value: string): Json | undefined =>
      evaluator({ Patterned: value }).resolve({ Ref: 'Patterned' }, 'here');
    expect(patterned('abc')).toBe('abc');
    expect(() => patterned('abc1')).toThrow(/may not be "abc1"/);
  });

  it('may be given although its value is in AWS Systems Manager', () => {
    expect(evaluator({ Remote: 'here' }).resolve({ Ref: 'Remote' }, 'here')).toBe('here');
  });
});
