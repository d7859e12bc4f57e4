import { statusOf } from '../../schemas/faults.ts';
import { parseLossless } from '../../schemas/json/json.ts';
import { readMessage } from '../../schemas/messages/read-message.ts';
import { readJson } from '../../schemas/json/strict-json.ts';
import { readSubscription, readSubscriptionChange } from '../../schemas/read-subscription.ts';
import { check, checkPrototypes, checkRefusal, isSame, refusalText } from './checks.ts';

/** The readers of messages and Subscriptions, without a function around them. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const decoded = (body: Buffer): string | undefined => {
  try {
    return utf8.decode(body);
  } catch {
    // The function refuses it before the reader.
    return undefined;
  }
};

/** Reads a body as a message and as a Subscription; returns whether it is a message. Throws if an invariant is broken. */
export const tryParser = (body: Buffer): 'accepted' | 'refused' => {
  const text = decoded(body);
  if (text === undefined) return 'refused';
  const message = readMessage(text);
  if (message.outcome === 'refused') checkRefusal(statusOf(message), refusalText(message.faults));
  else {
    check(message.text === text, 'the text of an accepted message is not what was sent');
    check(
      isSame(JSON.stringify(parseLossless(message.text)), text),
      'an accepted message does not come out as it went in',
    );
  }
  const json = readJson(text);
  if (json.ok)
    for (const read of [
      readSubscription(json.value, 'hospital'),
      readSubscriptionChange(json.value, { id: 'a', role: 'amk-la' }),
    ])
      if (read.outcome === 'refused') checkRefusal(statusOf(read), refusalText(read.faults));
  checkPrototypes();
  return message.outcome === 'read' ? 'accepted' : 'refused';
};
