import type { ChainFault } from '../../core/audit/verify-chain.ts';

const range = (from: number, to: number): string => (from === to ? `record ${from}` : `records ${from} to ${to}`);

/** A fault of a chain, for those who look after the log. */
export const faultText = (fault: ChainFault): string => {
  switch (fault.kind) {
    case 'removed':
      return `${range(fault.from, fault.to)} ${fault.from === fault.to ? 'is' : 'are'} missing`;
    case 'changed':
      return `record ${fault.number} is not as it was written: it was changed, or moved here`;
    case 'replaced':
      return `record ${fault.number} was replaced by another one with a valid digest, and earlier records may have been too`;
    case 'unconfirmed':
      return `${range(fault.from, fault.to)} cannot be confirmed: added by hand, or interrupted while written (then the functions' log has LB-901, and the next read confirms it)`;
    case 'unlinked':
      return `record ${fault.number} names mission ${fault.mission}, which no longer refers to this chain: its AuditEvents leave this chain out`;
    case 'unlike-log':
      return `record ${fault.number} is not the one in the functions' log, or is missing`;
  }
};
