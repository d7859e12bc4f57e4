/** A backup or its folder cannot be used. The message names the file, what is wrong, and what to do. */
export class BadBackup extends Error {
  override readonly name = 'BadBackup';
}
