import { codesOf, roles } from '../../schemas/codes.ts';
import { isRefusal, type Refusal, refuse } from '../../schemas/faults.ts';
import { systems } from '../../schemas/names.ts';
import type { Subscriptions } from '../delivery/subscription.ts';
import type { Viewpoint } from '../fhir/fhir.ts';
import { organizationResource } from '../fhir/organization.ts';
import { hub, type Party } from '../mission/state.ts';
import { reachOf } from './reachability.ts';
import { pageOf, searchAnswer } from './search/page.ts';
import { finds, type Search } from './search/read-search.ts';
import type { Values } from './search/conditions.ts';

/** The hub itself has no organisation number. */
const valuesOf = ({ organisation, role, name }: Party): Values<'Organization'> => ({
  _id: [{ value: organisation }],
  type: [{ system: systems.partyRole, value: role }],
  name,
  identifier: role === hub.role ? [] : [{ system: systems.organisationNumber, value: organisation }],
});

/** Parameters of which one must be given: a search that returns the whole directory has most likely lost its parameter. */
const selecting = ['type', 'name', 'identifier', '_id'] as const;

/**
 * `GET Organization?type=<role>`, `?name=…`, `?identifier=…`: organisations that a message can be addressed to, and whether the hub
 * can reach them by machine.
 */
export const searchOrganisations = async (
  ports: { readonly subscriptions: Subscriptions },
  search: Search<'Organization'>,
  view: Viewpoint,
): Promise<{ readonly outcome: 'found'; readonly resource: unknown } | Refusal> => {
  if (!selecting.some((name) => search.conditions.has(name)))
    return refuse(
      'unknown-search',
      'http.type',
      `give type=<role> (${codesOf(roles).join(', ')}), or another one of ${selecting.join(', ')}`,
    );
  const parties = codesOf(roles).flatMap((role) => view.directory.partiesOf(role));
  const page = pageOf(
    search,
    parties,
    { placeOf: ({ organisation }) => organisation, form: /^(?:\d{9}|luftbro)$/ },
    (party) => finds(search, valuesOf(party)),
  );
  if (isRefusal(page)) return page;
  const reach = await reachOf(
    ports,
    page.rows.filter(({ role }) => role !== hub.role).map(({ organisation }) => organisation),
  );
  const listed = page.rows.map((party) => ({
    resource: organizationResource(party, reach.get(party.organisation)),
    path: `Organization/${party.organisation}`,
  }));
  return { outcome: 'found', resource: searchAnswer(search, page, listed, view) };
};
