import { describe, expect, test } from 'vitest';
import {
  type KeptFingerprints,
  type MissionFault,
  type ReadableEntry,
  type RecordedEntry,
  type Trace,
  verifyMission,
} from '../../../../core/audit/verify-mission.ts';
import { foldVersion } from '../../../../core/mission/evolve.ts';
import { bundleFingerprint, fingerprintsAfter, messageFingerprint } from '../../../../core/mission/known-messages.ts';
import { sealOfEntry } from '../../../../core/mission/seal.ts';
import { firstGuidelines } from '../../../../schemas/guideline.ts';
import {
  exampleLog,
  exampleSteps,
  exampleText,
  logOf,
  nextEntry,
  readinessSteps,
  secondSteps,
} from '../../../support/examples.ts';

type Content = ReadableEntry['content'];

const beside = ({ event, sender, messageId, receivedAt, fold }: Content): ReadableEntry['beside'] => ({
  event,
  sender,
  messageId,
  receivedAt,
  fold,
});

const recorded = (content: Content, digest = sealOfEntry(content)): ReadableEntry => ({
  mission: content.mission,
  number: content.number,
  content,
  digest,
  beside: beside(content),
});

const asRecorded = (log: ReturnType<typeof exampleLog>): readonly ReadableEntry[] =>
  log.map((entry) => {
    const { seal, fanOutPending: _pending, notified: _notified, withoutSubscription: _without, ...content } = entry;
    return recorded(JSON.parse(JSON.stringify(content)), seal);
  });

const log = asRecorded(exampleLog());

const faultsOf = async (
  entries: readonly RecordedEntry[],
  { traces = [], kept = new Map() }: { readonly traces?: readonly Trace[]; readonly kept?: KeptFingerprints } = {},
): Promise<readonly MissionFault[]> => {
  const each = async function* (): AsyncGenerator<RecordedEntry> {
    yield* entries;
  };
  return (await verifyMission(each(), { guidelines: firstGuidelines, kept, traces })).faults;
};

const kindsOf = (faults: readonly MissionFault[]): readonly string[] =>
  faults.map((fault) => `${fault.kind} ${'number' in fault ? fault.number : `${fault.from}–${fault.to}`}`);

/** The log with the content of one entry changed. Its digest stays, unless `resealed`. */
const changed = (number: number, change: (content: Content) => Partial<Content>): readonly ReadableEntry[] =>
  log.map((entry) =>
    entry.number === number ? recorded({ ...entry.content, ...change(entry.content) }, entry.digest) : entry,
  );

/** With a valid digest for every entry: what a person can do who knows how the hub works. */
const resealed = (entries: readonly ReadableEntry[]): readonly ReadableEntry[] =>
  entries.reduce<readonly ReadableEntry[]>(
    (done, { content }) => [...done, recorded({ ...content, previous: done.at(-1)?.digest ?? '' })],
    [],
  );

const decision = log.find(({ content }) => content.event === 'mission-decision')?.number ?? 0;

const otherDecider = (content: Content): Partial<Content> => ({
  facts: { ...content.facts, decider: { name: 'Somebody Else', role: 'Coordinator', identifier: '900000009' } },
});

const inText = (content: Content): Partial<Content> => {
  const name = content.facts.decider?.name ?? 'no name';
  expect(content.text).toContain(name);
  return { text: content.text.replaceAll(name, 'Somebody Else') };
};

