/**
 * The table has data that this release does not know: a newer release wrote it and was rolled back. The mission or
 * subscription that it belongs to cannot be read, and does not change, until that release is deployed again.
 */
export class NewerRelease extends Error {
  override readonly name = 'NewerRelease';
}

/** The result of `read`, or `unreadable` if only a newer release can read it: a list of many missions leaves that one out and reports it. */
export const ifReadable = async <Value>(read: () => Promise<Value>): Promise<Value | 'unreadable'> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NewerRelease) return 'unreadable';
    throw error;
  }
};
