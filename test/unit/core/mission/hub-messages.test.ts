import { describe, expect, test } from 'vitest';
import { acceptMessage } from '../../../../core/mission/accept-message.ts';
import { overdueMessage } from '../../../../core/mission/hub-messages.ts';
import { memoryHub } from '../../../memory/hub.ts';
import {
  asksCrew,
  directory,
  given,
  mission,
  opened,
  parties,
  sentBy,
  task,
  taskIn,
  warnsHospital,
} from '../../../support/scenario.ts';

const { amk, hospital } = parties;
const urn = expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/);
const base = 'https://luftbro.example/fhir';

describe('overdueMessage', () => {
  const asked = given(opened, asksCrew, warnsHospital());
  const deadline = '2026-02-01T11:04:00.000Z';
  const message = overdueMessage(asked, taskIn(asked, task(3)), deadline, directory);

  test('is a FHIR message with the Task, the party to phone and the deadline', () => {
    const text: unknown = JSON.parse(message.text);
    expect(text).toMatchObject({
      resourceType: 'Bundle',
      id: message.bundleId,
      type: 'message',
      entry: [
        {
          fullUrl: urn,
          resource: {
            resourceType: 'MessageHeader',
            id: message.id,
            eventCoding: { code: 'acknowledgement-overdue', display: 'Acknowledgement overdue' },
            source: { name: 'luftbro', endpoint: `${base}/$process-message` },
            focus: [
              { reference: urn, type: 'CommunicationRequest' },
              { type: 'ServiceRequest', identifier: { system: `${base}/sid/mission`, value: mission } },
            ],
          },
        },
        {
          fullUrl: urn,
          resource: {
            resourceType: 'CommunicationRequest',
            status: 'active',
            category: [{ coding: [{ code: 'acknowledgement-overdue', display: 'Acknowledgement overdue' }] }],
            priority: 'stat',
            medium: [
              {
                coding: [
                  {
                    system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationMode',
                    code: 'PHONE',
                    display: 'telephone',
                  },
                ],
              },
            ],
            about: [
              { reference: `ServiceRequest/${mission}`, type: 'ServiceRequest' },
              { reference: `Task/${task(3)}`, type: 'Task' },
            ],
            occurrenceDateTime: deadline,
            recipient: [{ reference: urn, type: 'Organization', display: hospital.name }],
          },
        },
        {
          fullUrl: urn,
          resource: {
            resourceType: 'Organization',
            id: hospital.organisation,
            identifier: [{ value: hospital.organisation }],
            name: hospital.name,
            telecom: [{ system: 'phone', value: hospital.phone }],
          },
        },
      ],
    });
  });

  test('refers to entries of its own Bundle', () => {
    const bundle: {
      entry: { fullUrl: string; resource: { focus?: { reference?: string }[]; recipient?: { reference: string }[] } }[];
    } = JSON.parse(message.text);
    const [header, request, organisation] = bundle.entry;
    expect(header?.resource.focus?.[0]?.reference).toBe(request?.fullUrl);
    expect(request?.resource.recipient?.[0]?.reference).toBe(organisation?.fullUrl);
    expect(new Set(bundle.entry.map(({ fullUrl }) => fullUrl)).size).toBe(3);
  });
});

describe('acceptMessage, an entry too large for the log', () => {
  test('refuses the message as too-large', async () => {
    const hub = memoryHub();
    const [, message] = opened;
    const outcome = await acceptMessage(
      { ...hub.missions, append: async () => 'too-large' },
      message,
      sentBy(amk),
      hub.now,
    );
    expect(outcome).toMatchObject({ outcome: 'refused', faults: [{ code: 'too-large' }] });
  });
});
