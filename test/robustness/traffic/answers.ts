import { digestOf, type Event, parseWithDigits, type Parts } from '../history.ts';

/** Reads the hub's answers and notifications as a vendor does, from the published shapes. */

interface Json {
  readonly [name: string]: unknown;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objectIn = (value: unknown, name: string): Json => {
  const member = isObject(value) ? value[name] : undefined;
  return isObject(member) ? member : {};
};
const listIn = (value: unknown, name: string): readonly Json[] => {
  const member = isObject(value) ? value[name] : undefined;
  return Array.isArray(member) ? member.filter(isObject) : [];
};
export const textIn = (value: unknown, name: string): string | undefined => {
  const member = isObject(value) ? value[name] : undefined;
  return typeof member === 'string' ? member : undefined;
};

export const parse = (text: string): unknown => {
  try {
    return parseWithDigits(text);
  } catch {
    return undefined;
  }
};

const bundledIn = (bundle: unknown): readonly Json[] => listIn(bundle, 'entry');

/** The version in an `ETag` of a mission. */
export const versionIn = (etag: string | null): number | undefined => {
  const digits = /^W\/"(\d+)"$/.exec(etag ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
};

export const faultIn = (outcome: unknown): string | undefined =>
  listIn(objectIn(listIn(outcome, 'issue')[0], 'details'), 'coding')
    .filter(({ system }) => typeof system === 'string' && system.endsWith('/fault'))
    .map((coding) => textIn(coding, 'code'))[0];

/** The mission that an accepted message concerns, and the warnings of the answer. */
export const acceptanceIn = (
  text: string,
): { readonly mission: string | undefined; readonly warnings: readonly string[] } => ({
  mission: /"system":"https:\/\/luftbro\.example\/fhir\/sid\/mission","value":"([0-9a-f-]{36})"/.exec(text)?.[1],
  warnings: [...text.matchAll(/CodeSystem\/warning","code":"([a-z-]+)"/g)].map(([, code]) => code ?? ''),
});

export const hasNext = (bundle: unknown): string | undefined =>
  listIn(bundle, 'link')
    .filter((link) => link['relation'] === 'next')
    .map((link) => textIn(link, 'url'))[0];

interface Parameter {
  readonly name: string | undefined;
  readonly parameter: Json;
}

const parametersOf = (resource: unknown): readonly Parameter[] =>
  listIn(resource, 'parameter').map((parameter) => ({ name: textIn(parameter, 'name'), parameter }));

const referenceIn = (parameter: Json): string => textIn(objectIn(parameter, 'valueReference'), 'reference') ?? '';

/** The organisation that a message of the hub asks to phone. */
const phoneIn = (resources: readonly Json[]): string | undefined => {
  if (!resources.some(({ resourceType }) => resourceType === 'CommunicationRequest')) return undefined;
  const organisation = resources.find(({ resourceType }) => resourceType === 'Organization');
  return listIn(organisation, 'identifier').map((identifier) => textIn(identifier, 'value'))[0];
};

/** Events in the notification or page, in order. With full content each is followed by its resources up to those of the next. */
export const notificationIn = (text: string) => {
  const bundle = parse(text);
  const entries = bundledIn(bundle);
  const parameters = parametersOf(objectIn(entries[0], 'resource'));
  const valueOf = (name: string, member: string): string | undefined =>
    parameters.filter((one) => one.name === name).map(({ parameter }) => textIn(parameter, member))[0];
  const byUrl = new Map<string, Json[]>();
  for (const entry of entries) {
    const url = textIn(entry, 'fullUrl') ?? '';
    const resource = entry['resource'];
    if (isObject(resource)) byUrl.set(url, [...(byUrl.get(url) ?? []), resource]);
  }
  const events = parameters
    .filter(({ name }) => name === 'notification-event')
    .map(({ parameter }): Event => {
      const inner = listIn(parameter, 'part').map((one) => ({ name: textIn(one, 'name'), parameter: one }));
      const focus = inner.filter(({ name }) => name === 'focus').map((one) => referenceIn(one.parameter))[0];
      const context = inner
        .filter(({ name }) => name === 'additional-context')
        .map((one) => referenceIn(one.parameter));
      const resources = context.flatMap((url) => byUrl.get(url) ?? []);
      const header = resources.find(({ resourceType }) => resourceType === 'MessageHeader');
      const stored = context
        .map((url) => /\/Bundle\/[0-9a-f-]{36}\.(\d+)$/.exec(url)?.[1])
        .find((one) => one !== undefined);
      const shown = (byUrl.get(focus ?? '') ?? []).map((one) => textIn(objectIn(one, 'meta'), 'versionId'))[0];
      const version = stored ?? shown;
      const parts: Parts = Object.fromEntries(
        context.flatMap((url) =>
          url.startsWith('urn:') ? (byUrl.get(url) ?? []).map((one) => [url, digestOf(one)]) : [],
        ),
      );
      return {
        number: Number(
          inner
            .map((one) => (one.name === 'event-number' ? textIn(one.parameter, 'valueString') : undefined))
            .find((one) => one !== undefined),
        ),
        mission: /\/ServiceRequest\/([0-9a-f-]{36})$/.exec(focus ?? '')?.[1],
        version: version === undefined ? undefined : Number(version),
        message: textIn(header, 'id'),
        event: textIn(objectIn(header, 'eventCoding'), 'code'),
        phone: phoneIn(resources),
        ...(header === undefined ? {} : { parts }),
      };
    });
  const last = valueOf('events-since-subscription-start', 'valueString');
  return {
    type: valueOf('type', 'valueCode') ?? '',
    state: valueOf('status', 'valueCode'),
    subscription: parameters
      .filter(({ name }) => name === 'subscription')
      .map(({ parameter }) => referenceIn(parameter).split('/').at(-1))[0],
    last: last === undefined ? undefined : Number(last),
    events,
    next: hasNext(bundle),
  };
};

/** The first resource of a searchset that is a status, read like a notification. */
export const statusIn = (text: string) => notificationIn(text);

export const logEntriesIn = (text: string) =>
  bundledIn(parse(text)).flatMap((entry) => {
    const provenance = objectIn(entry, 'resource');
    if (provenance['resourceType'] !== 'Provenance') return [];
    const version = /\.(\d+)$/.exec(textIn(provenance, 'id') ?? '')?.[1];
    const authors = listIn(provenance, 'agent').filter((agent) =>
      listIn(objectIn(agent, 'type'), 'coding').some(({ code }) => code === 'author'),
    );
    const sender = authors
      .map((agent) => /^Organization\/(\d{9})$/.exec(textIn(objectIn(agent, 'who'), 'reference') ?? '')?.[1])
      .find((organisation) => organisation !== undefined);
    return [
      {
        version: Number(version),
        event: textIn(listIn(objectIn(provenance, 'activity'), 'coding')[0], 'code') ?? '',
        ...(sender === undefined ? {} : { sender }),
      },
    ];
  });

const statuses = ['in-progress', 'completed', 'not-done'] as const;

/** Receipts of notifications; a receipt without a number is of a party without a subscription. */
export const receiptsIn = (text: string) =>
  bundledIn(parse(text)).flatMap((entry) => {
    const receipt = objectIn(entry, 'resource');
    const name = /^([0-9a-f-]{36})\.(\d+)$/.exec(textIn(receipt, 'id') ?? '');
    const status = statuses.find((one) => one === receipt['status']);
    const version = /\.(\d+)$/.exec(textIn(listIn(receipt, 'about')[0], 'reference') ?? '')?.[1];
    const organisation = textIn(objectIn(listIn(receipt, 'recipient')[0], 'identifier'), 'value');
    if (name === null || status === undefined || version === undefined || organisation === undefined) return [];
    return [{ subscription: name[1] ?? '', number: Number(name[2]), version: Number(version), organisation, status }];
  });

/** `MessageHeader.id` of a stored message. */
export const messageIdIn = (text: string): string | undefined =>
  textIn(objectIn(bundledIn(parse(text))[0], 'resource'), 'id');
