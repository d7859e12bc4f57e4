import type { Fault } from './fault.ts';
import { accessFaults } from './faults/access.ts';
import { decisionFaults } from './faults/decisions.ts';
import { deliveryFaults } from './faults/delivery.ts';
import { meaningFaults } from './faults/meaning.ts';
import { operationFaults } from './faults/operation.ts';

/** Every fault that was found, by area. docs/verification.md has the table (`npx node test/verification/write-page.ts`). */
export const areas: readonly { readonly title: string; readonly faults: readonly Fault[] }[] = [
  { title: 'Delivery and alerts', faults: deliveryFaults },
  { title: 'Rules of a mission', faults: decisionFaults },
  { title: 'Meaning of messages', faults: meaningFaults },
  { title: 'Access and evidence', faults: accessFaults },
  { title: 'Operation', faults: operationFaults },
];

export const faults: readonly Fault[] = areas.flatMap((area) => area.faults);
