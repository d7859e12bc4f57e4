/**
 * The table holds what this release does not know: a newer one wrote it and was taken back. What it belongs to cannot be read,
 * and stays as it is until that release is there again.
 */
export class NewerRelease extends Error {
  override readonly name = 'NewerRelease';
}
