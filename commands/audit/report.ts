import type { ChainFault } from '../../core/audit/verify-chain.ts';

/** What was found in a chain, in words for those who look after the log. */
const range = (from: number, to: number): string => (from === to ? `record ${from}` : `records ${from} to ${to}`);

export const faultWords = (fault: ChainFault): string => {
  switch (fault.kind) {
    case 'removed':
      return `${range(fault.from, fault.to)} ${fault.from === fault.to ? 'is' : 'are'} missing`;
    case 'changed':
      return `record ${fault.number} is not as it was written: changed, or put there from elsewhere`;
    case 'replaced':
      return `record ${fault.number} is not the one that was followed: it was replaced, and so may be those before it`;
    case 'unconfirmed':
      return `${range(fault.from, fault.to)} cannot be confirmed: added by hand, or cut off while written (then the functions' log has LB-901, and the next read makes it good)`;
    case 'unlinked':
      return `record ${fault.number} names mission ${fault.mission}, which does not lead here any more: its AuditEvents leave this chain out`;
    case 'unlike-log':
      return `record ${fault.number} is not the one that the functions' log tells of, or is missing`;
  }
};

/** Fields of the line that a function logs for each record (LB-103). */
export interface LoggedRecord {
  readonly chain: string;
  readonly number: number;
  readonly digest: string;
}

/** Reads one line of the functions' log; what stands before the JSON, as in an export of CloudWatch, is passed over. */
export const loggedRecord = (line: string): LoggedRecord | undefined => {
  const start = line.indexOf('{');
  if (start === -1 || !line.includes('LB-103')) return undefined;
  try {
    const { code, chain, number, digest }: Record<string, unknown> = JSON.parse(line.slice(start));
    return code === 'LB-103' && typeof chain === 'string' && typeof number === 'number' && typeof digest === 'string'
      ? { chain, number, digest }
      : undefined;
  } catch {
    return undefined;
  }
};
