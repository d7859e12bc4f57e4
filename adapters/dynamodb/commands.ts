import {
  type AttributeValue,
  BatchGetItemCommand,
  type ConsumedCapacity,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand as SdkQuery,
  type QueryCommandInput as SdkQueryInput,
  ScanCommand as SdkScan,
  type ScanCommandInput as SdkScanInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { attributeValues, plainValues, type Values } from './attribute-values.ts';

/** The SDK's commands with plain values instead of attribute values. Names and members are those of `@aws-sdk/lib-dynamodb`. */

export interface CallOptions {
  readonly abortSignal?: AbortSignal;
}

type SendWith<Output> = (client: DynamoDBClient, options: CallOptions | undefined) => Promise<Output>;

/** A command that a `TableClient` sends. */
export class TableCommand<Output> {
  readonly sendWith: SendWith<Output>;

  constructor(sendWith: SendWith<Output>) {
    this.sendWith = sendWith;
  }
}

type Attributes = Record<string, AttributeValue>;

const written = (values: object | undefined): Attributes | undefined =>
  values === undefined ? undefined : attributeValues(values);

const read = (attributes: Attributes | undefined): Values | undefined =>
  attributes === undefined ? undefined : plainValues(attributes);

/** An input of the SDK, with plain values in the given members. */
type Plain<Input, Required extends string, Optional extends string = never> = Omit<Input, Required | Optional> &
  Readonly<Record<Required, object>> & { readonly [name in Optional]?: object | undefined };

export type PutCommandInput = Plain<PutItemCommandInput, 'Item', 'ExpressionAttributeValues'>;

export class PutCommand extends TableCommand<void> {
  constructor({ Item, ExpressionAttributeValues: values, ...input }: PutCommandInput) {
    super(async (client, options) => {
      const members = { Item: attributeValues(Item), ExpressionAttributeValues: written(values) };
      await client.send(new PutItemCommand({ ...input, ...members }), options);
    });
  }
}

export class DeleteCommand extends TableCommand<void> {
  constructor({ Key, ...input }: Plain<DeleteItemCommandInput, 'Key'>) {
    super(async (client, options) => {
      await client.send(new DeleteItemCommand({ ...input, Key: attributeValues(Key) }), options);
    });
  }
}

export interface UpdateCommandOutput {
  readonly Attributes: Values | undefined;
}

export type UpdateCommandInput = Plain<UpdateItemCommandInput, 'Key', 'ExpressionAttributeValues'>;

export class UpdateCommand extends TableCommand<UpdateCommandOutput> {
  constructor({ Key, ExpressionAttributeValues: values, ...input }: UpdateCommandInput) {
    super(async (client, options) => {
      const members = { Key: attributeValues(Key), ExpressionAttributeValues: written(values) };
      const { Attributes } = await client.send(new UpdateItemCommand({ ...input, ...members }), options);
      return { Attributes: read(Attributes) };
    });
  }
}

export type GetCommandInput = Plain<GetItemCommandInput, 'Key'>;

export class GetCommand extends TableCommand<{ readonly Item: Values | undefined }> {
  constructor({ Key, ...input }: GetCommandInput) {
    super(async (client, options) => {
      const { Item } = await client.send(new GetItemCommand({ ...input, Key: attributeValues(Key) }), options);
      return { Item: read(Item) };
    });
  }
}

export interface BatchGetCommandInput {
  /** Keys by table. */
  readonly RequestItems: Record<string, { Keys: Values[]; ConsistentRead?: boolean }>;
}

export interface BatchGetCommandOutput {
  /** Items by table. */
  readonly Responses: Readonly<Record<string, readonly Values[]>>;
  /** Keys by table that were not looked up: ask again. */
  readonly UnprocessedKeys: Readonly<Record<string, { readonly Keys: readonly Values[] }>>;
}

const mapped = <From, To>(record: Readonly<Record<string, From>> | undefined, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(record ?? {}).map(([name, value]) => [name, map(value)] as const));

export class BatchGetCommand extends TableCommand<BatchGetCommandOutput> {
  constructor({ RequestItems }: BatchGetCommandInput) {
    super(async (client, options) => {
      const wanted = mapped(RequestItems, ({ Keys, ...rest }) => ({ ...rest, Keys: Keys.map(attributeValues) }));
      const output = await client.send(new BatchGetItemCommand({ RequestItems: wanted }), options);
      return {
        Responses: mapped(output.Responses, (items) => items.map(plainValues)),
        UnprocessedKeys: mapped(output.UnprocessedKeys, ({ Keys = [] }) => ({ Keys: Keys.map(plainValues) })),
      };
    });
  }
}

export interface PageOutput {
  readonly Items: readonly Values[];
  readonly Count: number;
  /** Where the next page begins, unless this one is the last. */
  readonly LastEvaluatedKey: Values | undefined;
  /** Absent unless `ReturnConsumedCapacity` was asked for. */
  readonly ConsumedCapacity: ConsumedCapacity | undefined;
}

interface Page {
  readonly Items?: Attributes[] | undefined;
  readonly Count?: number | undefined;
  readonly LastEvaluatedKey?: Attributes | undefined;
  readonly ConsumedCapacity?: ConsumedCapacity | undefined;
}

const pageOf = ({ Items = [], Count = 0, LastEvaluatedKey, ConsumedCapacity }: Page): PageOutput => ({
  Items: Items.map(plainValues),
  Count,
  LastEvaluatedKey: read(LastEvaluatedKey),
  ConsumedCapacity,
});

export type QueryCommandInput = Plain<SdkQueryInput, never, 'ExpressionAttributeValues' | 'ExclusiveStartKey'>;

export class QueryCommand extends TableCommand<PageOutput> {
  constructor({ ExpressionAttributeValues: values, ExclusiveStartKey: start, ...input }: QueryCommandInput) {
    super(async (client, options) => {
      const members = { ExpressionAttributeValues: written(values), ExclusiveStartKey: written(start) };
      return pageOf(await client.send(new SdkQuery({ ...input, ...members }), options));
    });
  }
}

export type ScanCommandInput = Plain<SdkScanInput, never, 'ExpressionAttributeValues' | 'ExclusiveStartKey'>;

export class ScanCommand extends TableCommand<PageOutput> {
  constructor({ ExpressionAttributeValues: values, ExclusiveStartKey: start, ...input }: ScanCommandInput) {
    super(async (client, options) => {
      const members = { ExpressionAttributeValues: written(values), ExclusiveStartKey: written(start) };
      return pageOf(await client.send(new SdkScan({ ...input, ...members }), options));
    });
  }
}
