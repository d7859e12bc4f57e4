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

/** Stands for the base URL of a hub; the embedded host puts its own in its place. */
const hub = 'https://hub.luftbro.example/fhir';
/** HelseID's test environment. */
const tokenUrl = 'https://helseid-sts.test.nhn.no/connect/token';

export interface Sources {
  /** The text of a file in `partner/examples/`. */
  readonly example: (file: string) => string;
  /** What the hub answered, by the name of the operation; the end-to-end tests write it down. */
  readonly answers: Readonly<Record<string, unknown>>;
  /** The text of a file of this folder. */
  readonly file: (name: string) => string;
}

/** Headings one level below those of the operation they stand in; links lead to the hub, not to other pages. */
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

/** Bodies that are no messages. */
const bodyExamples: Readonly<Record<string, Node>> = {
  subscribe: {
    summary: 'Some events, with the resources',
    description:
      'Filters are `event`, `priority` (urgency), `identifier` (mission) and `role` (what you are in the mission), and may be left out. Payload content is `empty`, `id-only` or `full-resource`.',
    value: subscription,
  },
  changeSubscription: {
    summary: 'All events, without the resources',
    description: 'Put in the id that the hub gave.',
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
  askStatus: { summary: 'Of those that do not work', value: parameters({ name: 'status', valueCode: 'error' }) },
  askEvents: {
    summary: 'From the first one on',
    value: parameters({ name: 'eventsSinceNumber', valueString: '1' }, { name: 'content', valueCode: 'id-only' }),
  },
  rotate: { summary: 'With an hour for both', value: parameters({ name: 'overlap', valueUnsignedInt: 3600 }) },
};

const answerExamples = ({ answers }: Sources): Readonly<Record<string, Node>> =>
  Object.fromEntries(Object.entries(answers).map(([name, value]) => [name, { summary: 'As the hub answers', value }]));

const text = { type: 'string' };

/** A UUID with version and variant (RFC 9562), or a trace id (W3C Trace Context). */
const correlationPattern =
  '^(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32})$';

const headers: Readonly<Record<string, Node>> = {
  ETag: {
    description:
      'The version: of the mission, to be sent back in `If-Match`; of what is published, in `If-None-Match`.',
    schema: text,
    example: 'W/"3"',
  },
  'Last-Modified': { description: 'When the mission last changed.', schema: text },
  Location: { description: 'Where the Subscription is.', schema: text },
  'X-Correlation-Id': {
    description:
      'The one you gave if it is a UUID or a trace id, else one of the hub, as always where you are refused before the hub has read it (401). It is in the log of the hub and in `OperationOutcome.id`.',
    schema: text,
  },
  'Retry-After': { description: 'Seconds to wait before the same request is sent again.', schema: text, example: '2' },
  'WWW-Authenticate': { description: 'The schemes that are taken: `DPoP`, with its algorithms.', schema: text },
};

const commonParameters: Readonly<Record<string, Node>> = {
  'If-Match': {
    name: 'If-Match',
    in: 'header',
    description:
      'The version of the mission that you decided on, as in `ETag`: `W/"3"`. Refused with 412 if the mission has changed since. Who overturns an acceptance must send it (428).',
    schema: text,
  },
  'X-Correlation-Id': {
    name: 'X-Correlation-Id',
    in: 'header',
    description:
      'Your id for this request: a UUID, or a trace id of 32 hexadecimal digits. If it is neither, or is left out, the hub takes `X-Request-Id`, the trace id of `traceparent` or an id of its own; the answer says which was used, and a message is never refused for it. Receivers get it with their notifications.',
    schema: { type: 'string', pattern: correlationPattern },
  },
  _count: {
    name: '_count',
    in: 'query',
    description: 'Rows of a page, 1 to 100.',
    schema: { type: 'integer', minimum: 1, maximum: 100 },
  },
  _format: {
    name: '_format',
    in: 'query',
    description: '`html` for a page for people.',
    schema: { type: 'string', enum: ['json', 'html'] },
  },
};

/** Folded in where the page can fold. */
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
    `A message of an exercise carries \`${systems.actReason}|${exerciseCode}\` in \`meta.security\`, from the first to the last; missions, resources and incidents of exercises are never in one list with real ones.`,
    '## Details',
    ...folded('How to name the mission, and who decided', ...namingText().map((part) => withinOperation(part))),
    ...folded(
      'What each refusal means',
      'The answer is an `OperationOutcome`: a stable code and who has to act (`details.coding`), what to do (`details.text`), what is special (`diagnostics`) and where (`expression`, FHIRPath). Nothing of a refused message is stored. Program against the code, not against the text. What the hub has to act on is sent again as it is: nothing happens twice.',
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
            'OAuth 2 client credentials of HelseID. `Authorization: DPoP <token>`; where the hub takes tokens that are bound to no key, `Authorization: Bearer <token>`.',
          flows: { clientCredentials: { tokenUrl, scopes: tokenScopes() } },
        },
        proof: {
          type: 'apiKey',
          in: 'header',
          name: 'DPoP',
          description:
            'A new proof of your key for each request (RFC 9449): a token alone is worth nothing to who steals it.',
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
      examples: { ...messages, ...bodyExamples, ...answerExamples(sources), ...refusalExamples() },
    },
  };
};
