import type { Fault } from '../faults.ts';
import { isInPeriod } from '../fhir/current.ts';
import { isObject, listOf } from '../json/json.ts';
import { contradiction } from './contradiction.ts';
import type { Found } from './resolver.ts';

/**
 * Elements that change the meaning of a resource that the hub reads (R4 `isModifier`). The hub acts on none of them, so a message
 * in which one says other than usual is refused.
 */

type Json = Readonly<Record<string, unknown>>;

/** What is wrong with a value of a modifier element; `undefined` if it changes nothing. */
type Rule = (value: unknown, now: string | undefined) => string | undefined;

const only =
  (usual: readonly unknown[], advice: string): Rule =>
  (value) =>
    usual.includes(value) ? undefined : advice;

const orderLike = ['order', 'original-order', 'reflex-order', 'filler-order', 'instance-order'];
const intent = only(orderLike, `must be an order: ${orderLike.join(', ')}`);
const active = only([true], 'must be true: what is not in use cannot be named');
const current: Rule = (period, now) =>
  isInPeriod(period, now) ? undefined : 'does not contain the time of the message: name a role that is held now';

/** `null` and an empty list say nothing. They are not valid R4 either, and are warned of. */
const saysNothing = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

/** Rules for every type of resource. */
const everyType: Readonly<Record<string, Rule>> = {
  implicitRules: () => 'names rules that the hub does not know: remove it',
};

/**
 * Modifier elements by type, and elements that end what a resource says. `status` of the resource in focus is read by the schema
 * of the message, which also names the message to send instead.
 */
export const modifiers: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  MessageHeader: { response: () => 'the hub takes no response messages: remove it' },
  ServiceRequest: {
    intent,
    doNotPerform: only([false], 'must be absent or false: to end a mission, send mission-cancel'),
  },
  Task: { intent },
  Location: {
    status: only(['active'], 'must be "active": a place that is not in use is no place to fly to'),
    mode: only(['instance'], 'must be "instance": a kind of place is no place'),
  },
  Organization: { active },
  Patient: { active },
  Practitioner: { active },
  PractitionerRole: { active, period: current },
};

/** Choices of types: one resource or value has one of them (R4 2.1.0.1, `value[x]`). */
export const choices = ['value', 'occurrence', 'quantity', 'asNeeded', 'effective'] as const;

const choicePattern = new RegExp(`^(${choices.join('|')})[A-Z]`);

const choiceFaults = (value: Json, at: string): readonly Fault[] => {
  const given = new Map<string, string>();
  return Object.keys(value).flatMap((name) => {
    const choice = choicePattern.exec(name)?.[1];
    if (choice === undefined) return [];
    const first = given.get(choice);
    if (first === undefined) {
      given.set(choice, name);
      return [];
    }
    const detail = `${choice}[x] has one type: give one.`;
    return [contradiction({ at: `${at}.${first}` }, { at: `${at}.${name}` }, detail)];
  });
};

/** Faults at any depth of a resource, without the resources contained in it: those are read only if a reference leads there. */
const innerFaults = (value: unknown, at: string): readonly Fault[] => {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => innerFaults(item, `${at}[${index}]`));
  if (!isObject(value)) return [];
  return [
    ...(saysNothing(value['modifierExtension'])
      ? []
      : [
          {
            code: 'changed-meaning' as const,
            at: `${at}.modifierExtension`,
            detail: 'has an extension that the hub does not know and that changes what the element means: remove it',
          },
        ]),
    ...choiceFaults(value, at),
    ...Object.entries(value).flatMap(([name, member]) =>
      name === 'contained' || name === 'modifierExtension' ? [] : innerFaults(member, `${at}.${name}`),
    ),
  ];
};

const ruleFaults = (resource: Json, at: string, now: string | undefined): readonly Fault[] =>
  Object.entries({ ...everyType, ...modifiers[String(resource['resourceType'])] }).flatMap(([element, rule]) => {
    const value = resource[element];
    // With an extension alone the value is unknown, and may be the unusual one.
    const isSaid = !saysNothing(value) || resource[`_${element}`] !== undefined;
    const detail = isSaid ? rule(value, now) : undefined;
    return detail === undefined ? [] : [{ code: 'changed-meaning' as const, at: `${at}.${element}`, detail }];
  });

/** Faults of one resource that the hub reads; `now` is the time of the message. */
export const modifierFaults = (
  { resource, at }: Pick<Found, 'resource' | 'at'>,
  now: string | undefined,
): readonly Fault[] => [...ruleFaults(resource, at, now), ...innerFaults(resource, at)];

/**
 * Whether an element that a reader may not see changes what a resource means: a request not to act, unknown rules or an unknown
 * modifier extension. Such a resource is not shown in part.
 */
export const isModified = (resource: Json): boolean =>
  !saysNothing(resource['implicitRules']) ||
  (!saysNothing(resource['doNotPerform']) && resource['doNotPerform'] !== false) ||
  innerFaults(resource, '').some(({ code }) => code === 'changed-meaning');

/** Faults of the Bundle itself, without its resources. */
export const bundleModifierFaults = (bundle: Json): readonly Fault[] => {
  const { entry, ...others } = bundle;
  return [
    ...modifierFaults({ resource: others, at: 'Bundle' }, undefined),
    ...listOf(entry).flatMap((one, index) => {
      if (!isObject(one)) return [];
      const { resource: _resource, ...envelope } = one;
      return innerFaults(envelope, `Bundle.entry[${index}]`);
    }),
  ];
};
