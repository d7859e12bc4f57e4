import type { RecordOf } from '../../history.ts';
import type { Index } from '../entries.ts';
import type { Finding, Property } from '../property.ts';

type Received = RecordOf<'received'>;

const isTaken = ({ answered }: Received): boolean => answered !== 'none' && answered >= 200 && answered < 300;

/** Answers after which the hub does not try again (docs/integrating.md, "What your endpoint does"). */
const isFinal = ({ answered }: Received): boolean =>
  answered !== 'none' &&
  answered >= 400 &&
  answered < 500 &&
  ![401, 402, 403, 404, 405, 407, 408, 410, 421, 425, 426, 429, 451].includes(answered);

/** Names of notifications that the hub gave up: later ones need not wait for them. */
const givenUp = (index: Index): ReadonlySet<string> =>
  new Set([
    ...index
      .of('receipts')
      .flatMap(({ receipts }) => receipts)
      .filter(({ status }) => status === 'not-done')
      .map(({ subscription, number }) => `${subscription}.${number}`),
    ...index
      .of('received')
      .filter(isFinal)
      .map(({ webhookId }) => webhookId),
  ]);

interface Delivery {
  readonly version: number;
  readonly first: Received;
  /** When the endpoint first answered 2xx. */
  readonly takenAt: number;
}

/** The events of one mission at one subscription, in the order of their first receipt. */
const deliveriesOf = (receipts: readonly Received[], isGivenUp: (number: number) => boolean): readonly Delivery[] => {
  const byNumber = new Map<number, Delivery>();
  for (const receipt of receipts) {
    const { event } = receipt;
    if (event?.version === undefined || isGivenUp(event.number)) continue;
    const known = byNumber.get(event.number);
    const takenAt = Math.min(known?.takenAt ?? Infinity, isTaken(receipt) ? receipt.end : Infinity);
    byNumber.set(event.number, { first: known?.first ?? receipt, version: known?.version ?? event.version, takenAt });
  }
  return [...byNumber.values()].toSorted((one, other) => one.first.start - other.first.start);
};

const inOrder = (deliveries: readonly Delivery[]): readonly Finding[] =>
  deliveries.flatMap((later, position) => {
    const before = deliveries[position - 1];
    if (before === undefined) return [];
    const numbers = [before.first.event?.number ?? 0, later.first.event?.number ?? 0] as const;
    const excerpt = [before.first, later.first];
    if (later.version < before.version)
      return [{ says: `version ${later.version} arrived after version ${before.version}`, excerpt }];
    if (numbers[1] < numbers[0])
      return [{ says: `event ${numbers[1]} arrived after event ${numbers[0]} of the same mission`, excerpt }];
    if (before.takenAt > later.first.start)
      return [{ says: `version ${later.version} arrived before version ${before.version} was answered 2xx`, excerpt }];
    return [];
  });

export const ordered: Property = {
  name: 'ordered',
  definition:
    'Each subscription first receives the events of a mission in the order of its versions, with ascending numbers. An event arrives only after every earlier one of the mission was answered 2xx or given up.',
  findings: (index) => {
    const skipped = givenUp(index);
    const groups = new Map<string, Received[]>();
    for (const receipt of index.of('received')) {
      const mission = receipt.event?.mission;
      if (mission === undefined) continue;
      const key = `${receipt.subscription} ${mission}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [receipt]);
      else group.push(receipt);
    }
    return [...groups].flatMap(([key, receipts]) => {
      const subscription = key.split(' ')[0] ?? '';
      const byTime = receipts.toSorted((one, other) => one.start - other.start);
      return inOrder(deliveriesOf(byTime, (number) => skipped.has(`${subscription}.${number}`)));
    });
  },
};
