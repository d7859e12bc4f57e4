import { fingerprintWindow } from '../../../../core/mission/known-messages.ts';
import { entryAfter } from '../../../../core/mission/log-entry.ts';
import { describe, expect, test } from 'vitest';
import { notificationBundle } from '../../../../core/fhir/notification.ts';
import { responseMessage } from '../../../../core/fhir/response-message.ts';
import { fold } from '../../../../core/mission/evolve.ts';
import type { StoredEntry } from '../../../../core/mission/mission-log.ts';
import { readMessage } from '../../../../schemas/reading/read-message.ts';
import { sampleSubscription } from '../../../contract/scenario.ts';
import {
  directory,
  given,
  later,
  mission,
  missionCancel,
  missionDecision,
  parties,
  prearrivalNotification,
  request,
  resourceRequest,
  resourceResponse,
  resourceStatus,
  task,
  when,
} from '../../../support/scenario.ts';
import { changed, gone, placesIn, samples } from '../../schemas/reading/changed.ts';

const { amk, la, operator, hospital } = parties;
const view = { base: 'https://hub.example/fhir', directory };

const asked = given(
  [amk, request],
  [la, resourceRequest({ mission })],
  [la, prearrivalNotification({ mission, partOf: task(2) })],
);
const flying = later(
  asked,
  [la, missionDecision({ task: task(1), answer: 'accepted' })],
  [operator, resourceResponse({ task: task(2), answer: 'accepted' })],
  [operator, resourceStatus({ task: task(2), phases: { departed: '2026-01-31T12:05:00+01:00' } })],
);
const cancelled = later(flying, [amk, missionCancel({ mission })]);

/** Messages with one changed element that are still read without fault. */
const odd = samples.flatMap((message) => {
  const bundle: unknown = JSON.parse(message.text);
  return placesIn(bundle).flatMap((place) =>
    [gone, null, 7, 'something', '', [], {}, task(1), task(2), task(3)].flatMap((value) => {
      const outcome = readMessage(JSON.stringify(changed(bundle, place, value)));
      return outcome.outcome === 'read' ? [outcome] : [];
    }),
  );
});

describe('changed messages that are readable', () => {
  test('are accepted or refused, and can be stored, answered and notified if accepted', () => {
    let accepted = 0;
    for (const before of [undefined, asked, flying, cancelled])
      for (const message of odd)
        for (const sender of [amk, la, operator, hospital]) {
          const outcome = when(before, [sender, message]);
          if (outcome.outcome === 'refused') {
            expect(outcome.faults[0].at).toMatch(/^(Bundle|http)/);
            continue;
          }
          accepted += 1;
          if (accepted % 7 !== 0) continue;
          const stored: StoredEntry = {
            ...entryAfter(undefined, outcome.entry, fingerprintWindow),
            fanOutPending: true,
            notified: [],
            withoutSubscription: [],
          };
          expect(JSON.parse(JSON.stringify(stored))).toStrictEqual(stored);
          if (before === undefined) expect(fold([stored])).toEqual(stored.state);
          responseMessage(stored, view);
          for (const organisation of stored.recipients)
            notificationBundle(
              {
                kind: 'event-notification',
                subscription: sampleSubscription('one', organisation),
                role: directory.partyOf(organisation)?.role ?? 'observer',
                events: [
                  {
                    notification: {
                      subscription: 'one',
                      number: 1,
                      organisation,
                      mission,
                      entry: stored.number,
                      writtenAt: stored.receivedAt,
                      status: 'pending',
                      attempts: 0,
                    },
                    entry: stored,
                    sources: [stored],
                  },
                ],
              },
              view,
              stored.receivedAt,
            );
        }
    expect(accepted).toBeGreaterThan(1000);
  });
});
