/**
 * Every message in the logs of the hub's functions, with stable codes for searches and alarms. Lines are JSON. A field that
 * is not listed with its message is not written, and no field has content of a message about people.
 */

export type LogLevel = 'info' | 'warn' | 'error';

/** Every field and its content: names, numbers and codes. */
export const logFields = {
  age: 'seconds since the oldest of them was stored, or redriven; 0 if there are none',
  answer: 'answer of the endpoint: an HTTP status, or the kind of failure',
  at: 'place in the code where it failed',
  budget: '`messages`; `requests`: those that are not messages',
  cause: 'kind of error that caused it',
  chain: 'chain of the access log',
  chains: 'number of chains',
  client: 'name of the calling system at the token issuer',
  completed: 'number of obligations that were completed',
  contact: '`handshake` or `heartbeat`',
  correlationId: 'correlation id of the request that caused it',
  count: 'number of them, at most 100',
  differing: 'number of findings',
  digest: 'digest of the record, or of the anchor',
  due: 'time at which it was due',
  entry: 'number of the message in its mission',
  error: 'kind of error',
  event: 'type of the message',
  failed: 'number of obligations that failed',
  fault: 'code of the refusal, as in `OperationOutcome`',
  kind: '`deadline`, `fan-out`, `delivery` or `contact`; of a finding: see docs/operations.md',
  missing:
    'number of parties that were entitled and not notified, and nobody was alerted; and of subscriptions that lack an entry',
  mission: 'number of the mission',
  missions: 'number of missions',
  most: 'how many a client may send in one window',
  more: 'whether more obligations are due, or more of the table is to be read',
  notification: 'the notification, as `<subscription>.<number>`, or the subscription',
  notifications: 'number of notifications',
  number:
    'number of the notification in its subscription (`event-number`), or of the record in its chain, or of the anchor',
  pending: 'number of messages that are not fanned out, and of notifications that are not delivered or given up',
  organisation: 'organisation number of the party',
  outcome:
    '`delivered`, `given-up`; `retry`: the endpoint was called and did not take it; `not-called`: the endpoint was not called',
  reading: 'kind of read, as in the access log',
  record: 'id of the record in the queue',
  sender: 'organisation number of the sender',
  since: 'time at which the oldest was given up',
  slowest: 'seconds from the acceptance of a message to the answer of its slowest receiver',
  stalled: 'number of notifications that were not tried for minutes, although no other notification precedes them',
  status: 'HTTP status of the answer',
  subscription: 'id of the Subscription',
  supplier: 'organisation number of the supplier that called for the sender',
  task: 'id of the Task',
  unexpected: 'number of notifications to parties that are not entitled',
  unknown: 'number of cases that depend on data of which only the present is stored, or that the auditor cannot read',
  why: 'check that the token did not pass',
} as const;
type LogField = keyof typeof logFields;

/** In every line; the last three in lines of an HTTP request. */
export const commonLogFields = {
  level: '`INFO`, `WARN` or `ERROR`',
  message: 'the text',
  code: 'the code',
  timestamp: 'time, ISO 8601',
  service: '`luftbro`',
  xray_trace_id: 'the trace, if AWS X-Ray is on',
  correlationId: 'correlation id of the request',
  requestId: 'the id that the hub gave the request, `X-Request-Id` in its answer',
  route: 'method and path template, without the values of the caller',
} as const;

interface LogMessage {
  readonly code: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly meaning: string;
  /** What an operator does; absent if there is nothing to do. */
  readonly todo?: string;
  /** With a question mark: not in every line. */
  readonly fields: readonly (LogField | `${LogField}?`)[];
}

/** The kind of error of every call to the table or the queue that failed or was refused, whichever message logs it. */
export const storageFailure = 'Unavailable';

/** The fields of an error: kind and place, never its message. */
const failure = ['error', 'cause?', 'at?'] as const;

const whenReachable =
  'If it has stopped: nothing, the sweeper completes the pending work. If not: see the alarms of table and queue.';
const reportIt = 'A fault of the hub: find it by `at`. Roll back the release if it is new.';

