import type { AnchorStore } from '../../core/audit/anchors.ts';
import type { Bucket } from './bucket.ts';

/** Anchors in a bucket of their own. The name of a file has its digest, so one that exists is the same file. */
export const anchorStore = (bucket: Pick<Bucket, 'add'>): AnchorStore => ({
  async add({ name, text }) {
    await bucket.add(name, text);
  },
});
