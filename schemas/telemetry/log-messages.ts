/**
 * Everything the hub's functions say in their logs: stable codes to search and alarm on. Lines are JSON; a field that is not
 * listed with its message is not written, and none carries what a message says about people.
 */

export type LogLevel = 'info' | 'warn' | 'error';

/** Every field and what it holds: names, numbers and codes. */
export const logFields = {
  answer: 'what the endpoint answered: an HTTP status, or the kind of failure',
  at: 'where in the code it failed',
  budget: '`messages`, `requests` that are none, or `missions` that are opened or taken up again',
  cause: 'the kind of error that caused it',
  chain: 'the chain of the log of reads',
  client: "the system that called, by its name at the token's issuer",
  contact: '`handshake` or `heartbeat`',
  correlationId: 'of the request that it follows from',
  count: 'how many; more than a hundred are counted as a hundred',
  digest: 'digest of the record',
  due: 'for when it was owed',
  entry: 'number of the message in its mission',
  error: 'the kind of error',
  event: 'the type of the message',
  failed: 'how many could not be paid',
  fault: "the refusal's code, as in `OperationOutcome`",
  kind: '`deadline`, `fan-out`, `delivery` or `contact`',
  mission: 'number of the mission',
  most: 'how many are let through in a window',
  more: 'whether more is due',
  number: 'of the notification in its subscription (`event-number`), or of the record in its chain',
  outcome: '`told`, `given-up`; `again`: it was called in vain; `held`: it was not called',
  paid: 'how many were paid',
  record: "the queue's id of the record",
  sender: 'organisation number of who sent it',
  since: 'when the oldest was given up',
  stalled: 'how many notifications have waited for minutes and were not tried, though nothing is before them',
  status: 'HTTP status of the answer',
  subscription: 'id of the Subscription',
  supplier: 'organisation number of the supplier that called for the sender',
  task: 'id of the Task',
  why: 'which check the token did not pass',
} as const;
type LogField = keyof typeof logFields;

/** Stand in every line; the last three in those of an HTTP request. */
export const commonLogFields = {
  level: '`INFO`, `WARN` or `ERROR`',
  message: 'the text',
  code: 'the code',
  timestamp: 'when, ISO 8601',
  service: '`luftbro`',
  xray_trace_id: 'the trace, where AWS X-Ray is on',
  correlationId: 'that of the request',
  requestId: 'the id that the hub gave the request, `X-Request-Id` in its answer',
  route: 'method and path as the API names it, without what the caller put in',
} as const;

interface LogMessage {
  readonly code: string;
  readonly level: LogLevel;
  readonly text: string;
  readonly meaning: string;
  /** What who reads it does; nothing if nothing is to be done. */
  readonly todo?: string;
  /** A question mark: not in every line. */
  readonly fields: readonly (LogField | `${LogField}?`)[];
}

/** What of an error may be said. */
const failure = ['error', 'cause?', 'at?'] as const;

const whenReachable =
  'Nothing, if it is over: what is owed is paid by the sweeper. If not, see the alarms of table and queue.';
const reportIt = 'A fault of the hub: find it by `at`, roll back the release if it is new.';

