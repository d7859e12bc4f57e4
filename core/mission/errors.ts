/** What the hub needs of the world outside. Adapters implement these; a port that fails throws `Unavailable` or lets its error through. */
/** Storage or queue cannot be reached now: nothing is known to have happened, the same call may be made again. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

/** The hub takes and tells nothing until somebody opens it again, or loads its first directory. `elsewhere`: base URL of the hub that does meanwhile. */
export class HubClosed extends Error {
  override readonly name = 'HubClosed';
  readonly elsewhere: string | undefined;

  constructor(elsewhere: string | undefined) {
    super('the hub is closed');
    this.elsewhere = elsewhere;
  }
}
