import type { Notification } from '../../delivery/notifications.ts';
import type { StoredEntry } from '../../mission/mission-log.ts';
import { durationWords, momentWords } from '../../mission/words.ts';
import { nameOf, phoneOf, type HistoryReader, type Telling } from './telling.ts';

export const receiptWords = (notification: Notification, { entry }: Telling): string => {
  const { status, attempts, lastAnswer = 'none', completedAt, lastAttemptAt } = notification;
  const tries = `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  switch (status) {
    case 'delivered': {
      const at = completedAt ?? lastAttemptAt ?? notification.writtenAt;
      return `delivered at ${momentWords(at)}, ${durationWords(entry.receivedAt, at)} after the hub received it (${tries})`;
    }
    case 'pending':
      return `not delivered yet (${tries}, last answer: ${lastAnswer})`;
    case 'failed':
      return `not delivered: the hub gave up at ${momentWords(completedAt ?? notification.writtenAt)} after ${tries}, last answer: ${lastAnswer}`;
  }
};

/** Requester, coordinator, quality system and sender see whom a message reached; others whether it reached them. */
export const seesReceiptsOf = (reader: HistoryReader, entry: Pick<StoredEntry, 'sender'>, recipient: string): boolean =>
  reader.leads ||
  reader.role === 'quality' ||
  entry.sender === reader.organisation ||
  recipient === reader.organisation;
/** What people had to do about it; nobody phones a quality system. */
export const callWords = (organisation: string, telling: Telling): string =>
  telling.view.directory.partyOf(organisation)?.role === 'quality'
    ? ''
    : `; to be told by phone: ${phoneOf(organisation, telling)}`;
export const recipientLines = (telling: Telling): readonly string[] => {
  const { entry, notifications, reader } = telling;
  const sees = (organisation: string): boolean => seesReceiptsOf(reader, entry, organisation);
  const told = entry.recipients.filter(sees).flatMap((organisation): readonly string[] => {
    const name = nameOf(organisation, telling);
    const receipts = notifications.filter((one) => one.organisation === organisation);
    if (receipts.length > 0) {
      const missed = receipts.every(({ status }) => status === 'failed');
      const call = missed ? callWords(organisation, telling) : '';
      // Its systems are told apart by what the receipts are named by; endpoint and reason are the subscriber's own.
      const systemOf = ({ subscription }: Notification): string =>
        receipts.length === 1 ? '' : ` (subscription ${subscription})`;
      return receipts.map((one) => `${name}${systemOf(one)}: ${receiptWords(one, telling)}${call}.`);
    }
    if (entry.withoutSubscription.includes(organisation))
      return [
        `${name}: not told by machine, for it has no subscription that wants this${callWords(organisation, telling)}.`,
      ];
    return [`${name}: ${entry.fanOutPending ? 'about to be told' : 'the receipt is not kept any more'}.`];
  });
  const notTold = entry.notParties
    .filter(sees)
    .map(
      (organisation) =>
        `${nameOf(organisation, telling)}: addressed by the sender but not told, for the mission did not concern it.`,
    );
  return [...told, ...notTold];
};
