/** What an operator sets for a standalone hub. Addresses are base URLs. */
export interface HubSettings {
  /** Folder of the database and the anchors. */
  readonly folder: string;
  /** Base URL that partners use, ends in /fhir. */
  readonly base: string;
  readonly tokenIssuer: string;
  readonly tokenAudience: string;
  /** `required`: a token must be bound to a key of the caller (DPoP). */
  readonly tokenBinding: 'required' | 'optional';
  /** Seconds. */
  readonly proofWindow: { readonly back: number; readonly ahead: number };
  /** Requests that one client may make in a window of so many seconds. */
  readonly budgets: { readonly seconds: number; readonly messages: number; readonly requests: number };
  /** Origins that may get notifications although they are not public https, separated by commas. */
  readonly endpointAllowList: string;
  /** Deliveries at the same time. */
  readonly deliveriesAtOnce: { readonly quick: number; readonly slow: number };
}
