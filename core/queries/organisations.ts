import { codesOf, roles } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { systems } from '../../schemas/names.ts';
import type { Subscriptions } from '../delivery/subscription.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { organizationResource } from '../fhir/organization.ts';
import { searchset } from '../fhir/searchset.ts';
import { reachOf } from './reachability.ts';
import { fits, pageOf, type Search, tokensIn, unknownParameter } from './search.ts';

const parameters = ['type', 'name', 'name:contains', '_count', '_cursor', '_format'];

/** Names are compared without regard to case and accents. */
const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** `GET Organization?type=<role>`: organisations that a message can be addressed to, and whether the hub can reach them by machine. */
export const searchOrganisations = async (
  ports: { readonly subscriptions: Subscriptions },
  search: Search,
  view: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown } | Refusal> => {
  const unknown = unknownParameter(search, parameters, `organisations are searched by ${parameters.join(', ')}`);
  if (unknown !== undefined) return unknown;
  const asked = tokensIn(search, 'type');
  const known = codesOf(roles).filter((role) => fits(asked, systems.partyRole, role));
  if (asked === undefined || known.length < asked.length)
    return refuse('unknown-search', 'http.type', `give type=<role>, one of ${codesOf(roles).join(', ')}`);
  const begins = folded(search.get('name') ?? '');
  const contains = folded(search.get('name:contains') ?? '');
  const found = known
    .flatMap((role) => view.directory.partiesOf(role))
    .filter(({ name }) => folded(name).startsWith(begins) && folded(name).includes(contains));
  const page = pageOf(found, 'Organization', search);
  if (isRefusal(page)) return page;
  const reach = await reachOf(
    ports,
    page.items.filter(({ role }) => role !== 'hub').map(({ organisation }) => organisation),
  );
  const listed = page.items.map((party) => ({
    resource: organizationResource(party, reach.get(party.organisation)),
    path: `Organization/${party.organisation}`,
  }));
  return { outcome: 'found', resource: searchset(page.self, page.next, listed, view, found.length) };
};
