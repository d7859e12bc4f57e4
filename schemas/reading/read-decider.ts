import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { reference as referenceSchema } from '../fhir/datatypes.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { systems } from '../names.ts';
import type { Warning } from '../warnings.ts';
import { contradiction } from './contradiction.ts';
import { authorPath } from './fhir-paths.ts';
import type { Decider, Facts, MessageType } from '../messages/message-type.ts';
import { canBeOnePerson, readPerson } from './read-person.ts';
import type { Found, Resolver } from './resolver.ts';

/** The person who gave an answer. */

/** What is read of the author. */
interface Author {
  readonly decider?: Decider;
  readonly warnings: readonly Warning[];
}

/** Whether a message decides something for which a person is held to account. A message that cannot be read may do so. */
const isDecision = ({ authorRequiredFor }: MessageType, content: Parsed<Facts>): boolean => {
  if (authorRequiredFor === undefined || !content.ok) return authorRequiredFor !== undefined;
  const { answer } = content.value;
  return answer !== undefined && authorRequiredFor.includes(answer);
};

/** A reference leads to nobody: the sender has left out a resource. */
const leadsNowhere = ({ code }: Fault): boolean => code === 'unresolved-reference';

/**
 * The author of a message of a type with this content. Where no person has to answer for it, an unclear author is a warning and no
 * decider: a request must not wait for it.
 */
export const readAuthor = (
  type: MessageType,
  content: Parsed<Facts>,
  author: Parsed<Decider | undefined>,
): Parsed<Author> => {
  if (author.ok) return { ok: true, value: { ...defined({ decider: author.value }), warnings: [] } };
  if (isDecision(type, content)) return author;
  const faults = author.faults.filter(leadsNowhere);
  if (faults.length > 0) return { ok: false, faults };
  const warnings = author.faults.map(
    ({ at, detail }): Warning => ({ code: 'unclear-author', ...defined({ at, detail }) }),
  );
  return { ok: true, value: { warnings } };
};

/** Faults of the person who decided: some answers require name and role, some also the HPR number. */
export const deciderFaults = (type: MessageType, { answer }: Facts, decider: Decider | undefined): readonly Fault[] => {
  if (answer === undefined || type.authorRequiredFor?.includes(answer) !== true) return [];
  const at = authorPath;
  if (decider === undefined) {
    const detail = 'must name the person who decided, in a PractitionerRole in the Bundle';
    return [{ code: 'missing-field', at, detail }];
  }
  const detail = 'must say in which role the person decided: PractitionerRole.code, as coding or text';
  const number = `must give the person's HPR number (identifier system ${systems.healthPersonnel}), 7 to 9 digits`;
  const needsNumber = type.identifierRequiredFor?.includes(answer) === true && decider.identifier === undefined;
  return [
    ...(decider.role === undefined ? [{ code: 'missing-field' as const, at, detail }] : []),
    ...(needsNumber ? [{ code: 'missing-field' as const, at, detail: number }] : []),
  ];
};

/** The resource in focus may name the person too, and must not name another one than the author. */
export const personFaults = (
  type: MessageType,
  author: Decider | undefined,
  focus: Found,
  resolver: Resolver,
): readonly Fault[] => {
  const element = type.focus?.person;
  if (author === undefined || element === undefined) return [];
  const at = `${focus.at}.${element}`;
  const named = readPerson(referenceSchema.safeParse(focus.resource[element]).data, { ...focus, at }, resolver);
  if (!named.ok) return named.faults;
  if (named.value === undefined || canBeOnePerson(author, named.value)) return [];
  return [
    contradiction({ at: authorPath }, { at }, 'They name two persons, and one has decided: name the same in both.'),
  ];
};
