import type { RecordOf } from '../../history.ts';
import type { Finding, Property } from '../property.ts';

const nameOf = (subscription: string, number: number | undefined): string => `${subscription}.${number}`;

export const receipts: Property = {
  name: 'receipts',
  definition:
    'If a receipt says completed, the endpoint had answered that event 2xx before. A receipt that is final does not change. A receipt names the version that the event has.',
  findings: (index) => {
    const attempts = Map.groupBy(
      index.of('received').filter(({ event }) => event !== undefined),
      ({ subscription, event }) => nameOf(subscription, event?.number),
    );
    const final = new Map<string, { readonly status: string; readonly record: RecordOf<'receipts'> }>();
    return index.of('receipts').flatMap((record) => {
      if (record.outcome !== 'ok') return [];
      return record.receipts.flatMap(({ subscription, number, version, status }): readonly Finding[] => {
        const name = nameOf(subscription, number);
        const own = attempts.get(name) ?? [];
        const before = final.get(name);
        if (status !== 'in-progress') final.set(name, { status, record });
        if (before !== undefined && before.status !== status)
          return [
            {
              says: `the receipt of ${name} went from ${before.status} to ${status}`,
              excerpt: [before.record, record],
            },
          ];
        const other = own.find(({ event }) => event?.version !== undefined && event.version !== version);
        if (other !== undefined)
          return [{ says: `the receipt of ${name} names version ${version}`, excerpt: [other, record] }];
        const isTaken = own.some(
          ({ answered, end }) => answered !== 'none' && answered >= 200 && answered < 300 && end < record.end,
        );
        return status !== 'completed' || isTaken
          ? []
          : [{ says: `${name} is completed, and its endpoint has not answered 2xx`, excerpt: [...own, record] }];
      });
    });
  },
};
