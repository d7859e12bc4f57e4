/** What a unit test of missions starts from: parties and their messages, the steps of a usual mission, given / when / then. */

export * from './given.ts';
export * from './messages.ts';
export * from './steps.ts';
export * from './usual-mission.ts';
