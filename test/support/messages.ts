/** Small valid messages of every type, the same for the same arguments, and the parties that exchange them. */

export { parties, unknownOrganisation, partyOf, ofAmk, directory, sentBy } from './messages/parties.ts';
export { type Envelope, read, type Place, somewhere, incidentIdentifier } from './messages/compose.ts';
export { missionOpenedBy, taskOpenedBy, missionRequest, missionUpdate, missionCancel } from './messages/mission.ts';
export {
  acknowledgement,
  missionDecision,
  medicalAssessment,
  reviewRequest,
  missionForward,
} from './messages/coordination.ts';
export {
  resourceRequest,
  resourceResponse,
  resourceStatus,
  resourceAvailability,
  resourceWithdrawal,
} from './messages/resources.ts';
export { prearrivalNotification, prearrivalResponse, prearrivalWithdrawal } from './messages/prearrival.ts';
export { missionReport, outcomeFeedback } from './messages/reports.ts';
