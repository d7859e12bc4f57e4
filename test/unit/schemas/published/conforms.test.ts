import type { Task } from 'fhir/r4.d.ts';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Conforms, Holds } from '../../../../schemas/fhir/conforms.ts';

/** The type check is the test: `npm run types` fails if one of these stops being an error. */
const unknownMember = z.object({ resourceType: z.literal('Task'), colour: z.string().optional() });
const wrongType = z.object({ resourceType: z.literal('Task'), description: z.number().optional() });
const good = z.object({ resourceType: z.literal('Task'), description: z.string().optional() });

export type Good = Holds<[Conforms<typeof good, Task>]>;
// @ts-expect-error FHIR has no colour of a Task
export type Unknown = Holds<[Conforms<typeof unknownMember, Task>]>;
// @ts-expect-error the description of a Task is text
export type Wrong = Holds<[Conforms<typeof wrongType, Task>]>;

test('refuses a resource of another type', () => {
  expect(good.safeParse({ resourceType: 'Task', description: 'fly' }).success).toBe(true);
  expect([unknownMember, wrongType].map((schema) => schema.safeParse({ resourceType: 'Patient' }).success)).toEqual([
    false,
    false,
  ]);
});
