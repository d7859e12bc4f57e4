import { expect, test } from 'vitest';
import { fanOut } from '../../../../core/delivery/fan-out.ts';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import type { Party } from '../../../../core/mission/state.ts';
import type { Message } from '../../../../schemas/reading/message.ts';
import { memoryHub, type MemoryHub } from '../../../memory/hub.ts';
import {
  incidentIdentifier,
  missionForward,
  missionOpenedBy,
  missionRequest,
  missionUpdate,
  parties,
  resourceAvailability,
  resourceRequest,
  sentBy,
  taskOpenedBy,
} from '../../../support/scenario.ts';

const { amk, la, otherLa, operator } = parties;

const say = async (hub: MemoryHub, sender: Party, message: Message): Promise<void> => {
  const accepted = await acceptMessage(hub.missions, message, sentBy(sender), hub.now);
  if (accepted.outcome === 'refused') throw new Error(JSON.stringify(accepted.faults));
  await fanOut(hub, accepted.entry);
};

const request = missionRequest({ incident: 'avalanche' });
const mission = missionOpenedBy(request);

const asked = async (): Promise<MemoryHub> => {
  const hub = memoryHub();
  await say(hub, amk, request);
  await say(hub, la, resourceRequest({ mission }));
  return hub;
};

const listed = async (hub: MemoryHub) => (await hub.worklist.list(operator.organisation, 'open', 10)).items;

test('shows a new urgency in the worklist of each owner of an open Task', async () => {
  const hub = await asked();
  await say(hub, amk, missionUpdate({ mission, urgency: 'routine' }));
  expect(await listed(hub)).toMatchObject([{ urgency: 'routine', task: { kind: 'resource' } }]);
});

test('shows the new coordinator in the worklist of each owner of an open Task', async () => {
  const hub = await asked();
  expect(await listed(hub)).toMatchObject([{ coordinator: la.organisation }]);
  await say(hub, la, missionForward({ task: taskOpenedBy(mission, 1) }));
  expect(await listed(hub)).toMatchObject([{ coordinator: otherLa.organisation }]);
});

test('finds a mission by its large event', async () => {
  const hub = await asked();
  const { system } = incidentIdentifier('avalanche');
  expect(await hub.overview.missionsOf({ system, value: 'avalanche' }, false, { list: 'all' }, 10)).toMatchObject([
    { mission },
  ]);
  expect(await hub.overview.missionsOf({ system, value: 'avalanche' }, true, { list: 'all' }, 10)).toEqual([]);
  expect(await hub.overview.missionsOf({ system, value: 'flood' }, false, { list: 'all' }, 10)).toEqual([]);
});

test('keeps the latest readiness of a resource, and adds nothing to a worklist', async () => {
  const hub = memoryHub();
  const says = (availability: string, at: string) => resourceAvailability({ availability, at });
  await say(hub, operator, says('technical', '2026-02-01T10:50:00Z'));
  await say(hub, operator, says('free', '2026-02-01T10:40:00Z'));
  const [readiness, none] = await hub.overview.readinessOf(operator.organisation);
  expect(readiness).toMatchObject({ version: 2, readiness: { resource: 'LA-01', availability: 'technical' } });
  expect(none).toBeUndefined();
  expect(await listed(hub)).toEqual([]);
});
