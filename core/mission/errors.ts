import { storageFailure } from '../../schemas/telemetry/log-messages.ts';

/** Storage or queue cannot be reached now. The outcome of the call is unknown; it can be repeated. */
export class Unavailable extends Error {
  override readonly name = storageFailure;
}

/**
 * The hub accepts and delivers nothing until an operator opens it or loads its first directory. `elsewhere`: base URL of the hub
 * that does so meanwhile.
 */
export class HubClosed extends Error {
  override readonly name = 'HubClosed';
  readonly elsewhere: string | undefined;

  constructor(elsewhere: string | undefined) {
    super('the hub is closed');
    this.elsewhere = elsewhere;
  }
}
