import { expect, test } from 'vitest';
import { missionVersions } from '../../../../core/queries/mission-versions.ts';
import { directory, missionOpenedBy, missionRequest, missionUpdate, parties } from '../../../support/messages.ts';
import { callerFor, hubAfter, resourceIn, searchFor } from '../../../support/reading.ts';

test('reads few entries at the same time, whatever number of versions a page has', async () => {
  const request = missionRequest({ id: 'request' });
  const mission = missionOpenedBy(request);
  const updates = Array.from({ length: 60 }, (_, index) => missionUpdate({ mission, id: `update-${index}` }));
  const hub = await hubAfter([parties.amk, request], ...updates.map((update) => [parties.amk, update] as const));
  let reading = 0;
  let most = 0;
  const missions = {
    ...hub.missions,
    entry: async (...args: Parameters<typeof hub.missions.entry>) => {
      reading += 1;
      most = Math.max(most, reading);
      const found = await hub.missions.entry(...args);
      reading -= 1;
      return found;
    },
  };
  const view = { base: 'https://hub.example/fhir', directory };
  const search = searchFor('Provenance');
  const bundle = resourceIn(await missionVersions(missions, callerFor(parties.amk), mission, search, view));
  expect(bundle).toMatchObject({ type: 'history' });
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(20);
});
