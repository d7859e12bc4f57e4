import release from '../../../package.json' with { type: 'json' };
import { exerciseCode, fhirJson, missionTopic, systems } from '../../../schemas/names.ts';
import { catalogue } from '../../../schemas/messages/catalogue.ts';
import { filterCriteriaExtension, payloadContentExtension } from '../../../schemas/subscription.ts';
import { messageText, namingText } from '../message-pages.ts';
import type { Node } from './node.ts';
import { operations, tokenScopes } from './operations.ts';
import { tags } from './operation-texts.ts';
import { refusalExamples, refusalResponses, refusals, refusalTable } from './refusals.ts';
import { schemas } from './schemas.ts';
import { type Step, stepsIn } from './steps.ts';
import { webhooks } from './webhooks.ts';

/** The API reference, OpenAPI 3.1: written to `docs/openapi.json` by `npm run docs`. */

/** Placeholder for the base URL of a hub. The embedded host replaces it by its own. */
const hub = 'https://hub.luftbro.example/fhir';
/** HelseID's test environment. */
const tokenUrl = 'https://helseid-sts.test.nhn.no/connect/token';

export interface Sources {
  /** The text of a file in `partner/examples/`. */
  readonly example: (file: string) => string;
  /** Answers of the hub by operation, recorded by the end-to-end tests. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The text of a file of this folder. */
  readonly file: (name: string) => string;
}

/** Moves headings one level below those of the operation. Links lead to the hub, not to other pages. */
const withinOperation = (text: string): string =>
  text
    .replaceAll(/^## /gm, '#### ')
    .replaceAll(/\]\(codes\.md#([a-z-]+)\)/g, `](${hub}/CodeSystem/$1)`)
    .replaceAll(/\[([^\]]+)\]\(README\.md#[^)]+\)/g, '$1: at the top of this page')
    .replaceAll(/\[([a-z-]+)\]\([a-z-]+\.md\)/g, '`$1`');

const nameOf = ({ file }: Step): string => file.replace(/\.json$/, '');

const titles = ['First mission', 'Second mission', 'No mission'];

/** One example for each message of the two missions, in the order in which they are sent. */
const messageExamples = ({ example }: Sources): Readonly<Record<string, Node>> =>
  Object.fromEntries(
    stepsIn(example('README.md')).flatMap((steps, table) =>
      steps.map((step, index) => {
        const type = catalogue.find((one) => one.example === step.file);
        return [
          nameOf(step),
          {
            summary: `${titles[table]} ${index + 1}. ${nameOf(step).replace(/^second-mission-/, '')}, from ${step.client}`,
            description: [
              `Send it as \`${step.client}\`: ${step.what}.`,
              ...(type === undefined ? [] : messageText(type).map(withinOperation)),
            ].join('\n\n'),
            'x-sample-client': step.client,
            value: JSON.parse(example(step.file)),
          },
        ];
      }),
    ),
  );

const subscription = {
  resourceType: 'Subscription',
  status: 'requested',
  reason: 'Coordination system of AMK LA Oslo',
  criteria: missionTopic,
  _criteria: {
    extension: [
      {
        url: filterCriteriaExtension,
        valueString: 'MessageHeader?event=mission-request,review-request,resource-status',
      },
    ],
  },
  channel: {
    type: 'rest-hook',
    endpoint: 'https://partner.example/notify',
    payload: fhirJson,
    _payload: { extension: [{ url: payloadContentExtension, valueCode: 'full-resource' }] },
  },
};

const parameters = (...parameter: readonly Node[]): Node => ({ resourceType: 'Parameters', parameter });

/** Request bodies that are not messages. */
const bodyExamples: Readonly<Record<string, Node>> = {
  subscribe: {
    summary: 'Some events, with the resources',
    description:
      'Filters are `event`, `priority` (urgency), `identifier` (mission) and `role` (your role in the mission). All may be left out. Payload content is `empty`, `id-only` or `full-resource`.',
    value: subscription,
  },
  changeSubscription: {
    summary: 'All events, without the resources',
    description: 'Replace `id` by the id that the hub assigned.',
    value: {
      ...subscription,
      id: '6f3b1d0e-4c2a-4b7e-9a55-0d8c7e1f2a34',
      _criteria: undefined,
      channel: {
        ...subscription.channel,
        _payload: { extension: [{ url: payloadContentExtension, valueCode: 'id-only' }] },
      },
    },
  },
  askStatus: {
    summary: 'Only subscriptions in status `error`',
    value: parameters({ name: 'status', valueCode: 'error' }),
  },
  askEvents: {
    summary: 'From the first event',
    value: parameters({ name: 'eventsSinceNumber', valueString: '1' }, { name: 'content', valueCode: 'id-only' }),
  },
  rotate: { summary: 'With an overlap of one hour', value: parameters({ name: 'overlap', valueUnsignedInt: 3600 }) },
};

/** A message in which a code is not one of R4. */
const checkExample = ({ example }: Sources): Node => ({
  summary: 'A request with a code that R4 does not have',
  description: 'The first message of the first mission, with `kvinne` in `Patient.gender`.',
  'x-sample-client': 'amk-innlandet',
  value: JSON.parse(example('mission-request.json').replace('"gender": "male"', '"gender": "kvinne"')),
});

const answerExamples = ({ answers }: Sources): Readonly<Record<string, Node>> =>
  Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, { summary: 'Answer of the hub', value }]));

