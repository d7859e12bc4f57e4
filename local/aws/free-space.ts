import { statfsSync } from 'node:fs';

const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MB`;

/** A sentence if the disk of a folder has less than `leastFree` bytes left. */
export const whyFull = (folder: string, leastFree: number): string | undefined => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= leastFree
    ? undefined
    : `The disk of ${folder} is full: ${megabytes(bavail * bsize)} are free, and the hub needs ${megabytes(leastFree)}. Free some space.`;
};
