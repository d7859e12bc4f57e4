import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** Plain values as DynamoDB's attribute values and back, as `@aws-sdk/lib-dynamodb` writes and reads them. */

/** Values of an item by attribute, as they are read: texts, numbers, booleans, `null`, bytes, lists and maps of them, and sets of texts or of numbers. */
export type Values = Record<string, unknown>;

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

const isStored = (value: unknown): boolean => value !== undefined && typeof value !== 'function';

const numberText = (value: number): string => {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)
    throw new Error(`${value} is not a number that an attribute can hold exactly`);
  return String(value);
};

const setOf = (members: readonly unknown[]): AttributeValue => {
  const texts = members.filter((member) => typeof member === 'string');
  const numbers = members.filter((member) => typeof member === 'number');
  if (texts.length > 0 && texts.length === members.length) return { SS: texts };
  if (numbers.length > 0 && numbers.length === members.length) return { NS: numbers.map(numberText) };
  throw new Error('A set has one text or number at least, and members of one kind');
};

/** Throws for a value that DynamoDB cannot hold, or that would be read back as another one. */
const attributeValue = (value: unknown): AttributeValue => {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      return { N: numberText(value) };
    case 'boolean':
      return { BOOL: value };
    case 'object':
      if (value === null) return { NULL: true };
      if (value instanceof Uint8Array) return { B: value };
      if (Array.isArray(value)) return { L: value.filter(isStored).map(attributeValue) };
      if (value instanceof Set) return setOf([...value]);
      if (isPlainObject(value)) return { M: attributeValues(value) };
      break;
    default:
  }
  throw new Error(`An attribute cannot hold a ${typeof value} of this kind`);
};

/** Leaves out what is `undefined`. */
export const attributeValues = (values: object): Record<string, AttributeValue> => {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(values)) if (isStored(value)) attributes[name] = attributeValue(value);
  return attributes;
};

const exactNumber = (text: string): number => {
  const number = Number(text);
  if (Math.abs(number) > Number.MAX_SAFE_INTEGER) throw new Error(`an attribute holds ${text}, which no number is`);
  return number;
};

/** Throws for a set of bytes: the hub stores none. */
const plainValue = (attribute: AttributeValue): unknown => {
  const { S, N, B, BOOL, NULL, L, M, SS, NS } = attribute;
  if (S !== undefined) return S;
  if (N !== undefined) return exactNumber(N);
  if (B !== undefined) return B;
  if (BOOL !== undefined) return BOOL;
  if (M !== undefined) return plainValues(M);
  if (L !== undefined) return L.map(plainValue);
  if (NULL !== undefined) return null;
  if (SS !== undefined) return new Set(SS);
  if (NS !== undefined) return new Set(NS.map(exactNumber));
  throw new Error(`An attribute has a type that the hub does not store: ${Object.keys(attribute).join(', ')}`);
};

export const plainValues = (attributes: Readonly<Record<string, AttributeValue>>): Values => {
  const values: Values = {};
  for (const [name, attribute] of Object.entries(attributes)) values[name] = plainValue(attribute);
  return values;
};
