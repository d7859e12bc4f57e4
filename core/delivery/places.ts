/** The place of a mission in the log of a subscription. */
export interface Place {
  /** The newest entry of the mission that has a number; 0: none has. */
  readonly entry: number;
  /** The number of that entry; 0: none has. */
  readonly number: number;
  /** An entry is being numbered, or was when its process ended. */
  readonly claim?: Claim;
}

/** All who number the entry look at every notification after `from` before they append. */
export interface Claim {
  /** Later than the place's entry. */
  readonly entry: number;
  /** The entry has no number up to this one. */
  readonly from: number;
}

/** One place for each mission of a subscription. */
export interface PlaceOf {
  readonly subscription: string;
  readonly mission: string;
}

/** Storage of places. Every call is of one item, and throws `Unavailable` if the storage cannot be reached. */
export interface Places {
  /** Read consistently. A mission without numbers has the place 0. */
  read(of: PlaceOf): Promise<Place>;
  /** Sets the claim. `false`: the place is not as it was `seen`, and nothing is changed. */
  claim(of: PlaceOf, seen: Place, claim: Claim): Promise<boolean>;
  /** The claimed entry has this number: the claim is removed. If it is not the stored claim, nothing is changed. */
  settle(of: PlaceOf, claim: Claim, number: number): Promise<void>;
  /** Waits a short random time, longer with each attempt, so that processes that contend for a number do not meet again. */
  backOff(attempt: number): Promise<void>;
}
