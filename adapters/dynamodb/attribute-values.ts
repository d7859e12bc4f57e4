import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** Plain values as DynamoDB's attribute values and back, as `@aws-sdk/lib-dynamodb` writes and reads them. */

/** Values of an item by attribute, as they are read: texts, numbers, booleans, `null`, bytes, lists and maps of them. */
export type Values = Record<string, unknown>;

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};

const isStored = (value: unknown): boolean => value !== undefined && typeof value !== 'function';

/** Throws for a value that DynamoDB cannot hold, or that would be read back as another one. */
export const attributeValue = (value: unknown): AttributeValue => {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)
        throw new Error(`${value} is not a number that an attribute can hold exactly`);
      return { N: String(value) };
    case 'boolean':
      return { BOOL: value };
    case 'object':
      if (value === null) return { NULL: true };
      if (value instanceof Uint8Array) return { B: value };
      if (Array.isArray(value)) return { L: value.filter(isStored).map(attributeValue) };
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

/** Throws for a set: the hub stores none. */
export const plainValue = (attribute: AttributeValue): unknown => {
  const { S, N, B, BOOL, NULL, L, M } = attribute;
  if (S !== undefined) return S;
  if (N !== undefined) return exactNumber(N);
  if (B !== undefined) return B;
  if (BOOL !== undefined) return BOOL;
  if (M !== undefined) return plainValues(M);
  if (L !== undefined) return L.map(plainValue);
  if (NULL !== undefined) return null;
  throw new Error(`An attribute has a type that the hub does not store: ${Object.keys(attribute).join(', ')}`);
};

export const plainValues = (attributes: Readonly<Record<string, AttributeValue>>): Values => {
  const values: Values = {};
  for (const [name, attribute] of Object.entries(attributes)) values[name] = plainValue(attribute);
  return values;
};
