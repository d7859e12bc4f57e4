import { beforeAll, describe } from 'vitest';
import { missionLogContract } from './mission-log.ts';
import { subscriptionsContract } from './subscriptions.ts';
import { endpointHealthContract } from './endpoint-health.ts';
import { placesContract } from './places.ts';
import { numberingContract } from './numbering.ts';
import { notificationsContract } from './notifications.ts';
import { deliveryContextsContract } from './delivery-contexts.ts';
import { worklistContract } from './worklist.ts';
import { missionListsContract } from './mission-lists.ts';
import { overviewContract } from './overview.ts';
import { obligationsContract } from './obligations.ts';
import { callSlotsContract } from './call-slots.ts';
import { deadLettersContract } from './dead-letters.ts';
import { returnedValuesContract } from './returned-values.ts';
import { contractOn, type StoringPorts } from './scenario.ts';

export interface StorageForm {
  /** Whether a subscription and the list of its organisation are written one after the other, so that a crash can come between. */
  readonly isListedApart: boolean;
}

/** Declares the tests that every set of storing ports must pass: one file per port. */
export const portContract = (name: string, makePorts: () => Promise<StoringPorts>, form: StorageForm): void => {
  describe(`${name} keeps the contract`, () => {
    let opened: StoringPorts | undefined;
    beforeAll(async () => {
      opened = await makePorts();
    });
    const contract = contractOn(() => {
      if (opened === undefined) throw new Error('the ports are not open yet');
      return opened;
    });
    missionLogContract(contract);
    subscriptionsContract(contract, form);
    endpointHealthContract(contract);
    placesContract(contract);
    numberingContract(contract);
    notificationsContract(contract);
    deliveryContextsContract(contract);
    worklistContract(contract);
    overviewContract(contract);
    missionListsContract(contract);
    obligationsContract(contract);
    callSlotsContract(contract);
    deadLettersContract(contract);
    returnedValuesContract(contract);
  });
};
