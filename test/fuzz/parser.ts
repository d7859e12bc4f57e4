import { statusOf } from '../../schemas/faults.ts';
import { parseLossless } from '../../schemas/json/json.ts';
import { readMessage } from '../../schemas/reading/read-message.ts';
import { readJson } from '../../schemas/json/strict-json.ts';
import { checkR4 } from '../../schemas/r4/check.ts';
import { readSubscription, readSubscriptionChange } from '../../schemas/read-subscription.ts';
import { mostWarnings, type Warning } from '../../schemas/warnings.ts';
import { check, checkPrototypes, checkRefusal, isSame, refusalText } from './checks.ts';
import { secret } from './inputs.ts';

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

/** Throws if the warnings are too many or too long, or repeat what was sent. */
const checkWarnings = (warnings: readonly Warning[]): void => {
  const text = JSON.stringify(warnings);
  check(warnings.length <= mostWarnings + 1, `${warnings.length} warnings`);
  check(text.length <= 100_000, `the warnings are ${text.length} characters long`);
  check(!text.includes(secret), `a warning repeats what was sent: ${text.slice(0, 500)}`);
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
  if (json.ok) checkWarnings(checkR4(json.value).warnings);
  if (json.ok)
    for (const read of [
      readSubscription(json.value, 'hospital'),
      readSubscriptionChange(json.value, { id: 'a', role: 'amk-la' }),
    ])
      if (read.outcome === 'refused') checkRefusal(statusOf(read), refusalText(read.faults));
  checkPrototypes();
  return message.outcome === 'read' ? 'accepted' : 'refused';
};
