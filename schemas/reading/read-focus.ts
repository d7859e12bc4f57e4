import { defined } from '../defined.ts';
import type { Fault } from '../faults.ts';
import { type Reference, reference as referenceSchema } from '../fhir/datatypes.ts';
import type { MessageHeader } from '../fhir/resources.ts';
import type { Parsed } from '../fhir/zod-faults.ts';
import { isMissionId, parseAddress } from '../identifiers.ts';
import { isObject, listOf } from '../json/json.ts';
import { systems } from '../names.ts';
import type { Warning } from '../warnings.ts';
import { contradiction } from './contradiction.ts';
import { focusPath } from './fhir-paths.ts';
import { type Found, inHeader, type Resolver } from './resolver.ts';

/** What `MessageHeader.focus` names: resources of the Bundle, each once, and the mission. */
export interface Focus {
  readonly resources: readonly Found[];
  /** The mission, if one is named. */
  readonly named?: NamedMission;
  readonly warnings: readonly Warning[];
}

/** A mission number that the message gives. */
export interface NamedMission {
  readonly mission: string;
  readonly at: string;
}

const wrongNumber = 'is not a mission number of the hub: send it as the hub gave it, in lower case';

/** Mission numbers among the identifiers of a ServiceRequest. */
const missionsOf = ({ resource, at }: Found): readonly NamedMission[] => {
  const { identifier } = resource;
  const isRequest = resource['resourceType'] === 'ServiceRequest';
  return listOf(isRequest ? identifier : undefined).flatMap((one, index) =>
    isObject(one) && one['system'] === systems.mission && typeof one['value'] === 'string'
      ? [{ mission: one['value'], at: `${at}.identifier[${index}].value` }]
      : [],
  );
};

/** The mission that a reference of a Task means. */
const missionBehind = (value: unknown, found: Found, { resolve }: Resolver): string | undefined => {
  const reference = referenceSchema.safeParse(value).data;
  const { system, value: number } = reference?.identifier ?? {};
  if (system === systems.mission) return number;
  const resolution = resolve(reference, found);
  return resolution.outcome === 'at-hub' && resolution.type === 'ServiceRequest' ? resolution.id : undefined;
};

/** The mission in the id of a Task, if the hub gave the id. It must agree with the mission that is named, and does not name it. */
const missionOfTask = ({ resource, at }: Found): readonly NamedMission[] => {
  const { resourceType, id } = resource;
  const mission = resourceType === 'Task' && typeof id === 'string' ? parseAddress(id)?.mission : undefined;
  return mission === undefined ? [] : [{ mission, at: `${at}.id` }];
};

/** References of a Task to another mission than the one meant. The hub does not act on them, but a receiver may. */
const otherMissions = (found: Found, meant: string | undefined, resolver: Resolver): readonly Warning[] => {
  const { resource, at } = found;
  if (resource['resourceType'] !== 'Task' || meant === undefined) return [];
  const { basedOn, focus } = resource;
  const references = [
    ...listOf(basedOn).map((value, index) => ({ value, place: `basedOn[${index}]` })),
    { value: focus, place: 'focus' },
  ];
  return references.flatMap(({ value, place }): readonly Warning[] => {
    const mission = missionBehind(value, found, resolver);
    return mission === undefined || mission === meant ? [] : [{ code: 'other-mission-named', at: `${at}.${place}` }];
  });
};

/** A resource in focus, or the mission of one at the hub. */
type Meant = Parsed<{ readonly found?: Found; readonly missions: readonly NamedMission[] }>;

const unresolved = (at: string): Meant => ({
  ok: false,
  faults: [
    {
      code: 'unresolved-reference',
      at,
      detail: `is neither in the Bundle nor at the hub: reference an entry by its fullUrl, or the mission by identifier (system ${systems.mission})`,
    },
  ],
});

const readOne = (reference: Reference, at: string, { resolve }: Resolver): Meant => {
  const { identifier } = reference;
  const number = identifier?.system === systems.mission ? identifier.value : undefined;
  const missions = number === undefined ? [] : [{ mission: number, at: `${at}.identifier.value` }];
  const resolution = resolve(reference, inHeader);
  switch (resolution.outcome) {
    case 'found': {
      const { found } = resolution;
      if (found.index !== inHeader.index) return { ok: true, value: { found, missions } };
      const detail = 'must be an entry of the Bundle of its own: the hub stores and serves it under its own address';
      return { ok: false, faults: [{ code: 'wrong-field', at, detail }] };
    }
    case 'at-hub': {
      const { type, id } = resolution;
      const mission = type === 'ServiceRequest' ? (parseAddress(id)?.mission ?? id) : parseAddress(id)?.mission;
      if (mission === undefined) return number === undefined ? unresolved(at) : { ok: true, value: { missions } };
      return { ok: true, value: { missions: [...missions, { mission, at: `${at}.reference` }] } };
    }
    case 'ambiguous': {
      const [one = { at }, other = { at }] = resolution.candidates;
      return { ok: false, faults: [contradiction(one, other, 'Both can be meant by one reference in focus.')] };
    }
    case 'unresolved':
      // A number says which mission it is; an identifier of the sender names something that only the sender has.
      return reference.reference === undefined || number !== undefined
        ? { ok: true, value: { missions } }
        : unresolved(at);
    case 'nothing':
      return { ok: true, value: { missions } };
  }
};

/** Reads `MessageHeader.focus`. Every reference must lead somewhere, and all to one mission. */
export const readFocus = (header: MessageHeader, resolver: Resolver): Parsed<Focus> => {
  const resources = new Set<Found>();
  const faults: Fault[] = [];
  let first: NamedMission | undefined;
  const take = (missions: readonly NamedMission[]): void => {
    for (const named of missions) {
      if (!isMissionId(named.mission)) faults.push({ code: 'wrong-field', at: named.at, detail: wrongNumber });
      else if (first === undefined) first = named;
      else if (first.mission !== named.mission)
        faults.push(contradiction(first, named, 'They name different missions. One message is about one mission.'));
    }
  };
  (header.focus ?? []).forEach((reference, index) => {
    const meant = readOne(reference, `${focusPath}[${index}]`, resolver);
    if (!meant.ok) {
      faults.push(...meant.faults);
      return;
    }
    const { found, missions } = meant.value;
    take(missions);
    // The identifiers of a resource are read once, however often it is in focus.
    if (found !== undefined && !resources.has(found)) {
      resources.add(found);
      take(missionsOf(found));
    }
  });
  const named = first;
  take([...resources].flatMap(missionOfTask));
  if (faults.length > 0) return { ok: false, faults };
  const warnings = [...resources].flatMap((found) => otherMissions(found, first?.mission, resolver));
  return { ok: true, value: { resources: [...resources], warnings, ...defined({ named }) } };
};

/** The one resource of a type in focus; `undefined` if there is none, a fault if there are two. */
export const oneInFocus = ({ resources }: Focus, types: readonly string[]): Parsed<Found | undefined> => {
  const [only, second] = resources.filter(({ resource }) => types.includes(String(resource['resourceType'])));
  if (only === undefined || second === undefined) return { ok: true, value: only };
  const detail = `Both are in focus, and the hub acts on one ${types.join(' or ')} of a message: send two messages.`;
  return { ok: false, faults: [contradiction(only, second, detail)] };
};
