import { Logger } from '@aws-lambda-powertools/logger';

/** One logger per function. What it may say is listed here; no line ever carries what a message says about people. */
export const logger = new Logger({ serviceName: 'luftbro' });

/** Catalogue of log messages: stable codes to search and alarm on. */
export const logMessages = {
  MESSAGE_ACCEPTED: { code: 'LB-101', text: 'message accepted' },
  MESSAGE_REPEATED: { code: 'LB-102', text: 'message was accepted before, first answer given again' },
  READ_RECORDED: { code: 'LB-103', text: 'read recorded' },
  REQUEST_REFUSED: { code: 'LB-201', text: 'request refused' },
  FAN_OUT_POSTPONED: { code: 'LB-301', text: 'fan-out not finished in the request, the sweeper will finish it' },
  DELIVERY_SETTLED: { code: 'LB-401', text: 'delivery settled' },
  DELIVERY_AGAIN: { code: 'LB-402', text: 'delivery will be tried again' },
  DELIVERY_BROKEN: { code: 'LB-403', text: 'delivery failed inside the hub, the queue will bring it back' },
  DELIVERY_UNREADABLE: { code: 'LB-404', text: 'a record of the queue is no order, what it was to say is still owed' },
  SWEPT: { code: 'LB-501', text: 'obligations worked' },
  OBLIGATION_UNPAID: { code: 'LB-502', text: 'an obligation could not be paid, it stays due' },
  DEAD_LETTERS: { code: 'LB-503', text: 'notifications that were given up, and that nobody has redriven or discarded' },
  TOKEN_REFUSED: { code: 'LB-601', text: 'token refused' },
  ISSUER_UNREACHABLE: { code: 'LB-602', text: 'token issuer cannot be asked' },
  STORAGE_UNAVAILABLE: { code: 'LB-901', text: 'storage or queue unavailable' },
  UNEXPECTED: { code: 'LB-999', text: 'unexpected failure' },
} as const;

type Level = 'info' | 'warn' | 'error';

/** Names, numbers and codes only. */
export type LogDetails = Readonly<Record<string, string | number | boolean | undefined>>;

export const log = (level: Level, message: keyof typeof logMessages, details: LogDetails = {}): void => {
  const { code, text } = logMessages[message];
  logger[level](text, { code, ...details });
};

/** What of an error may be logged: its kind and where it was thrown. Its message could quote data. */
export const kindOf = (error: unknown): LogDetails =>
  error instanceof Error
    ? {
        error: error.name,
        cause: error.cause instanceof Error ? error.cause.name : undefined,
        at: error.stack?.split('\n')[1]?.trim(),
      }
    : { error: typeof error };
