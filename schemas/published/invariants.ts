import type { ElementDefinitionConstraint } from 'fhir/r4.d.ts';
import type { ElementRule, MessageType } from '../messages/message-type.ts';
import { systems } from '../names.ts';
import { canonicalOf } from './artefact.ts';
import { answersOf, namesMission } from './rules.ts';

/** Rules that need FHIRPath, because cardinalities and bindings cannot express them; each with the same rule as text. */

/** Elements that repeat, with the path of their codes, which may be beside codes of other systems. */
export const manyConcepts: Readonly<Record<string, string>> = {
  'ServiceRequest.reasonCode': 'ServiceRequest.reasonCode',
  'Location.type': 'Location.type',
  'Task.input': 'Task.input.type',
  'Task.output': 'Task.output.type',
  'ClinicalImpression.finding': 'ClinicalImpression.finding.itemCodeableConcept',
};

const invariant = (key: string, human: string, expression: string): ElementDefinitionConstraint => ({
  key,
  severity: 'error',
  human,
  expression,
});

/** `Task.restriction.period` → `restriction.period`: expressions begin at the resource. */
const inside = (path: string): string => path.slice(path.indexOf('.') + 1);
const keyOf = (path: string): string => inside(path).replaceAll('.', '-');
const oneOf = (codes: readonly string[]): string => `(${codes.map((code) => `'${code}'`).join(' | ')})`;
const listed = (codes: readonly string[]): string => codes.map((code) => `\`${code}\``).join(', ');

/** The focus resource has one of these answers. The brackets are redundant in FHIRPath, but HAPI 7.6 evaluates `and` before `in`. */
const gives = (type: MessageType, codes: readonly string[]): string => {
  const { answers, focus, elements } = type;
  if (answers === undefined) return `(status in ${oneOf(codes)})`;
  const isAnswer = ({ codes: table }: ElementRule): boolean =>
    table !== undefined && canonicalOf('CodeSystem', table) === answers.system;
  const path = elements.find(isAnswer)?.path ?? `${focus?.resource ?? 'Task'}.businessStatus`;
  const concept = inside(manyConcepts[path] ?? path);
  return `${concept}.coding.where(system = '${answers.system}' and (code in ${oneOf(codes)})).exists()`;
};

/** Of a repeating concept, at least one has a code of the hub. */
const someCode = (event: string, { path, required, codes }: ElementRule): readonly ElementDefinitionConstraint[] => {
  const conceptPath = manyConcepts[path];
  if (required !== 'always' || codes === undefined || conceptPath === undefined) return [];
  const concept = inside(conceptPath);
  const system = canonicalOf('CodeSystem', codes);
  return [
    invariant(
      `${event}-${keyOf(path)}`,
      `At least one ${concept} has a code of ${system}.`,
      `${concept}.coding.where(system = '${system}').exists()`,
    ),
  ];
};

/** The code `other` needs a text. */
const wordsWithOther = (event: string, { path, codes, words }: ElementRule): readonly ElementDefinitionConstraint[] => {
  if (words !== 'with-other' || codes === undefined) return [];
  const own = `coding.where(system = '${canonicalOf('CodeSystem', codes)}'`;
  return [
    invariant(
      `${event}-${keyOf(path)}-other`,
      `${inside(path)} with the code \`other\` has words (text).`,
      `${inside(path)}.where(${own}).exists()).first().where(${own} and code = 'other').exists()).all(text.exists())`,
    ),
  ];
};

/** What a needed element must have: its code, its text, the detail. */
const presence = ({ path, codes, words, detail }: ElementRule): string => {
  const here = inside(path);
  if (detail !== undefined)
    return `${here}.where(type.coding.where(system = '${systems.taskDetail}' and code = '${detail}').exists()).value.exists()`;
  const coded = codes === undefined ? `${here}.exists()` : `${here}.memberOf('${canonicalOf('ValueSet', codes)}')`;
  return words === 'always' ? `${coded} and ${here}.text.exists()` : coded;
};

const neededForAnswers = (type: MessageType, rule: ElementRule): readonly ElementDefinitionConstraint[] => {
  const { path, neededFor, what } = rule;
  return neededFor === undefined
    ? []
    : [
        invariant(
          `${type.event}-${keyOf(path)}-needed`,
          `${inside(path)} is needed for ${listed(neededFor)}. ${what}`,
          `${gives(type, neededFor)} implies (${presence(rule)})`,
        ),
      ];
};

