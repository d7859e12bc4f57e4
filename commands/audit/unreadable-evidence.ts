/** A log or anchors that were given cannot be read. The message names the place and why. */
export class UnreadableEvidence extends Error {
  override readonly name = 'UnreadableEvidence';
}
