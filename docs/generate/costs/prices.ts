/** Published prices of AWS. */

/** One price. */
export interface Price {
  /** US dollars for one. */
  readonly usd: number;
  readonly words: string;
  /** Where it was seen, and of when that page is; absent: nowhere. */
  readonly seen?: { readonly at: string; readonly of: string };
}

export const million = 1_000_000;
export const gigabyte = 1_000_000_000;

export const prices = {
  apiRequest: {
    usd: 3.5 / million,
    words: 'API Gateway, REST, a million requests: 3.50',
    seen: { at: 'https://go-cloud.io/aws-api-gateway-pricing', of: '2026' },
  },
  firewallRequest: {
    usd: 0.6 / million,
    words: 'AWS WAF, a million requests: 0.60',
    seen: { at: 'https://c3x.dev/blog/aws-waf-cost-explained/', of: 'no date' },
  },
  firewallPart: {
    usd: 1,
    words: 'AWS WAF, a rule for a month: 1; the list that they stand in: 5',
    seen: { at: 'https://c3x.dev/blog/aws-waf-cost-explained/', of: 'no date' },
  },
  functionCall: {
    usd: 0.2 / million,
    words: 'Lambda, a million calls: 0.20',
    seen: { at: 'https://cloudchipr.com/blog/aws-lambda-pricing', of: '2024' },
  },
  functionTime: {
    usd: 0.0000133334,
    words: 'Lambda on ARM, a GB-second: 0.0000133334',
    seen: { at: 'https://cloudchipr.com/blog/aws-lambda-pricing', of: '2024' },
  },
  writeUnit: {
    usd: 0.625 / million,
    words: 'DynamoDB on demand, a million write units: 0.625',
    seen: { at: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing', of: '2025-07-21' },
  },
  readUnit: {
    usd: 0.125 / million,
    words: 'DynamoDB on demand, a million read units: 0.125',
    seen: { at: 'https://airbyte.com/data-engineering-resources/dynamodb-pricing', of: '2025-07-21' },
  },
  storage: {
    usd: 0.25 / gigabyte,
    words: 'DynamoDB, a GB for a month: 0.25',
    seen: { at: 'https://aws.amazon.com/dynamodb/pricing/', of: 'no date' },
  },
  recovery: {
    usd: 0.2 / gigabyte,
    words: 'DynamoDB, a GB with point-in-time recovery for a month: 0.20 more',
    seen: { at: 'https://finops.com.py/services/dynamodb/backups', of: 'no date' },
  },
  queueRequest: {
    usd: 0.5 / million,
    words: 'SQS FIFO, a million requests: 0.50',
    seen: { at: 'https://cloudburn.io/blog/amazon-sqs-pricing', of: '2026-03-14' },
  },
  key: {
    usd: 1,
    words: 'KMS, a key for a month: 1, and 1 more after it was turned',
    seen: { at: 'https://aws.amazon.com/kms/pricing/', of: 'no date' },
  },
  keyCall: {
    usd: 0.03 / 10_000,
    words: 'KMS, ten thousand calls: 0.03',
    seen: { at: 'https://cloudburn.io/blog/aws-kms-pricing', of: '2026-03-14' },
  },
  logByte: {
    usd: 0.5 / gigabyte,
    words: 'CloudWatch Logs, a GB taken in: 0.50',
    seen: {
      at: 'https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/',
      of: '2026-06-13',
    },
  },
  metric: {
    usd: 0.3,
    words: "CloudWatch, a metric of one's own for a month: 0.30",
    seen: { at: 'https://signoz.io/guides/cloudwatch-pricing', of: '2026-02-15' },
  },
  alarm: {
    usd: 0.1,
    words: 'CloudWatch, a metric in an alarm for a month: 0.10',
    seen: { at: 'https://c3x.dev/blog/aws-cloudwatch-metrics-cost/', of: 'no date' },
  },
  dashboard: {
    usd: 3,
    words: 'CloudWatch, a dashboard for a month: 3',
    seen: { at: 'https://c3x.dev/blog/aws-cloudwatch-metrics-cost/', of: 'no date' },
  },
  outByte: {
    usd: 0.09 / gigabyte,
    words: 'A GB out to the internet: 0.09',
    seen: { at: 'https://awsforengineers.com/blog/aws-api-gateway-pricing-explained', of: '2025-05-19' },
  },
  trace: { usd: 5 / million, words: 'X-Ray, a million traces: 5' },
  exportedByte: { usd: 0.1 / gigabyte, words: 'DynamoDB, a GB of a table exported: 0.10' },
  byteToRegion: { usd: 0.02 / gigabyte, words: 'A GB to another region: 0.02' },
  fileStorage: { usd: 0.023 / gigabyte, words: 'S3, a GB for a month: 0.023' },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof prices;
