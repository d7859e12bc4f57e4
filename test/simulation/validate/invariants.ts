/** What must hold after every run. The texts are the table in docs/simulation.md. */
export const invariants = {
  'log matches answers':
    'The log holds exactly the messages that were answered 2xx, each once, with the entry number in the answer',
  'entries numbered without gaps': 'The entries of a mission are numbered 1, 2, 3 … without a gap',
  'entries chained by digests':
    'Each entry has the digest of its own content, and carries the digest of the entry before',
  'every message is known':
    'Every message of a log is recognised when it is sent again, also when the newest entry no longer carries its fingerprint',
  'state is the fold of the log': 'The state in an entry is the fold of the log up to that entry',
  'notifications numbered without gaps':
    'The notifications of a subscription are numbered 1, 2, 3 … without a gap, each entry once, in the order of the log; each names the one before it',
  'delivered in log order':
    'The notifications of a mission first reach an endpoint in the order of the log, except those that were given up or redriven',
  'content matches the number': 'A notification that reaches an endpoint is about the entry that has its number',
  'every subscriber notified':
    'A subscription that existed before an entry it selects has a notification of that entry',
  'notified or a person alerted':
    'Every party that must know an entry has it, or people were alerted to phone the party',
  'the auditor finds nothing':
    'The auditor (`core/audit/reconcile/`), which shares no code with the fan-out, finds no party that was not notified and nobody alerted, and no notification too many',
  'receipts are true': 'A receipt says delivered only if the endpoint took the notification; none stays pending',
  'completed notifications not resent':
    'A notification that was delivered or given up is not sent again, unless an operator redrives it',
  'entry lists the notified': 'An entry lists every subscription that was notified of it',
  'no false alert': 'People are not asked to phone a party that has the message through another subscription',
  'one probe at a time': 'An open circuit sends one probe at a time',
  'dead letters complete':
    'The dead letters are the notifications that were given up; people were alerted of each; only dead letters are redriven',
  'one alert per missed deadline':
    'A deadline that passed is reported once; one that was kept is not reported; none is forgotten',
  'each hub message once': 'The hub writes each message of its own once',
  'active only after a handshake':
    'A circuit closes, and a subscription becomes active, only after a handshake that the endpoint took',
  'no notifications after off': 'A subscription that has ended gets no notification of later entries',
  'subscriber list correct':
    'The fan-out finds every subscription that has not ended, with its latest settings, and no other',
  'worklists correct': 'A worklist shows every Task of its owner as it is in the newest entry',
  'mission lists correct':
    'The lists of missions show every mission to its requester and its AMK LA, with how it ended',
  'few calls to a failing endpoint':
    'An endpoint that is down gets a few calls a minute, however many notifications are pending',
  'calls in slots':
    'Every call of the slow lane has a slot, and no party and no endpoint gets more calls at the same time than it has slots; the slot of a process that crashed, or whose clock is wrong, may be given to another',
  'quick lane calls quick endpoints': 'The quick lane does not call an endpoint that was found to be slow before',
  'no job lost between lanes':
    'A job that leaves the quick lane is in the slow lane, unless its notification is complete',
  'slow parties delay nobody':
    'While nothing else fails, a notification is sent to a quick endpoint within six seconds, however slow or dead the endpoints of other parties are',
  'people alerted in time':
    'While nothing else fails, people are alerted of a notification that is pending for longer than 30 s, within 20 s more, however busy the lanes are',
  'no obligation left': 'After the last fault every obligation is completed within a bounded time',
} as const;

export type Invariant = keyof typeof invariants;

/** One thing that does not hold after a run. */
export interface Violation {
  readonly invariant: Invariant;
  readonly detail: string;
}

export type OnViolation = (invariant: Invariant, detail: string) => void;
