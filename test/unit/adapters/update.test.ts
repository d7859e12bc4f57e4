import { describe, expect, test } from 'vitest';
import { update } from '../../../adapters/dynamodb/update.ts';

const key = { pk: 'A', sk: 'B' };

describe('update', () => {
  test('names every attribute that it sets, reserved or not', () =>
    expect(update({ key, set: { status: 'off', dueAt: '2026-02-01' } })).toEqual({
      Key: key,
      UpdateExpression: 'SET #status = :set_status, #dueAt = :set_dueAt',
      ExpressionAttributeNames: { '#status': 'status', '#dueAt': 'dueAt' },
      ExpressionAttributeValues: { ':set_status': 'off', ':set_dueAt': '2026-02-01' },
    }));

  test('leaves out a value that is undefined', () =>
    expect(update({ key, set: { status: 'off', warned: undefined } }).UpdateExpression).toBe(
      'SET #status = :set_status',
    ));

  test('removes attributes without any values', () =>
    expect(update({ key, remove: ['obligation', 'dueAt'] })).toEqual({
      Key: key,
      UpdateExpression: 'REMOVE #obligation, #dueAt',
      ExpressionAttributeNames: { '#obligation': 'obligation', '#dueAt': 'dueAt' },
    }));

  test('sets an attribute and names its former value in the condition', () =>
    expect(
      update({
        key,
        set: { revision: 3 },
        when: '#revision = :revision AND #status <> :off',
        values: { revision: 2, off: 'off' },
      }),
    ).toEqual({
      Key: key,
      UpdateExpression: 'SET #revision = :set_revision',
      ConditionExpression: '#revision = :revision AND #status <> :off',
      ExpressionAttributeNames: { '#revision': 'revision', '#status': 'status' },
      ExpressionAttributeValues: { ':set_revision': 3, ':revision': 2, ':off': 'off' },
    }));

  test('computes values by the name that a placeholder is given', () =>
    expect(
      update({
        key,
        compute: { '#mission': '#mission + :one', failures: '#failures + :one' },
        remove: ['#former'],
        names: { mission: 'm-1', former: 'm-2' },
        values: { one: 1 },
      }),
    ).toEqual({
      Key: key,
      UpdateExpression: 'SET #mission = #mission + :one, #failures = #failures + :one REMOVE #former',
      ExpressionAttributeNames: { '#mission': 'm-1', '#failures': 'failures', '#former': 'm-2' },
      ExpressionAttributeValues: { ':one': 1 },
    }));

  test('adds to attributes, and keeps values of either client as they are', () =>
    expect(update({ key, set: { expiresAt: { N: '60' } }, add: { spent: { N: '1' } } })).toEqual({
      Key: key,
      UpdateExpression: 'SET #expiresAt = :set_expiresAt ADD #spent :add_spent',
      ExpressionAttributeNames: { '#expiresAt': 'expiresAt', '#spent': 'spent' },
      ExpressionAttributeValues: { ':set_expiresAt': { N: '60' }, ':add_spent': { N: '1' } },
    }));

  test('leaves out values that no expression names: DynamoDB refuses them', () =>
    expect(
      update({ key, set: { dueAt: 'x' }, when: 'obligation = :over', values: { over: 'over', overdue: 1 } })
        .ExpressionAttributeValues,
    ).toEqual({ ':set_dueAt': 'x', ':over': 'over' }));
});
