import { codesOf, missionRoles, type Role, urgencies } from './codes.ts';
import type { Fault } from './faults.ts';
import { isMissionId } from './identifiers.ts';
import { catalogue, eventCodeOf } from './messages/catalogue.ts';
import { mayBeNotified, missionRolesOf } from './messages/notified-roles.ts';
import { systems } from './names.ts';
import type { SubscriptionFilter } from './subscription.ts';

/**
 * Reads the filters of a Subscription. A value that no event for the subscriber can have is refused: the subscriber would wait for
 * notifications that the hub never sends.
 */

/** Characters of all filters together: the hub reads them with every message for the party. */
const longestFilter = 1000;

const unsupported = (at: string, detail: string): Fault => ({ code: 'unsupported-subscription', at, detail });

type Filter = {
  -readonly [Name in keyof SubscriptionFilter]: SubscriptionFilter[Name];
};

interface ReadFilter {
  readonly filter: Filter;
  readonly faults: readonly Fault[];
}

/** Resource types before the question mark: the event, and its subject. */
const filtered: readonly string[] = ['', 'MessageHeader', 'ServiceRequest'];

const known = <Code extends string>(codes: readonly Code[], values: readonly string[]): readonly Code[] =>
  codes.filter((code) => values.includes(code));

/** The fault of values that are not among the codes. */
const unknownIn = (name: string, values: readonly string[], codes: readonly string[], at: string): readonly Fault[] =>
  values.every((value) => codes.includes(value)) ? [] : [unsupported(at, `${name}: known are ${codes.join(', ')}`)];

const eventFaults = (values: readonly string[], role: Role, at: string): readonly Fault[] => {
  const codes = [...new Set(catalogue.flatMap((type) => [eventCodeOf(type), type.event]))];
  const isNotified = (value: string): boolean =>
    catalogue.some((type) => [eventCodeOf(type), type.event].includes(value) && mayBeNotified(type, role));
  const never = known(codes, values).filter((value) => !isNotified(value));
  return [
    ...unknownIn('event', values, codes, at),
    ...(never.length === 0
      ? []
      : [unsupported(at, `event: an organisation of role ${role} is never notified of ${never.join(', ')}`)]),
  ];
};

const roleFaults = (values: readonly string[], role: Role, at: string): readonly Fault[] => {
  const codes = codesOf(missionRoles);
  const possible = missionRolesOf(role);
  const never = known(codes, values).filter((value) => !possible.includes(value));
  return [
    ...unknownIn('role', values, codes, at),
    ...(never.length === 0
      ? []
      : [unsupported(at, `role: an organisation of role ${role} is never ${never.join(' or ')} of a mission`)]),
  ];
};

/** Mission numbers, with or without their system. */
const readMissions = (
  values: readonly string[],
  at: string,
): { readonly missions: readonly string[]; readonly faults: readonly Fault[] } => {
  const missions = values.map((value) =>
    value.startsWith(`${systems.mission}|`) ? value.slice(systems.mission.length + 1) : value,
  );
  if (missions.some((number) => number.includes('|')))
    return { missions, faults: [unsupported(at, `identifier: the system of mission numbers is ${systems.mission}`)] };
  const form = 'identifier: a mission number is a UUID in small letters, as the hub gives it, without urn:uuid:';
  return { missions, faults: missions.every(isMissionId) ? [] : [unsupported(at, form)] };
};

/** `Resource?parameter=a,b`, several joined by `&`. */
const readFilter = (text: string, role: Role, at: string): ReadFilter => {
  const faults: Fault[] = [];
  const filter: Filter = {};
  const [type = '', query] = text.includes('?') ? text.split(/\?(.*)/s) : ['', text];
  if (!filtered.includes(type))
    faults.push(unsupported(at, 'filters are of MessageHeader or ServiceRequest, e.g. ServiceRequest?priority=stat'));
  const parameters = new URLSearchParams(query);
  if (parameters.size === 0) faults.push(unsupported(at, 'gives no filter'));
  for (const [name, value] of parameters) {
    const values = value.split(',').filter((one) => one !== '');
    if (values.length === 0) faults.push(unsupported(at, `${name}: gives no value`));
    switch (name) {
      case 'event':
        filter.events = values;
        faults.push(...eventFaults(values, role, at));
        break;
      case 'priority':
        filter.urgencies = known(codesOf(urgencies), values);
        faults.push(...unknownIn(name, values, codesOf(urgencies), at));
        break;
      case 'identifier': {
        const read = readMissions(values, at);
        filter.missions = read.missions;
        faults.push(...read.faults);
        break;
      }
      case 'role':
        filter.roles = known(codesOf(missionRoles), values);
        faults.push(...roleFaults(values, role, at));
        break;
      default:
        faults.push(
          unsupported(
            at,
            'filters are event, priority (urgency), identifier (mission) and role (in the mission), e.g. MessageHeader?event=mission-decision',
          ),
        );
    }
  }
  return { filter, faults };
};

/** Reads the filters of a subscriber. `role`: its role in the directory. Each fault has the place of its filter. */
export const readFilters = (texts: readonly string[], role: Role): ReadFilter => {
  const at = 'Subscription.criteria.extension';
  const read = texts.map((text, index) => readFilter(text, role, `${at}[${index}]`));
  const names = texts.flatMap((text) => [...new URLSearchParams(text.slice(text.indexOf('?') + 1)).keys()]);
  return {
    filter: Object.assign({}, ...read.map(({ filter }) => filter)),
    faults: [
      ...read.flatMap(({ faults }) => faults),
      ...(texts.join('').length > longestFilter
        ? [unsupported(at, `filters are longer than ${longestFilter} characters`)]
        : []),
      ...(new Set(names).size === names.length
        ? []
        : [unsupported(at, 'each filter is given once, with all its values: event=a,b')]),
    ],
  };
};
