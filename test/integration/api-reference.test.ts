import { createConfig, lintFromString } from '@redocly/openapi-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openApiText } from '../../docs/generate/openapi/sources.ts';
import { correlationOf } from '../../functions/shared/http/correlation-id.ts';
import { readAssembly } from '../../local/aws/template.ts';
import { capabilityStatement } from '../../schemas/published/capability-statement.ts';
import { codesOf } from '../../schemas/codes.ts';
import { faults } from '../../schemas/faults.ts';
import { scopeFor, scopes } from '../../schemas/scopes.ts';
import { offered, reference, referenceText, responseOf } from '../support/api-reference.ts';
import { resourceOf } from '../support/requests.ts';
import { routesOfTemplate } from '../support/routes.ts';

let routes: Awaited<ReturnType<typeof routesOfTemplate>>;

beforeAll(async () => {
  routes = await routesOfTemplate();
});

/** The route of an operation. In a route, `$status` is a variable. */
const routeOf = ({ method, path }: (typeof offered)[number]): `${string} ${string}` =>
  `${method} ${resourceOf(
    path
      .slice(1)
      .replaceAll(/\{\w+\}/g, 'x')
      .replace(/^\$[\w-]+$/, 'x'),
  )}`;

test('the API reference is up to date: npm run docs writes it', () => expect(referenceText).toBe(openApiText()));

test('the API reference is valid OpenAPI 3.1', async () => {
  const config = await createConfig({
    extends: ['recommended'],
    rules: {
      // `Subscription/$status` beside `Subscription/{id}`: OpenAPI prefers the path without a variable, and so does the hub.
      'no-ambiguous-paths': 'off',
      // The project has no licence.
      'info-license': 'off',
      // A message contains more than the hub reads.
      'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true },
    },
  });
  const problems = await lintFromString({ source: referenceText, absoluteRef: 'openapi.json', config });
  expect(problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)).toEqual([]);
});

describe('the operations of the API reference', () => {
  /** Routes that the operation of another route describes: a search by form of every type, and a check at the type. */
  const isDescribedElsewhere = (route: string): boolean =>
    /^POST \/fhir\/\w+\/_search$/.test(route) || route === 'POST /fhir/{type}/{id}';

  test('equal the routes of the stack', () =>
    expect([...new Set(offered.map(routeOf))].toSorted()).toEqual(
      [...routes.keys()].filter((route) => !isDescribedElsewhere(route)).toSorted(),
    ));

  test('require a token where the stack does', () => {
    for (const operation of offered)
      expect([operation.pointer, operation.security.length === 0]).toEqual([
        operation.pointer,
        routes.get(routeOf(operation))?.open,
      ]);
  });

  test('include the searches and reads of the CapabilityStatement, with their parameters', () => {
    const [rest] = capabilityStatement('', { version: '', date: '' }).rest ?? [];
    for (const { type, interaction = [], searchParam = [] } of rest?.resource ?? []) {
      for (const { code } of interaction) {
        const path = new Map<string, string>([
          ['read', `/${type}/{id}`],
          ['search-type', `/${type}`],
        ]).get(code);
        const found = offered.find((one) => one.method === 'GET' && one.path === path);
        // Resources that exist in messages only are read at one path for all types.
        if (path !== undefined && searchParam.length > 0)
          expect([type, code, found === undefined]).toEqual([type, code, false]);
        if (code !== 'search-type') continue;
        const taken = (found?.parameters ?? []).flatMap((one) => ('in' in one && one.in === 'query' ? [one.name] : []));
        expect(taken).toEqual(expect.arrayContaining(searchParam.map(({ name }) => name)));
      }
    }
  });

  test('name the scope that they need, and every scope is named', () => {
    const named = offered.flatMap(({ security }) => security.flatMap((one) => one['accessToken'] ?? []));
    expect([...new Set(named)].toSorted()).toEqual(
      codesOf(scopes)
        .map((scope) => scopeFor('luftbro', scope))
        .toSorted(),
    );
  });

  test('list the answers of the gateway itself', async () => {
    const { template } = await readAssembly('cdk.out');
    const own = Object.values(template.Resources)
      .filter(({ Type }) => Type === 'AWS::ApiGateway::GatewayResponse')
      .map(({ Properties }) =>
        z.object({ ResponseType: z.string(), StatusCode: z.string().optional() }).parse(Properties),
      );
    const needsToken = ['UNAUTHORIZED', 'ACCESS_DENIED', 'AUTHORIZER_FAILURE', 'AUTHORIZER_CONFIGURATION_ERROR'];
    // No route, so no operation.
    const nowhere = ['MISSING_AUTHENTICATION_TOKEN', 'INVALID_SIGNATURE', 'EXPIRED_TOKEN', 'RESOURCE_NOT_FOUND'];
    for (const { ResponseType, StatusCode } of own) {
      if (StatusCode === undefined || nowhere.includes(ResponseType)) continue;
      const concerned = offered.filter(({ security }) => security.length > 0 || !needsToken.includes(ResponseType));
      for (const operation of concerned) expect(() => responseOf(operation, Number(StatusCode))).not.toThrow();
    }
  });
});

test('the texts of refusals are escaped, so that Markdown does not change them', () => {
  const { description } = reference.info;
  expect(description).toContain(String.raw`"\_\_proto\_\_"`);
  expect(description).not.toContain('"__proto__"');
});

test('every refusal is an example of an operation', () => {
  const shown = offered.flatMap((operation) =>
    Object.keys(operation.responses)
      .filter((status) => /^[45]\d\d$/.test(status))
      .flatMap((status) => Object.values(responseOf(operation, Number(status)).content))
      .flatMap(({ examples }) => Object.keys(examples)),
  );
  expect([...new Set(shown)].toSorted()).toEqual(codesOf(faults).toSorted());
});

describe('the pattern of a correlation id in the API reference', () => {
  const pattern = new RegExp(reference.components.parameters['X-Correlation-Id']?.schema.pattern ?? '');
  const usedFor = (given: string): string =>
    correlationOf({ headers: { 'X-Correlation-Id': given }, requestContext: { requestId: 'of the hub' } });

  test.each([
    '6f3b1d0e-4c2a-4b7e-9a55-0d8c7e1f2a34',
    '6F3B1D0E-4C2A-7B7E-9A55-0D8C7E1F2A34',
    '4bf92f3577b34da6a3ce929d0e0e4736',
  ])('accepts an id that the hub uses: %s', (id) => expect([pattern.test(id), usedFor(id)]).toEqual([true, id]));

  test.each(['kari.nordmann', '01018612345', '00000000-0000-0000-0000-001018612345', 'case-4711', '4bf92f35'])(
    'refuses an id that the hub does not use: %s',
    (id) => expect([pattern.test(id), usedFor(id)]).toEqual([false, 'of the hub']),
  );
});

test('the answers of a subscriber are listed by their meaning for the hub', () => {
  const { responses } = reference.webhooks.notification.post;
  const rejections = ['401', '402', '403', '404', '405', '407', '410', '421', '426', '451'];
  expect(Object.keys(responses).toSorted()).toEqual(
    [...rejections, '2XX', '3XX', '408', '425', '429', '4XX', '5XX'].toSorted(),
  );
});
