import type { MissionRole, Role } from '../codes.ts';
import { catalogue } from './catalogue.ts';
import type { Audience, MessageType } from './message-type.ts';

/** What an organisation can be notified of, and be in a mission, by its role in the directory. */

/** Roles that have Tasks or ask for them. */
const workers: readonly Role[] = ['local-amk', 'amk-la', 'operator', 'hospital'];

/** Roles that a mission can concern. */
const parties: readonly Role[] = [...workers, 'observer'];

/** Every role that an organisation of the audience can have. A role too many refuses no filter; a role too few would refuse a right one. */
const audienceRoles: Readonly<Record<Audience, readonly Role[]>> = {
  requester: ['local-amk'],
  coordinator: ['amk-la'],
  'task-owner': ['amk-la', 'operator', 'hospital'],
  'new-owner': ['amk-la', 'operator', 'hospital'],
  'task-asker': workers,
  'operator-of-task': ['operator'],
  'hospitals-of-task': ['hospital'],
  'all-parties': parties,
  'every-amk-la': ['amk-la'],
  quality: ['quality'],
  'sender-of-undelivered': workers,
};

/** Whether a message of the type can end a mission: every party is notified of that. */
const mayEndMission = ({ transitions, mission }: MessageType): boolean =>
  transitions !== undefined || mission === 'cancels';

/** Whether the hub can notify an organisation of the role of a message of the type. */
export const mayBeNotified = (type: MessageType, role: Role): boolean =>
  type.notifies.some((audience) => audienceRoles[audience].includes(role)) ||
  (mayEndMission(type) && parties.includes(role));

/** What an organisation of the role can be in a mission. */
export const missionRolesOf = (role: Role): readonly MissionRole[] => {
  const opening = catalogue.filter(({ mission }) => mission === 'opens');
  const isOwner = (types: readonly MessageType[]): boolean => types.some(({ opens }) => opens?.owner === role);
  return [
    ...(opening.some(({ senders }) => senders.includes(role)) ? (['requester'] as const) : []),
    ...(isOwner(opening) ? (['coordinator'] as const) : []),
    ...(isOwner(catalogue) ? (['performer'] as const) : []),
    ...(catalogue.some(({ invites }) => invites === role) ? (['observer'] as const) : []),
  ];
};