/** The catalogue, in the order of a message's way. */
export const logMessages = {
  MESSAGE_ACCEPTED: {
    code: 'LB-101',
    level: 'info',
    text: 'message accepted',
    meaning: "A partner's message stands in its mission's log.",
    fields: ['event', 'mission', 'entry', 'sender', 'client', 'supplier?'],
  },
  MESSAGE_REPEATED: {
    code: 'LB-102',
    level: 'info',
    text: 'message was accepted before, first answer given again',
    meaning: 'A partner sent the same message again, as after an answer that was lost.',
    fields: ['event', 'mission', 'entry', 'sender', 'client', 'supplier?'],
  },
  READ_RECORDED: {
    code: 'LB-103',
    level: 'info',
    text: 'read recorded',
    meaning: 'A read stands in the log of reads: the second witness of it, see docs/audit.md.',
    fields: ['chain', 'number', 'digest'],
  },
  HUB_SPOKE: {
    code: 'LB-104',
    level: 'info',
    text: 'message of the hub written',
    meaning:
      'The hub has asked people to phone: an acknowledgement is overdue, or a party was not told. The correlation id is that of the request it follows from.',
    fields: ['event', 'mission', 'entry', 'correlationId?'],
  },
  REQUEST_REFUSED: {
    code: 'LB-201',
    level: 'info',
    text: 'request refused',
    meaning: 'A partner got an `OperationOutcome`. Nothing of the request is kept.',
    todo: 'If they pile up on a route: ask the partner whether a release of theirs is new.',
    fields: ['fault', 'status'],
  },
  FAN_OUT_POSTPONED: {
    code: 'LB-301',
    level: 'warn',
    text: 'fan-out not finished in the request, the sweeper will finish it',
    meaning: 'The message is accepted; some who must know are told seconds later.',
    todo: whenReachable,
    fields: ['mission', 'entry', ...failure],
  },
  FAN_OUT_SLOW: {
    code: 'LB-302',
    level: 'warn',
    text: 'fan-out takes long, its end was not waited for',
    meaning: 'The sender has its answer; the sweeper finishes what is not done.',
    todo: whenReachable,
    fields: ['mission', 'entry'],
  },
  HANDSHAKE_POSTPONED: {
    code: 'LB-303',
    level: 'warn',
    text: 'handshake not ordered, the sweeper will order it',
    meaning: 'A Subscription becomes active seconds later.',
    todo: whenReachable,
    fields: ['subscription', ...failure],
  },
  DELIVERY_SETTLED: {
    code: 'LB-401',
    level: 'info',
    text: 'delivery settled',
    meaning: 'A notification is told, or given up.',
    todo: 'For `given-up`: see the alarm SweeperDeadLetters in the runbook.',
    fields: ['subscription', 'number', 'mission', 'entry', 'outcome', 'answer', 'correlationId?'],
  },
  DELIVERY_AGAIN: {
    code: 'LB-402',
    level: 'info',
    text: 'delivery will be tried again',
    meaning: 'An endpoint did not take a notification, or is left alone because it does not answer.',
    fields: ['subscription', 'number', 'mission', 'entry', 'outcome', 'answer', 'correlationId?'],
  },
  DELIVERY_BROKEN: {
    code: 'LB-403',
    level: 'error',
    text: 'delivery failed inside the hub, the queue will bring it back',
    meaning: 'Table or queue could not be reached, or the hub has a fault.',
    todo: reportIt,
    fields: ['subscription', 'number?', 'mission?', 'entry?', 'contact?', 'correlationId?', ...failure],
  },
  DELIVERY_UNREADABLE: {
    code: 'LB-404',
    level: 'error',
    text: 'a record of the queue is no order, what it was to say is still owed',
    meaning: 'Somebody else writes to the queue, or a release was taken back.',
    todo: 'The sweeper orders it anew. If it goes on: find who writes to the queue.',
    fields: ['record', ...failure],
  },
  DELIVERY_NOT_RETURNED: {
    code: 'LB-405',
    level: 'warn',
    text: 'a record could not be given back with its wait, the queue will bring it back later',
    meaning: 'The queue refused to change the time of a record: the next try is later than it should be.',
    todo: whenReachable,
    fields: ['record', ...failure],
  },
  CONTACT_KEPT: {
    code: 'LB-406',
    level: 'info',
    text: 'handshake or heartbeat done',
    meaning:
      'An endpoint was given the sign that was owed to it; how it stands with it since is in `Subscription/$status`.',
    fields: ['subscription', 'contact'],
  },
  SWEPT: {
    code: 'LB-501',
    level: 'info',
    text: 'obligations worked',
    meaning: 'One pass of the sweeper over what was due.',
    todo: '`failed` or `stalled`: see the alarm SweeperUnpaid in the runbook.',
    fields: ['paid', 'failed', 'stalled', 'more'],
  },
  OBLIGATION_UNPAID: {
    code: 'LB-502',
    level: 'error',
    text: 'an obligation could not be paid, it stays due',
    meaning: 'It is tried again half a minute later, and holds up no other.',
    todo: 'One that always fails: look at the entry it names.',
    fields: ['kind', 'mission?', 'entry?', 'task?', 'subscription?', 'number?', 'due?', 'correlationId?', ...failure],
  },
  DEAD_LETTERS: {
    code: 'LB-503',
    level: 'info',
    text: 'notifications that were given up, and that nobody has redriven or discarded',
    meaning: 'Said at the end of each run of the sweeper, also when there are none: no line, no sweeper.',
    todo: 'More than none: see the alarm SweeperDeadLetters in the runbook.',
    fields: ['count', 'since?'],
  },
  OBLIGATION_PAID: {
    code: 'LB-504',
    level: 'info',
    text: 'the sweeper finished what was cut off',
    meaning: 'A fan-out was finished, or an order was sent again because the queue may have lost it.',
    fields: ['kind', 'mission?', 'entry?', 'task?', 'subscription?', 'number?', 'due?', 'correlationId?'],
  },
  TOKEN_REFUSED: {
    code: 'LB-601',
    level: 'info',
    text: 'token refused',
    meaning: 'A caller got 401. Neither token nor proof is logged.',
    todo: 'Tell the partner which check failed; see docs/identity.md.',
    fields: ['why'],
  },
  CLIENT_LIMITED: {
    code: 'LB-603',
    level: 'warn',
    text: 'a client has used up what it may ask in a while, its next requests are refused',
    meaning:
      'Said once in a window; each request that is too many is refused with 429 besides (LB-201). Nobody else is affected.',
    todo: 'If it goes on for minutes: ask the partner whether a loop of theirs has run away. See docs/limits.md.',
    fields: ['sender', 'client', 'budget', 'most'],
  },
  REQUEST_NOT_COUNTED: {
    code: 'LB-604',
    level: 'warn',
    text: 'a request could not be counted, it goes on',
    meaning: 'No limit keeps a message out because the hub cannot count.',
    todo: whenReachable,
    fields: [...failure],
  },
  ISSUER_UNREACHABLE: {
    code: 'LB-602',
    level: 'error',
    text: 'token issuer cannot be asked',
    meaning: 'No caller with a key that the hub has not seen yet can come in.',
    todo: 'Is the issuer down, or the way to it? See docs/identity.md.',
    fields: [...failure],
  },
  STORAGE_UNAVAILABLE: {
    code: 'LB-901',
    level: 'error',
    text: 'storage or queue unavailable',
    meaning: 'A caller got 503 and comes again, or the sweeper looks again.',
    todo: whenReachable,
    fields: [...failure],
  },
  TOO_LATE: {
    code: 'LB-902',
    level: 'error',
    text: 'the time of a request was over before its work was done',
    meaning: 'A caller got 504 and sends the same again: the answer says whether it had been accepted.',
    todo: 'If it happens often: which route is slow, and is the table?',
    fields: [...failure],
  },
  HUB_CLOSED: {
    code: 'LB-903',
    level: 'warn',
    text: 'the hub is closed, nothing is taken and nothing is told',
    meaning:
      'Somebody has closed the hub, as a rule to restore or to move it, or its table holds no directory yet. What is owed is kept.',
    todo: 'A new hub: load the directory (`npm run hub -- directory`). Otherwise, if nobody of you has closed it: find out who. `npm run hub -- backup open` ends it, see docs/operations.md.',
    fields: [],
  },
  UNEXPECTED: {
    code: 'LB-999',
    level: 'error',
    text: 'unexpected failure',
    meaning: 'A caller got 500, or a run ended early.',
    todo: reportIt,
    fields: [...failure],
  },
} as const satisfies Readonly<Record<string, LogMessage>>;

