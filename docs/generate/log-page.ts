import { codesOf } from '../../schemas/codes.ts';
import { commonLogFields, logFields, logMessages } from '../../schemas/telemetry/log-messages.ts';
import { metricDimensions, metrics, mostSeries, seriesOf, valuesOf } from '../../schemas/telemetry/metrics.ts';

/** The page `docs/logs.md`: log messages and metrics. */

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const dollarsPerMetric = 0.3;

export const logPage =
  (): string => `<!-- Written by \`npm run docs\` from schemas/telemetry/log-messages.ts and schemas/telemetry/metrics.ts. Change those, not this. -->

# Logs and metrics

The functions write JSON lines, on AWS to a log group each, on a laptop to \`.luftbro/hub.log\`. Codes are stable. A field that is not listed with its message is not written. No line has content of a message about people: look up a mission by its number.

**Find what followed from a request** by its correlation id: on AWS, in CloudWatch Logs Insights over all log groups of the stack,
\`\`\`
fields @timestamp, code, message, mission, entry, subscription, outcome | filter correlationId = "<id>" or requestId = "<id>" | sort @timestamp
\`\`\`
and on a laptop \`grep <id> .luftbro/hub.log\`. The caller chooses it (\`X-Correlation-Id\`, else \`X-Request-Id\`, else the trace id of \`traceparent\`); it must be a UUID or 32 hexadecimal digits that cannot contain a national identity number. If none of them is, the hub uses its own. The answer has the id that was used in \`X-Correlation-Id\`, and in \`X-Request-Id\` the hub's id of this one request. In answers that API Gateway gives by itself (401, 429, 502, an unknown path) both are the latter: the gateway cannot check whether the caller's id may be repeated. The line of a refused token has both ids. The correlation id is stored with the message: each delivery of the message is logged with it and sends it to the receiver, however late. The same applies to hub messages that the request causes.

## Messages

${table(
  ['code', 'level', 'text', 'means', 'to do', 'fields'],
  Object.values(logMessages).map((message) => [
    message.code,
    message.level,
    message.text,
    message.meaning,
    'todo' in message ? message.todo : '–',
    message.fields.map(code).join(', '),
  ]),
)}

A question mark: not in every line.

## Fields

${table(
  ['field', 'holds'],
  Object.entries(logFields).map(([field, holds]) => [code(field), holds]),
)}

In every line, the last three in those of an HTTP request:

${table(
  ['field', 'holds'],
  Object.entries(commonLogFields).map(([field, holds]) => [code(field), holds]),
)}

## Metrics

The functions count by log lines in CloudWatch's Embedded Metric Format (\`_aws\`), of which CloudWatch makes metrics by itself. Their namespace is the name of the stack. A call that is made again because an answer was lost is not counted again: what is counted is what came to stand in the log, and what came of calls of endpoints.

${table(
  ['metric', 'unit', 'dimensions', 'counts', 'at most'],
  codesOf(metrics).map((name) => [
    code(name),
    metrics[name].unit,
    metrics[name].dimensions.map(code).join(', '),
    metrics[name].meaning,
    String(seriesOf(name)),
  ]),
)}

${table(
  ['dimension', 'values'],
  codesOf(metricDimensions).map((dimension) => [code(dimension), valuesOf(dimension).map(code).join(', ')]),
)}

Each combination of values is a metric of its own for CloudWatch, and costs ${dollarsPerMetric.toFixed(2)} dollars in a month in which it is seen in every hour: ${mostSeries} at most, ${(mostSeries * dollarsPerMetric).toFixed(2)} dollars. Without exercises it is half of that. Refusals are not among them: before a message is read nobody knows whether it is an exercise. API Gateway counts 4xx and 5xx, and LB-201 says which refusal.
`;