const text = { type: 'string' };

/** A UUID with version and variant (RFC 9562), or a trace id (W3C Trace Context). */
const correlationPattern =
  '^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})$';

const headers: Readonly<Record<string, Node>> = {
  ETag: {
    description:
      'The version. Send that of a mission or Subscription back in `If-Match`, that of a published definition in `If-None-Match`.',
    schema: text,
    example: 'W/"3"',
  },
  'Last-Modified': { description: 'Time of the last change of the mission.', schema: text },
  Location: { description: 'Address of the Subscription.', schema: text },
  'X-Correlation-Id': {
    description:
      'Your correlation id if it is a UUID or a trace id, otherwise an id of the hub. A request that is refused before the hub reads the header (401) always gets an id of the hub. The id is in the log of the hub and in `OperationOutcome.id`.',
    schema: text,
  },
  'Retry-After': { description: 'Seconds to wait before you send the same request again.', schema: text, example: '2' },
  'WWW-Authenticate': { description: 'The accepted schemes: `DPoP`, with its algorithms.', schema: text },
};

const commonParameters: Readonly<Record<string, Node>> = {
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    description:
      'The version of the mission on which you decided, as in `ETag`: `W/"3"`. If the mission has changed since, the request is refused with 412. Required to reject or defer an accepted request (428 without).',
    schema: text,
  },
  'X-Correlation-Id': {
    name: 'X-Correlation-Id',
    in: 'header',
    description:
      'Your id for this request: a UUID, or a trace id of 32 hexadecimal digits. If it is neither, or is left out, the hub uses `X-Request-Id`, the trace id of `traceparent` or an id of its own. The answer contains the id that was used. A message is never refused because of it. Receivers get the id with their notifications.',
    schema: { type: 'string', pattern: correlationPattern },
  },
  _count: {
    name: '_count',
    in: 'query',
    description: 'Matches per page, 50 if left out, at most 100. 0: only their number (`Bundle.total`).',
    schema: { type: 'integer', minimum: 0 },
  },
  _format: {
    name: '_format',
    in: 'query',
    description: '`html` gives a page for reading and printing.',
    schema: { type: 'string', enum: ['json', 'html'] },
  },
};

/** A section that the page shows collapsed, if it can. */
const folded = (title: string, ...parts: readonly string[]): readonly string[] => [
  `<details><summary><b>${title}</b></summary>`,
  ...parts,
  '</details>',
];

const description = ({ file }: Sources): string =>
  [
    // A replacer function: the program has `$` in it.
    file('introduction.md')
      .trim()
      .replace('SCRIPT', () => file('call.mjs').trim()),
    `A message of an exercise has \`${systems.actReason}|${exerciseCode}\` in \`meta.security\`; this applies to every message of the exercise. Missions, resources and incidents of exercises are never in one list with real ones.`,
    '## Details',
    ...folded(
      'Reference to the mission, and the person who decided',
      ...namingText().map((part) => withinOperation(part)),
    ),
    ...folded(
      'Refusals',
      'The answer is an `OperationOutcome`: a stable code and the side that must act (`details.coding`), what to do (`details.text`), the particulars (`diagnostics`) and the place (`expression`, FHIRPath). Nothing of a refused message is stored. Program against the code, not against the text. If the hub must act, send the same request again unchanged: nothing happens twice.',
      refusalTable(),
    ),
  ].join('\n\n');

const sendable = catalogue.filter(({ senders }) => !senders.includes('hub'));

export const openApi = (sources: Sources): Node => {
  const messages = messageExamples(sources);
  const offered = operations(Object.keys(messages));
  const paths = Object.fromEntries(
    Object.entries(offered).map(([path, methods]) => [
      path,
      Object.fromEntries(
        Object.entries(methods).map(([method, { traits, responses, ...operation }]) => [
          method,
          { ...operation, responses: { ...responses, ...refusals(traits) } },
        ]),
      ),
    ]),
  );
  return {
    openapi: '3.1.1',
    info: {
      title: 'luftbro',
      version: release.version,
      summary: 'FHIR hub for air-ambulance missions',
      description: description(sources),
    },
    servers: [{ url: hub, description: 'The hub' }],
    externalDocs: { url: 'https://hl7.org/fhir/R4/', description: 'FHIR R4' },
    tags,
    paths,
    webhooks: webhooks(),
    components: {
      securitySchemes: {
        accessToken: {
          type: 'oauth2',
          description:
            'OAuth 2 client credentials of HelseID. `Authorization: DPoP <token>`; if the hub accepts tokens that are bound to no key, `Authorization: Bearer <token>`.',
          flows: { clientCredentials: { tokenUrl, scopes: tokenScopes() } },
        },
        proof: {
          type: 'apiKey',
          in: 'header',
          name: 'DPoP',
          description:
            'A new proof of your key for each request (RFC 9449). A stolen token cannot be used without the key.',
        },
      },
      parameters: commonParameters,
      headers,
      responses: refusalResponses(
        Object.values(offered)
          .flatMap((methods) => Object.values(methods))
          .map(({ traits }) => traits),
      ),
      schemas: schemas(sendable),
      examples: {
        ...messages,
        check: checkExample(sources),
        ...bodyExamples,
        ...answerExamples(sources),
        ...refusalExamples(),
      },
    },
  };
};