describe('verifyMission', () => {
  test('finds nothing in logs as they were written', async () => {
    expect(log.length).toBeGreaterThan(5);
    expect(decision).toBeGreaterThan(1);
    for (const entries of [log, asRecorded(logOf(secondSteps)), asRecorded(logOf(readinessSteps))])
      expect(await faultsOf(entries, { traces: [{ entry: entries.length, by: 'a receipt' }] })).toEqual([]);
  });

  test.each([
    'https://hub.example/fhir/Organization/312000016',
    'HTTPS://hub.example:443/fhir//Organization/312000016/',
    'https://hub.example/fhir/Organization/312000016/_history/3',
  ])('finds nothing if a message names a party by its address at the hub: %s', async (reference) => {
    const [{ file, client } = { file: '', client: '' }] = exampleSteps;
    const bundle = JSON.parse(exampleText(file));
    bundle.entry[0].resource.destination[0].receiver = { reference };
    const entry = nextEntry(undefined, JSON.stringify(bundle), client, 'https://hub.example/fhir');
    expect(await faultsOf(asRecorded([entry]))).toEqual([]);
  });

  test.each([
    ['the decider in the facts', changed(decision, otherDecider), [`changed ${decision}`, `unlike-text ${decision}`]],
    ['the decider in the text', changed(decision, inText), [`changed ${decision}`, `unlike-text ${decision}`]],
    [
      'the decider in text and facts',
      changed(decision, (content) => ({
        ...inText(content),
        facts: { ...content.facts, decider: { ...content.facts.decider, name: 'Somebody Else' } },
      })),
      [`changed ${decision}`],
    ],
    ['the time', changed(3, () => ({ receivedAt: '2026-02-01T10:00:00.000Z' })), ['changed 3', 'unlike-fold 3']],
    ['the sender', changed(2, () => ({ sender: '100000099' })), ['changed 2']],
    ['the recipients', changed(2, () => ({ recipients: [] })), ['changed 2']],
    ['the correlation id', changed(2, () => ({ correlationId: 'other' })), ['changed 2']],
    [
      'the state',
      changed(2, ({ state }) => ({ state: { ...state, urgency: 'routine' } })),
      ['changed 2', 'unlike-fold 2'],
    ],
    ['the version of the fold', changed(2, () => ({ fold: foldVersion - 1 })), ['changed 2']],
    [
      'the fingerprints',
      changed(2, () => ({ fingerprints: { messages: '', bundles: '' } })),
      ['changed 2', 'forgotten 2'],
    ],
    [
      'the content, so that it cannot be unpacked',
      log.map((one) => (one.number === 2 ? { ...one, content: undefined } : one)),
      ['changed 2'],
    ],
    ['the digest', log.map((one) => (one.number === 2 ? { ...one, digest: 'x' } : one)), ['changed 2', 'replaced 2']],
  ] as const)('finds that %s was changed', async (_what, entries, expected) => {
    const found = kindsOf(await faultsOf(entries));
    for (const one of expected) expect(found).toContain(one);
  });

  test.each(['event', 'sender', 'messageId', 'receivedAt', 'fold'])(
    'finds an attribute beside the content that says something else: %s',
    async (attribute) => {
      const entries = log.map((one) =>
        one.number === 2 ? { ...one, beside: { ...one.beside, [attribute]: 'x' } } : one,
      );
      expect(await faultsOf(entries)).toEqual([{ kind: 'beside', number: 2, attribute }]);
    },
  );

  test('finds entries that are missing at the begin, in the middle and at the end', async () => {
    const last = log.length;
    expect(kindsOf(await faultsOf(log.slice(1)))).toEqual(['removed 1–1']);
    expect(kindsOf(await faultsOf(log.filter(({ number }) => number < 3 || number > 4)))).toEqual(['removed 3–4']);
    const traces = [
      { entry: 2, by: 'a Task of a worklist' },
      { entry: last, by: 'a receipt' },
    ];
    expect(await faultsOf(log.slice(0, -2), { traces })).toEqual([
      { kind: 'shortened', from: last - 1, to: last, by: 'a receipt' },
    ]);
    expect(kindsOf(await faultsOf([], { traces }))).toEqual([`shortened 1–${last}`]);
  });

  test('finds an entry that was put in, or two that were swapped', async () => {
    const [first, second, third] = log;
    if (first === undefined || second === undefined || third === undefined) throw new Error('the log is too short');
    const at = (number: number, { content, digest }: ReadableEntry): ReadableEntry => ({
      ...recorded(content, digest),
      number,
    });
    const swapped = [first, at(2, third), at(3, second), ...log.slice(3)];
    expect(kindsOf(await faultsOf(swapped))).toEqual(expect.arrayContaining(['changed 2', 'changed 3', 'replaced 1']));
    const put = recorded({ ...second.content, number: 3, messageId: 'put-in', previous: second.digest });
    const later = log.slice(2).map(({ number, ...one }) => ({ ...one, number: number + 1 }));
    expect(kindsOf(await faultsOf([first, second, put, ...later]))).toEqual(
      expect.arrayContaining(['replaced 3', 'changed 4']),
    );
    // Behind the last entry nothing follows that could contradict: its text and its state do.
    const added = recorded({ ...put.content, number: log.length + 1, previous: log.at(-1)?.digest ?? '' });
    expect(kindsOf(await faultsOf([...log, added]))).toContain(`unlike-text ${log.length + 1}`);
  });

  test('finds with valid digests everywhere what does not follow from the text', async () => {
    const faults = kindsOf(await faultsOf(resealed(changed(decision, otherDecider))));
    expect(faults).toContain(`unlike-text ${decision}`);
    expect(faults.some((fault) => fault.startsWith('changed') || fault.startsWith('replaced'))).toBe(false);
    const state = kindsOf(
      await faultsOf(resealed(changed(2, (content) => ({ state: { ...content.state, urgency: 'routine' } })))),
    );
    expect(state).toEqual(['unlike-fold 2']);
  });

  test('leaves a log that is rewritten as a whole to the anchors: its digests are others', async () => {
    const rewritten = resealed(
      changed(log.length, (content) => ({ correlationId: `${content.correlationId ?? ''}-other` })),
    );
    expect(await faultsOf(rewritten)).toEqual([]);
    expect(rewritten.at(-1)?.digest).not.toBe(log.at(-1)?.digest);
  });

  test('finds fingerprints that are neither carried nor kept', async () => {
    const window = 2;
    const narrow = resealed(
      log.reduce<readonly ReadableEntry[]>((done, { content }) => {
        const fingerprints = fingerprintsAfter(done.at(-1)?.content, content, window);
        return [...done, recorded({ ...content, fingerprints })];
      }, []),
    );
    const kept = new Map<string, Set<number>>();
    for (const { number, content } of narrow.slice(0, -window))
      for (const one of [
        messageFingerprint(content.sender, content.messageId),
        bundleFingerprint(content.sender, content.bundleId),
      ])
        kept.set(one, (kept.get(one) ?? new Set()).add(number));
    expect(await faultsOf(narrow, { kept })).toEqual([]);
    kept.delete(messageFingerprint(narrow[3]?.content.sender ?? '', narrow[3]?.content.messageId ?? ''));
    expect(await faultsOf(narrow, { kept })).toEqual([{ kind: 'forgotten', number: 4 }]);
  });
});
