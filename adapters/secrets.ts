import { randomBytes, randomUUID } from 'node:crypto';
import type { Secrets } from '../core/subscriptions/manage.ts';

/** Secrets of 256 random bits in the form of Standard Webhooks: `whsec_` and base64. */
export const secrets: Secrets = {
  newId: () => randomUUID(),
  newSecret: () => `whsec_${randomBytes(32).toString('base64')}`,
};
