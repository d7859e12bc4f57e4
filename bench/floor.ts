import { Agent, request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Traffic } from './aws-protocol.ts';
import type { Services } from './services.ts';

/**
 * The minimal work of a handler: it parses the body and the entries it reads, and makes the same calls as the hub for the same
 * message, with the same contents, by the given clients. It has no checks, rules, compression or signatures.
 */
export interface Floor {
  /** For a message in the event format of API Gateway. */
  readonly process: (event: unknown) => Promise<void>;
  /** For a delivery job in the event format of SQS. */
  readonly deliver: (event: unknown) => Promise<void>;
}

const attribute = z.record(z.string(), z.unknown());

/** Converts a value of DynamoDB's JSON for the document client. */
const plain = (value: unknown): unknown => {
  const [[type, content] = ['NULL', true]] = Object.entries(attribute.parse(value));
  switch (type) {
    case 'S':
    case 'BOOL':
      return content;
    case 'N':
      return Number(content);
    case 'B':
      return Buffer.from(String(content), 'base64');
    case 'M':
      return plainMembers(content);
    case 'L':
      return Array.isArray(content) ? content.map(plain) : [];
    default:
      return null;
  }
};

const plainMembers = (members: unknown): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attribute.parse(members)).map(([name, value]) => [name, plain(value)]));

/** Makes a call; returns the items that it read. */
type Call = () => Promise<readonly Record<string, unknown>[]>;

const nothing: readonly Record<string, unknown>[] = [];

const sends =
  (send: () => Promise<unknown>): Call =>
  async () => {
    await send();
    return nothing;
  };

const wantedItems = z.record(z.string(), z.looseObject({ Keys: z.array(z.unknown()) }));

const callOf = (kind: string, body: string, services: Services): Call => {
  const { Key, Item, ExpressionAttributeValues, RequestItems, ...rest } = JSON.parse(body);
  const values =
    ExpressionAttributeValues === undefined
      ? {}
      : { ExpressionAttributeValues: plainMembers(ExpressionAttributeValues) };
  switch (kind) {
    case 'Query':
      return () => services.query({ ...rest, ...values });
    case 'GetItem': {
      const key = plainMembers(Key);
      return sends(() => services.get({ ...rest, Key: key }));
    }
    case 'PutItem': {
      const item = plainMembers(Item);
      return sends(() => services.put({ ...rest, ...values, Item: item }));
    }
    case 'UpdateItem': {
      const key = plainMembers(Key);
      return sends(() => services.update({ ...rest, ...values, Key: key }));
    }
    case 'BatchGetItem': {
      const wanted = Object.fromEntries(
        Object.entries(wantedItems.parse(RequestItems)).map(([name, { Keys, ...how }]) => [
          name,
          { ...how, Keys: Keys.map(plainMembers) },
        ]),
      );
      return () => services.batchGet({ RequestItems: wanted });
    }
    case 'SendMessageBatch':
      return sends(() => services.send(JSON.parse(body)));
    default:
      throw new Error(`the floor cannot make the call ${kind}`);
  }
};

const agent = new Agent({ keepAlive: true });

const post = (url: string, body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(body) };
    const outgoing = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      response.on('end', resolve);
      response.resume();
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const gatewayShape = z.object({ body: z.string() });
const queueShape = z.object({ Records: z.array(z.object({ body: z.string() })) });

/** The floor for a message whose calls were recorded. The directory and the guideline are read once a minute, so not here. */
export const floorOf = (recorded: Traffic, endpoint: string, services: Services): Floor => {
  const calls = recorded.requests
    .filter(({ kind }) => kind !== 'GetItem')
    .map(({ kind, body }) => callOf(kind, body, services));
  // The same items are read each time: unpacking them is not part of the floor.
  const texts = new Map<unknown, string>();
  const textOf = ({ sk, packed }: Record<string, unknown>): string | undefined => {
    if (!(packed instanceof Uint8Array)) return undefined;
    // The text of a message stands behind the JSON and needs no parsing: it is posted as it is.
    const text = texts.get(sk) ?? gunzipSync(packed).toString('utf8').split('\n', 1)[0] ?? '';
    texts.set(sk, text);
    return text;
  };
  const make = async (): Promise<void> => {
    for (const call of calls)
      for (const item of await call()) {
        const text = textOf(item);
        if (text !== undefined) JSON.parse(text);
      }
  };
  return {
    process: async (event) => {
      JSON.parse(Buffer.from(gatewayShape.parse(event).body, 'base64').toString('utf8'));
      await make();
    },
    deliver: async (event) => {
      for (const { body } of queueShape.parse(event).Records) JSON.parse(body);
      await make();
      for (const body of recorded.posts) await post(endpoint, body);
    },
  };
};
