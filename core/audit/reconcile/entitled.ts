import type { EventName } from '../../../schemas/messages/catalogue.ts';
import type { KnownParties, LoggedEntry } from './logged.ts';
import { type AuditedMission, concerned, isOver, taskIn } from './mission-so-far.ts';
import type { Said } from './read-text.ts';

/**
 * Who must be notified of an entry (docs/mission-rules.md, "Recipients"). The table repeats what each message's page says and is
 * not derived from the catalogue: if one of the two is changed, or wrong, the auditor finds it.
 */

/** What decides on the recipients of one entry. */
interface Occasion {
  readonly entry: LoggedEntry;
  readonly said: Said;
  /** Parties that the mission concerned before the entry, and whether the entry changed its status. */
  readonly concernedBefore: ReadonlySet<string>;
  readonly changedStatus: boolean;
  /** Prearrival Tasks that were open before the entry. */
  readonly hospitalsBefore: readonly { readonly owner: string; readonly flight: number | undefined }[];
  readonly after: AuditedMission;
  readonly parties: KnownParties;
  readonly senderOf: (entry: number) => string | undefined;
}

type Group = (occasion: Occasion) => readonly (string | undefined)[];

const requester: Group = ({ after }) => [after.requester];
const coordinator: Group = ({ after }) => [after.coordinator];
const everybody: Group = ({ after, concernedBefore }) => [...concernedBefore, ...concerned(after)];
const quality: Group = ({ parties }) => parties.ofRole('quality');
const everyCoordinator: Group = ({ parties }) => parties.ofRole('amk-la');

/** The Task that the message is about, or else the one that it opens. */
const taskOf = ({ after, said, entry }: Occasion) => taskIn(after, said.task) ?? taskIn(after, entry.number);

const owner: Group = (occasion) => [taskOf(occasion)?.owner];
const newOwner: Group = ({ after, entry }) => [taskIn(after, entry.number)?.owner];

/** After a forwarding the AMK LA that forwarded is the asker, but the requester still waits for the decision. */
const asker: Group = (occasion) => {
  const task = taskOf(occasion);
  return [task?.asker, task?.kind === 'coordination' ? occasion.after.requester : undefined];
};

const operator: Group = (occasion) => [taskIn(occasion.after, taskOf(occasion)?.flight)?.owner];

const hospitals: Group = (occasion) => {
  const flight = taskOf(occasion)?.number;
  return occasion.hospitalsBefore.filter((one) => one.flight === flight).map((one) => one.owner);
};

/** A message of the hub that was not delivered concerns the requester. */
const senderOfUndelivered: Group = ({ said, senderOf, after }) => {
  const sender = said.undelivered === undefined ? undefined : senderOf(said.undelivered.entry);
  return [sender === 'luftbro' ? after.requester : sender];
};

const groups: Readonly<Record<EventName, readonly Group[]>> = {
  'mission-request': [coordinator],
  acknowledgement: [asker, coordinator],
  'mission-update': [everybody],
  'medical-assessment': [coordinator, requester],
  'mission-decision': [requester, asker, quality],
  'review-request': [coordinator, quality],
  'mission-forward': [everybody, quality],
  'resource-request': [owner, hospitals],
  'resource-response': [asker, coordinator, requester, hospitals, quality],
  'resource-status': [everybody],
  'prearrival-notification': [owner, newOwner, coordinator],
  'prearrival-response': [asker, coordinator, operator, newOwner],
  'mission-cancel': [everybody, quality],
  'mission-report': [coordinator, quality],
  'outcome-feedback': [coordinator, quality],
  'resource-availability': [everyCoordinator],
  'acknowledgement-overdue': [asker, coordinator],
  'delivery-failed': [senderOfUndelivered, coordinator],
  'party-unreachable': [senderOfUndelivered, coordinator],
};

export const isKnownEvent = (event: string): event is EventName => Object.hasOwn(groups, event);

/** Whether the recipients depend on the roles that the directory gives. */
export const dependsOnDirectory = (event: EventName): boolean =>
  groups[event].includes(quality) || groups[event].includes(everyCoordinator);

/** Organisation numbers that must be notified: never the sender, and never the party that the message reports as not reached. */
export const entitledTo = (event: EventName, occasion: Occasion): ReadonlySet<string> => {
  const { entry, said, concernedBefore, changedStatus } = occasion;
  const named = new Set<string>(changedStatus ? concernedBefore : []);
  for (const group of groups[event]) for (const one of group(occasion)) if (one !== undefined) named.add(one);
  named.delete(entry.sender);
  if (said.undelivered !== undefined) named.delete(said.undelivered.organisation);
  return named;
};

/** What a step changes for the recipients, taken before the entry is applied. */
export const before = (mission: AuditedMission | undefined) => ({
  concernedBefore: mission === undefined ? new Set<string>() : concerned(mission),
  hospitalsBefore: (mission?.tasks ?? [])
    .filter((task) => task.kind === 'prearrival' && !isOver(task))
    .map(({ owner: hospital, flight }) => ({ owner: hospital, flight })),
  status: mission?.status,
});
