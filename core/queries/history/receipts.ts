import type { Notification } from '../../delivery/notifications.ts';
import type { StoredEntry } from '../../mission/mission-log.ts';
import { durationText, momentText } from '../../mission/text.ts';
import type { EntryContext, HistoryReader } from './history-entry.ts';
import { nameOf, phoneOf } from './names.ts';

/** Requester, coordinator, quality system and sender see every receipt of an entry; another organisation sees its own. */
export const seesReceiptsOf = (reader: HistoryReader, entry: Pick<StoredEntry, 'sender'>, recipient: string): boolean =>
  reader.leads ||
  reader.role === 'quality' ||
  entry.sender === reader.organisation ||
  recipient === reader.organisation;

const receiptText = (notification: Notification, { entry }: EntryContext): string => {
  const { status, attempts, lastAnswer = 'none', completedAt, lastAttemptAt } = notification;
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  switch (status) {
    case 'delivered': {
      const at = completedAt ?? lastAttemptAt ?? notification.writtenAt;
      return `delivered at ${momentText(at)}, ${durationText(entry.receivedAt, at)} after the hub received it (${tries})`;
    }
    case 'pending':
      return `not delivered yet (${tries}, last answer: ${lastAnswer})`;
    case 'failed':
      return `not delivered: the hub gave up at ${momentText(completedAt ?? notification.writtenAt)} after ${tries}, last answer: ${lastAnswer}`;
  }
};

/** The number to phone; empty for a quality system, which nobody phones. */
const phoneText = (organisation: string, context: EntryContext): string =>
  context.view.directory.partyOf(organisation)?.role === 'quality'
    ? ''
    : `; notify by phone: ${phoneOf(organisation, context)}`;

const recipientLinesOf = (organisation: string, context: EntryContext): readonly string[] => {
  const { entry, notifications } = context;
  const name = nameOf(organisation, context);
  const receipts = notifications.filter((one) => one.organisation === organisation);
  if (receipts.length > 0) {
    const phone = receipts.every(({ status }) => status === 'failed') ? phoneText(organisation, context) : '';
    // The systems of one party are named by their subscriptions: endpoint and reason are for the subscriber only.
    const systemOf = ({ subscription }: Notification): string =>
      receipts.length === 1 ? '' : ` (subscription ${subscription})`;
    return receipts.map((one) => `${name}${systemOf(one)}: ${receiptText(one, context)}${phone}.`);
  }
  if (entry.withoutSubscription.includes(organisation))
    return [`${name}: not notified, it has no subscription for this event${phoneText(organisation, context)}.`];
  return [`${name}: ${entry.fanOutPending ? 'notification pending' : 'the receipt is no longer stored'}.`];
};

/** One line for each receipt of the entry that the reader may see, and for each organisation that was not notified. */
export const recipientLines = (context: EntryContext): readonly string[] => {
  const { entry, reader } = context;
  const isVisible = (organisation: string): boolean => seesReceiptsOf(reader, entry, organisation);
  return [
    ...entry.recipients.filter(isVisible).flatMap((organisation) => recipientLinesOf(organisation, context)),
    ...entry.notParties.filter(isVisible).map((organisation) => {
      const name = nameOf(organisation, context);
      return `${name}: addressed by the sender but not notified, because the mission did not concern it.`;
    }),
  ];
};
