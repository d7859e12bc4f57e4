import type { CataloguedType } from '../messages/catalogue.ts';
import type { Warning } from '../warnings.ts';
import type { Facts } from '../messages/message-type.ts';

/** Organisation number in an element of the header that says in whose name the message is sent. */
export interface Claim {
  readonly element: 'sender' | 'responsible';
  readonly organisation: string;
}

/** An organisation number that a message gives. */
export interface NamedOrganisation {
  readonly organisation: string;
  /** FHIRPath of the element that gives it. */
  readonly at: string;
}

/** A message as the hub has read it, with its text unchanged. */
export interface Message {
  readonly outcome: 'read';
  readonly type: CataloguedType;
  /** `MessageHeader.id`: identifies the message, also when it is sent again. */
  readonly id: string;
  /** `Bundle.id`: identifies the envelope. */
  readonly bundleId?: string;
  /** The mission that it names; absent for a request for a new mission. */
  readonly mission?: string;
  /** Organisation numbers of the receivers, one for each `MessageHeader.destination`. */
  readonly destinations: readonly string[];
  /** Not verified here: the mission rules compare them with the token. */
  readonly claims: readonly Claim[];
  /** Organisations that the resource in focus names as the party that is asked, if the message asks a party. */
  readonly asked: readonly NamedOrganisation[];
  /** Organisations whose contact data the message gives. */
  readonly contacts: readonly NamedOrganisation[];
  readonly exercise: boolean;
  /** When the sender made the message (`Bundle.timestamp`). */
  readonly sentAt?: string;
  readonly facts: Facts;
  /** Index of the focus resource in `Bundle.entry`. */
  readonly focusIndex?: number;
  /** What the sender must know although the message can be accepted. */
  readonly warnings: readonly Warning[];
  /** The JSON text as it was sent. */
  readonly text: string;
  /** Digest of what the message says (`message-identity.ts`): equal for a message that is sent again. */
  readonly digest: string;
}
