import type { AnchorSetFault } from '../../core/audit/anchor-set.ts';
import type { EvidenceFault } from '../../core/audit/evidence.ts';
import type { MissionFault } from '../../core/audit/verify-mission.ts';
import type { ChainFault } from '../../core/audit/verify-chain.ts';

/** Findings of a verification, for those who look after the logs. */

const range = (from: number, to: number): string => (from === to ? `record ${from}` : `records ${from} to ${to}`);
const isOrAre = ({ from, to }: { readonly from: number; readonly to: number }): string => (from === to ? 'is' : 'are');

/** A fault of a chain. */
export const faultText = (fault: ChainFault | EvidenceFault): string => {
  switch (fault.kind) {
    case 'removed':
      return `${range(fault.from, fault.to)} ${isOrAre(fault)} missing`;
    case 'changed':
      return `record ${fault.number} is not as it was written: it was changed, or moved here`;
    case 'replaced':
      return `record ${fault.number} was replaced by another one with a valid digest, and earlier records may have been too`;
    case 'unconfirmed':
      return `${range(fault.from, fault.to)} cannot be confirmed: added by hand, or interrupted while written (then the functions' log has LB-901, and the next read confirms it)`;
    case 'unlinked':
      return `record ${fault.number} names mission ${fault.mission}, which no longer refers to this chain: its AuditEvents leave this chain out`;
    case 'unlike-log':
      return `${range(fault.from, fault.to)} ${isOrAre(fault)} not as in the functions' log, or missing: changed, replaced or removed`;
    case 'not-logged':
      return `${range(fault.from, fault.to)} ${isOrAre(fault)} not in the functions' log, which covers that time: added by hand, or the function was interrupted before it logged (then nobody got an answer)`;
    case 'log-contradicts':
      return `${range(fault.from, fault.to)}: lines of the functions' log give different digests; one of them was added`;
    case 'unlike-anchor':
      return `record ${fault.number} ${fault.exists ? 'has another digest than' : 'is missing, though it is'} in the anchor of ${fault.anchored}: ${fault.exists ? 'this record or an earlier one was changed or replaced since' : 'the chain was shortened or removed since'}`;
    case 'not-anchored':
      return `${range(fault.from, fault.to)} ${fault.from === fault.to ? 'states a time' : 'state times'} before ${fault.anchored}, and no anchor has ${fault.from === fault.to ? 'it' : 'them'}: added later with an earlier time, or written by a machine with a wrong clock`;
  }
};

const entries = (from: number, to: number): string => (from === to ? `entry ${from}` : `entries ${from} to ${to}`);

/** A fault of a mission's log. */
export const missionFaultText = (fault: MissionFault | EvidenceFault): string => {
  switch (fault.kind) {
    case 'removed':
      return `${entries(fault.from, fault.to)} ${isOrAre(fault)} missing`;
    case 'shortened':
      return `${entries(fault.from, fault.to)} ${isOrAre(fault)} missing at the end: ${fault.by} names entry ${fault.to}`;
    case 'changed':
      return `entry ${fault.number} is not as it was written: it was changed, or moved here`;
    case 'replaced':
      return `entry ${fault.number} was replaced by another one with a valid digest, or the one after it was put in`;
    case 'beside':
      return `entry ${fault.number}: the attribute ${fault.attribute} of its item is not as in its content`;
    case 'unlike-text':
      return `entry ${fault.number}: ${fault.what.join(', ')} ${fault.what.length === 1 ? 'does' : 'do'} not follow from the text of the message`;
    case 'unlike-fold':
      return `entry ${fault.number}: its state does not follow from the entries up to it`;
    case 'forgotten':
      return `entry ${fault.number}: if its message is sent again, it is not recognised; its fingerprints were removed`;
    case 'unreadable':
      return `entry ${fault.number}: only another release can read it`;
    case 'unlike-anchor':
      return `entry ${fault.number} ${fault.exists ? 'has another digest than' : 'is missing, though it is'} in the anchor of ${fault.anchored}: ${fault.exists ? 'this entry or an earlier one was changed or replaced since' : 'the log was shortened or removed since'}`;
    case 'not-anchored':
    case 'unlike-log':
    case 'not-logged':
    case 'log-contradicts':
      return faultText(fault);
  }
};

/** A fault of the anchors themselves. */
export const anchorFaultText = (fault: AnchorSetFault): string => {
  switch (fault.kind) {
    case 'predecessor-missing':
      return `anchor ${fault.anchor} of ${fault.at} follows one that is not here: it was removed, or is elsewhere (after a restore on another stack give the anchors of both by --anchors)`;
    case 'newest-missing':
      return `anchor ${fault.anchor}, the newest one by the table, is not here: it was not fetched, or was removed`;
    case 'restore-unconfirmed':
      return `the hub says that it was restored on ${fault.restore.at} to its state of ${fault.restore.asOf}. If people know of it, confirm it by --restored ${fault.restore.at}; if not, somebody wants lost records to look explained`;
  }
};
