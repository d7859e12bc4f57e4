import type { TaskState } from '../../core/mission/state.ts';
import { codesOf, roles, taskKinds } from '../../schemas/codes.ts';
import type { DirectoryData, DirectoryParty } from '../../schemas/directory/directory.ts';
import { canonicalText } from '../../schemas/json/json.ts';

/** A directory, its doubts and its changes as lines of text. Pure. */

/** Counties since 2024, used for warnings only: a directory may be newer than this list. */
const counties: ReadonlyMap<string, string> = new Map([
  ['03', 'Oslo'],
  ['11', 'Rogaland'],
  ['15', 'Møre og Romsdal'],
  ['18', 'Nordland'],
  ['31', 'Østfold'],
  ['32', 'Akershus'],
  ['33', 'Buskerud'],
  ['34', 'Innlandet'],
  ['39', 'Vestfold'],
  ['40', 'Telemark'],
  ['42', 'Agder'],
  ['46', 'Vestland'],
  ['50', 'Trøndelag'],
  ['55', 'Troms'],
  ['56', 'Finnmark'],
]);

/** Numbered like counties but none: no party has to cover them. */
const otherAreas: ReadonlyMap<string, string> = new Map([
  ['21', 'Svalbard'],
  ['22', 'Jan Mayen'],
]);

const countyOf = (area: string): string => area.slice(0, 2);
const isCounty = (area: string): boolean => area.length === 2;
const nameOf = (county: string): string | undefined => counties.get(county) ?? otherAreas.get(county);

const areaText = (area: string): string => {
  const name = nameOf(countyOf(area));
  if (name === undefined) return area;
  return isCounty(area) ? `${area} ${name}` : `${area} (in ${name})`;
};

const areasOf = ({ coverage }: DirectoryData, { organisation }: DirectoryParty): readonly string[] =>
  coverage
    .filter((claim) => claim.organisation === organisation)
    .map(({ area }) => area)
    .sort();

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** Who else may call for a party, and where its notifications may go. */
const limitsText = ({
  parent,
  units = [],
  suppliers = [],
  notificationHosts = [],
}: DirectoryParty): readonly string[] => [
  ...(parent === undefined ? [] : [`part of ${parent}`]),
  ...(units.length === 0 ? [] : [`also called by ${[...units].sort().join(', ')}`]),
  ...(suppliers.length === 0 ? [] : [`suppliers that may act for it: ${[...suppliers].sort().join(', ')}`]),
  ...(notificationHosts.length === 0 ? [] : [`notified at ${[...notificationHosts].sort().join(', ')} only`]),
];

/** What a directory holds. */
export const contents = (data: DirectoryData): readonly string[] => {
  const places = data.resources.filter(({ resourceType }) => resourceType === 'Location').length;
  const ofRoles = codesOf(roles).flatMap((role) => {
    const names = data.parties.filter((party) => party.role === role).map(({ name }) => name);
    return names.length === 0 ? [] : [`${role}, ${names.length}: ${names.join('; ')}`];
  });
  const covered = data.parties
    .filter(({ role }) => role === 'amk-la')
    .map((party) => `${party.name} covers: ${areasOf(data, party).map(areaText).join(', ') || 'nothing'}`);
  const called = data.parties.flatMap((party) => {
    const limits = limitsText(party);
    return limits.length === 0 ? [] : [`${party.name} (${party.organisation}): ${limits.join('; ')}`];
  });
  return [
    ...ofRoles,
    `${counted(data.resources.length - places, 'endpoint')}, ${counted(places - data.coverage.length, 'place')}, ${counted(data.coverage.length, 'area')} covered`,
    ...covered,
    ...called,
  ];
};

/** What is allowed but may be a mistake. */
export const warnings = ({ coverage }: DirectoryData): readonly string[] => {
  const covered = new Set(coverage.map(({ area }) => area));
  const uncovered = [...counties.keys()].filter((county) => !covered.has(county)).sort();
  const strange = [...covered].filter((area) => nameOf(countyOf(area)) === undefined).sort();
  return [
    ...uncovered.map((county) => {
      const parts = [...covered].filter((area) => !isCounty(area) && countyOf(area) === county).sort();
      const who = parts.length === 0 ? 'nobody covers' : `except for ${parts.join(', ')} nobody covers`;
      return `${who} ${areaText(county)}: a request from there must address its AMK LA`;
    }),
    ...strange.map((area) => `${area} is in none of the counties since 2024: is the number right?`),
  ];
};

/** Whom to phone when the hub does not answer, to be kept on paper: one line for each organisation, with the areas it coordinates. */
export const phoneList = (data: DirectoryData): readonly string[] =>
  codesOf(roles).flatMap((role) => {
    const parties = data.parties
      .filter((party) => party.role === role)
      .toSorted((one, other) => one.name.localeCompare(other.name));
    if (parties.length === 0) return [];
    return [
      roles[role],
      ...parties.map((party) => {
        const areas = areasOf(data, party).map(areaText);
        const coordinates = areas.length === 0 ? '' : `  (${areas.join(', ')})`;
        return `  ${party.phone ?? 'no phone in the directory'}  ${party.name}, ${party.organisation}${coordinates}`;
      }),
    ];
  });

/** Statements by what they are about. */
type Statements = ReadonlyMap<string, string>;

const compared = (before: Statements, after: Statements, text: (statement: string) => string): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].flatMap((what) => {
    const [was, is] = [before.get(what), after.get(what)];
    if (was === is) return [];
    if (was === undefined) return [`new ${what}${text(is ?? '')}`];
    if (is === undefined) return [`no more ${what}${text(was)}`];
    return [text(is) === '' ? `changed ${what}` : `${what}${text(is)}, was${text(was)}`];
  });

const partiesIn = ({ parties }: DirectoryData): Statements =>
  new Map(
    parties.map((party) => [
      `organisation ${party.organisation}`,
      [[party.role, party.name, party.phone ?? 'no phone'].join(', '), ...limitsText(party)].join('; '),
    ]),
  );

const coverageIn = ({ coverage, parties }: DirectoryData): Statements => {
  const names = new Map(parties.map(({ organisation, name }) => [organisation, name]));
  return new Map(
    coverage.map(({ area, organisation }) => [
      `coverage of ${areaText(area)}`,
      names.get(organisation) ?? organisation,
    ]),
  );
};

const resourcesIn = ({ resources }: DirectoryData): Statements =>
  new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, canonicalText(resource)]));

/** How one directory differs from another, one line for each difference. */
export const differences = (before: DirectoryData, after: DirectoryData): readonly string[] => {
  const inFull = (statement: string): string => `: ${statement}`;
  return [
    ...compared(partiesIn(before), partiesIn(after), inFull),
    ...compared(coverageIn(before), coverageIn(after), inFull),
    ...compared(resourcesIn(before), resourcesIn(after), () => ''),
  ];
};

/** The organisations that the new directory omits. */
export const dropped = (before: DirectoryData, after: DirectoryData): readonly DirectoryParty[] => {
  const kept = new Set(after.parties.map(({ organisation }) => organisation));
  return before.parties.filter(({ organisation }) => !kept.has(organisation));
};

export const partyText = ({ organisation, role, name }: DirectoryParty): string => `${organisation}, ${role}, ${name}`;

/** A party with an open Task, and when the Task was opened. */
export const stillAsked = ({
  party,
  task: { id, kind, status, openedAt },
}: {
  readonly party: DirectoryParty;
  readonly task: TaskState;
}): string => `${partyText(party)}: ${taskKinds[kind]}, ${status}, opened ${openedAt}, Task/${id}`;