export type LogMessageName = keyof typeof logMessages;

type LogValue = string | number | boolean | undefined;
type FieldOf<Name extends LogMessageName> = (typeof logMessages)[Name]['fields'][number];
type Sometimes<Field> = Field extends `${infer Bare}?` ? Bare : never;

/** What is said with a message: its fields, those without a question mark always. */
export type LogDetails<Name extends LogMessageName> = {
  readonly [Field in Exclude<FieldOf<Name>, `${string}?`>]: LogValue;
} & { readonly [Field in Sometimes<FieldOf<Name>>]?: LogValue };

/** The fields of a message by their bare names. */
export const fieldsOf = (name: LogMessageName): readonly string[] =>
  logMessages[name].fields.map((field) => field.replace(/\?$/, ''));

/** Numbers in log lines that CloudWatch makes metrics of: what the alarms of the sweeper watch. */
export const loggedMetrics = [
  { metricName: 'DeadLetters', message: 'DEAD_LETTERS', field: 'count' },
  { metricName: 'Unpaid', message: 'SWEPT', field: 'failed' },
  { metricName: 'Unpaid', message: 'SWEPT', field: 'stalled' },
] as const satisfies readonly {
  readonly metricName: string;
  readonly message: LogMessageName;
  readonly field: LogField;
}[];
