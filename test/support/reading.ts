import { acceptMessage } from '../../core/mission/accept-message.ts';
import { fanOut } from '../../core/delivery/fan-out.ts';
import type { Caller } from '../../core/audit/access-log.ts';
import type { Party } from '../../core/mission/state.ts';
import { type Handling, type Query, readSearch, type Search } from '../../core/queries/search/read-search.ts';
import { isRefusal, type Refusal } from '../../schemas/faults.ts';
import { isObject } from '../../schemas/json/json.ts';
import type { Message } from '../../schemas/reading/message.ts';
import type { SearchType } from '../../schemas/searches.ts';
import { sampleSubscription } from '../contract/scenario.ts';
import { type MemoryHub, memoryHub } from '../memory/hub.ts';
import { parties, sentBy } from './messages.ts';

/** What searches of the hub in memory answer. */
export type Resource = Readonly<Record<string, unknown>>;
export type Answer = { readonly outcome: 'found'; readonly resource: unknown } | Refusal;

const sendTo = async (hub: MemoryHub, sender: Party, message: Message): Promise<void> => {
  const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (isRefusal(accepted)) throw new Error(JSON.stringify(accepted.faults));
  await fanOut(hub, accepted.entry);
  hub.clock.advance(60_000);
};

/** A hub in memory in which every party is subscribed, after messages sent a minute apart. */
export const hubAfter = async (...messages: readonly (readonly [Party, Message])[]): Promise<MemoryHub> => {
  const hub = memoryHub();
  for (const { organisation } of Object.values(parties))
    await hub.subscriptions.create(sampleSubscription(organisation, organisation), hub.clock.iso());
  for (const [sender, message] of messages) await sendTo(hub, sender, message);
  return hub;
};

export const callerFor = ({ organisation, role }: Party): Caller => ({ organisation, role });

export const resourceIn = (answer: Answer): unknown => {
  if (isRefusal(answer)) throw new Error(JSON.stringify(answer.faults));
  return answer.resource;
};

export const faultIn = (answer: Answer): string => (isRefusal(answer) ? answer.faults[0].code : 'no fault');

const entriesIn = (bundle: unknown): readonly Resource[] => {
  const list: unknown = isObject(bundle) ? bundle['entry'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject);
};

/** The resources of a searchset that stand in it as its matches, or go with them. */
export const listed = (bundle: unknown, mode: 'match' | 'include' | 'outcome' = 'match'): readonly Resource[] =>
  entriesIn(bundle).flatMap(({ resource, search }) =>
    isObject(resource) && isObject(search) && search['mode'] === mode ? [resource] : [],
  );

/** Where the next page is. */
export const nextOf = (bundle: unknown): string | undefined => {
  const links: unknown = isObject(bundle) ? bundle['link'] : undefined;
  const next = (Array.isArray(links) ? links : []).filter(isObject).find(({ relation }) => relation === 'next');
  return next === undefined ? undefined : String(next['url']);
};

const usualHandling: Handling = {
  base: 'https://hub.example/fhir',
  now: Date.parse('2026-02-01T12:00:00Z'),
  lenient: false,
};

/** A search by these parameters, which the hub must not refuse. */
export const searchFor = <Type extends SearchType>(
  type: Type,
  parameters: Readonly<Record<string, string>> = {},
): Search<Type> => {
  const search = readSearch(type, Object.entries(parameters), usualHandling);
  if (isRefusal(search)) throw new Error(JSON.stringify(search.faults));
  return search;
};

/** A search by these parameters; its answer, or the refusal of the parameters. */
export const searching = async <Type extends SearchType, Found extends { readonly outcome: 'found' }>(
  type: Type,
  parameters: Query | Readonly<Record<string, string>>,
  find: (search: Search<Type>) => Promise<Found | Refusal> | Found | Refusal,
  handling: Partial<Handling> = {},
): Promise<Found | Refusal> => {
  const query = Array.isArray(parameters) ? parameters : Object.entries(parameters);
  const search = readSearch(type, query, { ...usualHandling, ...handling });
  return isRefusal(search) ? search : find(search);
};
