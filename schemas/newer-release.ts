/**
 * The table holds what this release does not know: a newer one wrote it and was taken back. What it belongs to cannot be read,
 * and stays as it is until that release is there again.
 */
export class NewerRelease extends Error {
  override readonly name = 'NewerRelease';
}

/** What is read, or that only a newer release can read it: a list of many missions is given without that one, and says so. */
export const ifReadable = async <Value>(read: () => Promise<Value>): Promise<Value | 'unreadable'> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NewerRelease) return 'unreadable';
    throw error;
  }
};