/** The catalogue, in the order in which a message passes the hub. */
export const logMessages = {
  MESSAGE_ACCEPTED: {
    code: 'LB-101',
    level: 'info',
    text: 'Message accepted',
    meaning: 'The message of a partner is stored in the log of its mission.',
    fields: ['event', 'mission', 'entry', 'sender', 'client', 'supplier?'],
  },
  MESSAGE_REPEATED: {
    code: 'LB-102',
    level: 'info',
    text: 'Message was accepted before; first answer repeated',
    meaning: 'A partner sent the same message again, for example because the first answer was lost.',
    fields: ['event', 'mission', 'entry', 'sender', 'client', 'supplier?'],
  },
  READ_RECORDED: {
    code: 'LB-103',
    level: 'info',
    text: 'Read recorded',
    meaning: 'A read is stored in the access log. This line is the second record of it, see docs/audit.md.',
    fields: ['chain', 'number', 'digest', 'reading'],
  },
  HUB_MESSAGE_STORED: {
    code: 'LB-104',
    level: 'info',
    text: 'Hub message stored',
    meaning:
      'The hub has asked people to phone: an acknowledgement is overdue, or a party is not notified. The correlation id is that of the request that caused it.',
    fields: ['event', 'mission', 'entry', 'correlationId?'],
  },
  REQUEST_REFUSED: {
    code: 'LB-201',
    level: 'info',
    text: 'Request refused',
    meaning: 'A partner got an `OperationOutcome`. Nothing of the request is stored.',
    todo: 'If there are many on one route: ask the partner whether they have a new release.',
    fields: ['fault', 'status'],
  },
  FAN_OUT_POSTPONED: {
    code: 'LB-301',
    level: 'warn',
    text: 'Fan-out failed in the request; the sweeper will complete it',
    meaning: 'The message is accepted. Some recipients are notified seconds later.',
    todo: whenReachable,
    fields: ['mission', 'entry', ...failure],
  },
  FAN_OUT_SLOW: {
    code: 'LB-302',
    level: 'warn',
    text: 'Fan-out was slow; the request did not wait for its end',
    meaning: 'The sender has its answer. The sweeper completes the fan-out if it does not end.',
    todo: whenReachable,
    fields: ['mission', 'entry'],
  },
  CASE_NOT_CHECKED: {
    code: 'LB-304',
    level: 'warn',
    text: 'The case numbers of a request could not be looked up; its sender was not warned',
    meaning:
      'The request is accepted. If an open mission has the same case number, the sender does not learn it from the answer.',
    todo: whenReachable,
    fields: ['mission', ...failure],
  },
  HANDSHAKE_POSTPONED: {
    code: 'LB-303',
    level: 'warn',
    text: 'Handshake job was not queued; the sweeper will queue it',
    meaning: 'The Subscription becomes active seconds later.',
    todo: whenReachable,
    fields: ['subscription', ...failure],
  },
  DELIVERY_COMPLETED: {
    code: 'LB-401',
    level: 'info',
    text: 'Delivery completed or given up',
    meaning: 'A notification was delivered, or the hub gave it up.',
    todo: 'For `given-up`: see the alarm SweeperDeadLetters in the runbook.',
    fields: ['subscription', 'number', 'mission', 'entry', 'outcome', 'answer', 'correlationId?'],
  },
  DELIVERY_RETRIED: {
    code: 'LB-402',
    level: 'info',
    text: 'Delivery did not succeed; it will be retried',
    meaning: 'An endpoint did not take a notification, or was not called because its circuit is open.',
    fields: ['subscription', 'number', 'mission', 'entry', 'outcome', 'answer', 'correlationId?'],
  },
  DELIVERY_BROKEN: {
    code: 'LB-403',
    level: 'error',
    text: 'Delivery failed inside the hub; the queue will redeliver it',
    meaning: 'The hub could not reach table or queue, or it has a fault.',
    todo: reportIt,
    fields: ['subscription', 'number?', 'mission?', 'entry?', 'contact?', 'correlationId?', ...failure],
  },
  DELIVERY_UNREADABLE: {
    code: 'LB-404',
    level: 'error',
    text: 'Ignored an unreadable queue record; its notification is still pending',
    meaning: 'Another program writes to the queue, or a release was rolled back.',
    todo: 'The sweeper queues the notification again. If it continues: find out which program writes to the queue.',
    fields: ['record', ...failure],
  },
  DELIVERY_NOT_RETURNED: {
    code: 'LB-405',
    level: 'warn',
    text: 'Queue record was not returned with its delay; the queue will redeliver it later',
    meaning: 'The queue refused a new visibility time for the record: the next attempt is later than intended.',
    todo: whenReachable,
    fields: ['record', ...failure],
  },
  ENDPOINT_CALLED: {
    code: 'LB-406',
    level: 'info',
    text: 'Handshake or heartbeat attempted',
    meaning:
      'The hub called the endpoint with a handshake or heartbeat that was due. `Subscription/$status` has the result.',
    fields: ['subscription', 'contact'],
  },
  SWEPT: {
    code: 'LB-501',
    level: 'info',
    text: 'Sweeper pass finished',
    meaning: 'One pass of the sweeper over the obligations that were due.',
    todo: '`failed` or `stalled`: see the alarm SweeperOverdue in the runbook.',
    fields: ['completed', 'failed', 'stalled', 'more'],
  },
  OBLIGATION_FAILED: {
    code: 'LB-502',
    level: 'error',
    text: 'Obligation failed; it is still due',
    meaning: 'The sweeper retries it after half a minute. It does not delay other obligations.',
    todo: 'If one fails every time: look at the entry that it names.',
    fields: ['kind', 'mission?', 'entry?', 'task?', 'subscription?', 'number?', 'due?', 'correlationId?', ...failure],
  },
  DEAD_LETTERS: {
    code: 'LB-503',
    level: 'info',
    text: 'Dead letters counted',
    meaning:
      'The number of notifications that were given up and not redriven or discarded. Logged at the end of every sweeper run, also if there are none: without the line, the sweeper does not run.',
    todo: 'If `count` is above 0: see the alarm SweeperDeadLetters in the runbook.',
    fields: ['count', 'since?'],
  },
  UNDELIVERED: {
    code: 'LB-509',
    level: 'info',
    text: 'Undelivered notifications counted',
    meaning:
      'How many messages and notifications have not reached their recipients yet, and how old the oldest is. Logged at the end of every sweeper run, also if there are none.',
    todo: 'If `age` is above 1200: see the alarm DeliveriesLate in the runbook.',
    fields: ['pending', 'age'],
  },
  OBLIGATION_COMPLETED: {
    code: 'LB-504',
    level: 'info',
    text: 'Sweeper completed interrupted work',
    meaning: 'A fan-out was completed, or a delivery job was queued again because the queue may have lost it.',
    fields: ['kind', 'mission?', 'entry?', 'task?', 'subscription?', 'number?', 'due?', 'correlationId?'],
  },
  OBLIGATION_REPLANNED: {
    code: 'LB-505',
    level: 'warn',
    text: 'Obligation moved: a clock that was ahead had planned it too late',
    meaning:
      'A process whose clock was ahead has planned a call, a fan-out or a deadline further ahead than the hub ever does. The sweeper works it now, or at its right time.',
    todo: 'Look for the log lines of the function at that time: its clock was wrong. On a server of your own, check its time synchronisation.',
    fields: ['kind', 'mission?', 'entry?', 'task?', 'subscription?', 'number?', 'due?'],
  },
  RECEIPTS_COMPARED: {
    code: 'LB-507',
    level: 'info',
    text: 'Receipts compared with the mission logs',
    meaning:
      'The nightly function has recomputed who had to be notified of what was accepted since its last run, and compared it with the receipts. `more`: other missions and receipts follow, in this run or a later one.',
    todo: '`differing` above 0: see the alarm ReconciliationFindings in the runbook.',
    fields: ['missions', 'notifications', 'missing', 'unexpected', 'differing', 'unknown', 'slowest?', 'more'],
  },
  RECEIPTS_DIFFER: {
    code: 'LB-508',
    level: 'error',
    text: 'A notification is missing, late or not allowed',
    meaning:
      'What the nightly function has found: a party that was entitled and not notified, or a notification of one that was not entitled.',
    todo: 'See the alarm ReconciliationFindings in the runbook.',
    fields: ['kind', 'mission', 'entry', 'event', 'organisation?', 'notification?'],
  },
  CHAINS_ANCHORED: {
    code: 'LB-506',
    level: 'info',
    text: 'Chains anchored',
    meaning:
      'The nightly function has added an anchor: the newest records of so many chains, see docs/audit.md. `more`: the pass over the table is not complete, and the next run continues. `digest`: of the anchor.',
    todo: 'If there is no line with `more` false for a day: see the alarm NightlyMissing in the runbook.',
    fields: ['number', 'chains', 'digest', 'more'],
  },
  TOKEN_REFUSED: {
    code: 'LB-601',
    level: 'info',
    text: 'Token refused',
    meaning: 'A caller got 401. The log has neither token nor proof.',
    todo: 'Inform the partner which check failed; see docs/identity.md.',
    fields: ['why'],
  },
  TOKEN_CHECKED: {
    code: 'LB-605',
    level: 'info',
    text: 'Token checked for a caller',
    meaning: 'A caller asked check-token which check its token or proof fails. `why`: that check, or `accepted`.',
    fields: ['why'],
  },
  CLIENT_LIMITED: {
    code: 'LB-603',
    level: 'warn',
    text: 'Client reached its limit; further requests are refused',
    meaning:
      'Logged once in each window. Each request above the limit is refused with 429 (LB-201). Other clients are not affected.',
    todo: 'If it continues for minutes: ask the partner whether their system sends in an endless loop. See docs/limits.md.',
    fields: ['sender', 'client', 'budget', 'most'],
  },
  REQUEST_NOT_COUNTED: {
    code: 'LB-604',
    level: 'warn',
    text: 'Request was not counted for the limit; it was processed',
    meaning: 'If the hub cannot count, it applies no limit.',
    todo: whenReachable,
    fields: [...failure],
  },
  ISSUER_UNREACHABLE: {
    code: 'LB-602',
    level: 'error',
    text: 'Token issuer was unreachable',
    meaning: 'Callers with a key that the hub has not cached cannot be authenticated.',
    todo: 'Check the issuer and the network path to it. See docs/identity.md.',
    fields: [...failure],
  },
  STORAGE_UNAVAILABLE: {
    code: 'LB-901',
    level: 'error',
    text: 'Storage or queue was unavailable',
    meaning:
      'A call to the table or the queue failed, or was refused, after the attempts of the SDK. A caller got 503 and will retry, or the hub retries: then another line says of what.',
    todo: whenReachable,
    fields: [...failure],
  },
  TOO_LATE: {
    code: 'LB-902',
    level: 'error',
    text: 'Request timed out',
    meaning: 'A caller got 504 and sends the same message again. The answer to it says whether the first was accepted.',
    todo: 'If it happens often: find the slow route, and check whether the table is slow.',
    fields: [...failure],
  },
  HUB_CLOSED: {
    code: 'LB-903',
    level: 'warn',
    text: 'Hub was closed; nothing was accepted and nothing was sent',
    meaning:
      'An operator has closed the hub, usually to restore or move it, or its table has no directory yet. Pending work is kept.',
    todo: 'For a new hub: load the directory (`npm run hub -- directory`). If no operator of yours has closed it: find out who did. `npm run hub -- backup open` opens it, see docs/operations.md.',
    fields: [],
  },
  UNEXPECTED: {
    code: 'LB-999',
    level: 'error',
    text: 'Unexpected failure',
    meaning: 'A caller got 500, or a run of a function ended early.',
    todo: reportIt,
    fields: [...failure],
  },
} as const satisfies Readonly<Record<string, LogMessage>>;

