import { codesOf } from './codes.ts';

/**
 * Scopes of access tokens: what a system may do, within what its organisation's role may. In a token each is written as
 * HelseID writes them, after the audience of the hub and a slash: `luftbro/request.send`.
 */

/** Families of message types: one scope lets a system send all messages of a family. */
export const families = {
  mission: 'what every party of a mission says: acknowledgements, updates, cancellations',
  request: 'asking for a mission, and for a review of what was decided',
  coordination: 'assessing, deciding and forwarding missions',
  resource: 'asking for helicopters, aeroplanes and cars, answering, reporting flights and readiness',
  hospital: 'warning hospitals, and their answers',
  report: 'reports and outcomes after a mission',
} as const;

export type Family = keyof typeof families;
type SendScope = `${Family}.send`;
export type Scope = 'read' | 'subscribe' | SendScope;

export const sendScopeOf = (family: Family): SendScope => `${family}.send`;

/** Every scope, with what a system may do with it. */
export const scopes: Readonly<Record<Scope, string>> = {
  read: 'reading missions, Tasks, receipts, resources and the directory',
  subscribe: 'making, changing and ending subscriptions, and fetching what was missed',
  'mission.send': families.mission,
  'request.send': families.request,
  'coordination.send': families.coordination,
  'resource.send': families.resource,
  'hospital.send': families.hospital,
  'report.send': families.report,
};

/** A system that may read, or send anything, may ask what the hub says about a message. */
export const validateScopes: readonly Scope[] = ['read', ...codesOf(families).map(sendScopeOf)];

/** A scope as it is written in a token for an audience. */
export const scopeFor = (audience: string, scope: Scope): string => `${audience}/${scope}`;
