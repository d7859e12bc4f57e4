import type { z } from 'zod';
import type { Reference } from '../fhir/datatypes.ts';
import { practitioner, practitionerRole } from '../fhir/resources.ts';
import { defined } from '../defined.ts';
import type { Decider } from './message-type.ts';
import { inHeader, type Resolver } from './resolver.ts';
import { systems } from '../names.ts';
import { cut } from '../text.ts';

const read = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined => {
  const result = schema.safeParse(value);
  return result.success ? result.data : undefined;
};

/** Characters. A name is copied into the mission's state, which every entry has; the full name stays in the message. */
const longestName = 200;

const notBlank = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : cut(text.trim(), longestName);

/** HPR numbers have up to nine digits. */
const isNumber = (value: string | undefined): boolean => value !== undefined && /^\d{1,9}$/.test(value);

/** The person that a reference in the MessageHeader points to: a name, and role and HPR number if they are given. */
export const readPerson = (reference: Reference | undefined, { resolve }: Resolver): Decider | undefined => {
  if (reference === undefined) return undefined;
  const named = resolve(reference, inHeader);
  const found = named.outcome === 'found' ? named.found : undefined;
  const role = read(practitionerRole, found?.resource);
  const held = role === undefined || found === undefined ? named : resolve(role.practitioner, found);
  const practises = read(practitioner, held.outcome === 'found' ? held.found.resource : undefined);
  const numbers = [
    ...(practises?.identifier ?? []),
    ...[role?.practitioner?.identifier, reference.identifier].filter((one) => one !== undefined),
  ];
  const name = practises?.name?.[0];
  const words =
    notBlank(name?.text) ??
    notBlank([...(name?.given ?? []), name?.family ?? ''].join(' ')) ??
    notBlank(role?.practitioner?.display) ??
    notBlank(reference.display) ??
    notBlank(reference.identifier?.value);
  if (words === undefined) return undefined;
  const duty = role?.code?.[0];
  return {
    name: words,
    ...defined({
      role: notBlank(duty?.text) ?? notBlank(duty?.coding?.[0]?.display ?? duty?.coding?.[0]?.code),
      identifier: numbers.find(({ system, value }) => system === systems.healthPersonnel && isNumber(value))?.value,
    }),
  };
};