export type LogMessageName = keyof typeof logMessages;

type LogValue = string | number | boolean | undefined;
type FieldOf<Name extends LogMessageName> = (typeof logMessages)[Name]['fields'][number];
type Sometimes<Field> = Field extends `${infer Bare}?` ? Bare : never;

/** The fields of a message; those without a question mark are required. */
export type LogDetails<Name extends LogMessageName> = {
  readonly [Field in Exclude<FieldOf<Name>, `${string}?`>]: LogValue;
} & { readonly [Field in Sometimes<FieldOf<Name>>]?: LogValue };

/** Names of the fields of a message, without question marks. */
export const fieldsOf = (name: LogMessageName): readonly string[] =>
  logMessages[name].fields.map((field) => field.replace(/\?$/, ''));

/** Numbers in log lines of the sweeper that become CloudWatch metrics, for alarms. */
export const loggedMetrics = [
  { metricName: 'DeadLetters', message: 'DEAD_LETTERS', field: 'count' },
  { metricName: 'OldestUndelivered', message: 'UNDELIVERED', field: 'age' },
  { metricName: 'OverdueObligations', message: 'SWEPT', field: 'failed' },
  { metricName: 'OverdueObligations', message: 'SWEPT', field: 'stalled' },
] as const satisfies readonly {
  readonly metricName: string;
  readonly message: LogMessageName;
  readonly field: LogField;
}[];