/** The status of a Task for each answer. */
const pairing = (type: MessageType): readonly ElementDefinitionConstraint[] =>
  answersOf(type).flatMap(({ answer, status }) =>
    status === undefined
      ? []
      : [
          invariant(
            `${type.event}-status-${answer}`,
            `The answer \`${answer}\` has the status \`${status}\`.`,
            `${gives(type, [answer])} implies status = '${status}'`,
          ),
        ],
  );

/** Rules of the focus resource. */
export const focusInvariants = (
  type: MessageType,
  rules: readonly ElementRule[],
): readonly ElementDefinitionConstraint[] => [
  ...rules.flatMap((rule) => [
    ...someCode(type.event, rule),
    ...wordsWithOther(type.event, rule),
    ...neededForAnswers(type, rule),
  ]),
  ...pairing(type),
];

/** The code of a PractitionerRole, readable by people. */
export const roleCode =
  'code.first().exists(text.exists() or coding.first().exists(display.exists() or code.exists()))';

const practises = 'practitioner.resolve().ofType(Practitioner)';
const hprNumber = `where(system = '${systems.healthPersonnel}').value.where($this.matches('^[0-9]{7,9}$')).exists()`;
const nameOfPractitioner = 'name.exists(text.exists() or given.exists() or family.exists())';

/** The name of the person in a PractitionerRole, and the HPR number. */
export const personName = `${practises}.${nameOfPractitioner} or practitioner.display.exists()`;
export const personNumber = `(${practises}.identifier | practitioner.identifier).${hprNumber}`;

const role = 'author.resolve().ofType(PractitionerRole)';

const authorInvariants = (type: MessageType): readonly ElementDefinitionConstraint[] => {
  const needs = answersOf(type);
  const about = (key: string, codes: readonly string[], human: string, expression: string) => {
    if (codes.length === 0) return [];
    const all = codes.length === needs.length;
    const when = `focus.resolve().ofType(${type.focus?.resource ?? 'Task'}).where(${gives(type, codes)}).exists()`;
    const words = all ? human : `For ${listed(codes)}: ${human}`;
    return [invariant(`${type.event}-${key}`, words, all ? expression : `${when} implies (${expression})`)];
  };
  const withAuthor = needs.filter(({ author }) => author).map(({ answer }) => answer);
  const withNumber = needs.filter(({ number }) => number).map(({ answer }) => answer);
  return [
    ...about(
      'author-role',
      withAuthor,
      'author points to a PractitionerRole in the Bundle that has a code.',
      `${role}.${roleCode}`,
    ),
    ...about(
      'author-name',
      withAuthor,
      'author names the person: practitioner.display of the PractitionerRole, a Practitioner in the Bundle with a name, or author.display.',
      `author.display.exists() or ${role}.exists(${personName})`,
    ),
    ...about(
      'author-number',
      withNumber,
      `author gives the HPR number, 7 to 9 digits: identifier of system ${systems.healthPersonnel}.`,
      `author.identifier.${hprNumber} or ${role}.exists(${personNumber})`,
    ),
  ];
};

/** Works in every dialect of regular expressions; the hub checks whether it is a mission number of the hub. */
const missionPattern = '[0-9a-f-]{36}';

const missionInvariant = (type: MessageType): readonly ElementDefinitionConstraint[] => {
  if (!namesMission(type)) return [];
  const named = `identifier.where(system = '${systems.mission}').exists()`;
  // If the id is needed for some answers, the hub reads it with those only.
  const { neededFor } = type.elements.find(({ path }) => path === 'Task.id') ?? {};
  const answering = neededFor === undefined ? '' : `.where(${gives(type, neededFor)})`;
  const ways = [
    `focus.${named}`,
    `focus.reference.where($this.matches('(^|/)ServiceRequest/${missionPattern}$')).exists()`,
    `focus.resolve().ofType(ServiceRequest).${named}`,
    ...(type.focus?.resource === 'Task'
      ? [`focus.resolve().ofType(Task)${answering}.id.where($this.matches('^${missionPattern}[.][0-9.]+$')).exists()`]
      : []),
  ];
  const orTask = type.focus?.resource === 'Task' ? ", or points to a Task that has the hub's id" : '';
  return [
    invariant(
      `${type.event}-mission`,
      `focus names the mission by an identifier of system ${systems.mission}, there or in the ServiceRequest it points to${orTask}.`,
      ways.join(' or '),
    ),
  ];
};

/** Rules of the MessageHeader together with its targets in the Bundle. */
export const headerInvariants = (type: MessageType): readonly ElementDefinitionConstraint[] => [
  ...missionInvariant(type),
  ...authorInvariants(type),
];
