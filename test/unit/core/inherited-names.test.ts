import { describe, expect, test } from 'vitest';
import { reasonText } from '../../../core/queries/history/reasons.ts';
import { reasonConcept, taskResource } from '../../../core/fhir/task.ts';
import { missionResource } from '../../../core/fhir/service-request.ts';
import { foreignParameter, mediaTypeOf } from '../../../functions/shared/http/media-types.ts';
import { firstGuidelines, readGuideline, refusalReasonIn } from '../../../schemas/guideline.ts';
import { readMessage } from '../../../schemas/messages/read-message.ts';
import { adviceOnSystem } from '../../../schemas/messages/system-names.ts';
import { ownValue } from '../../../schemas/own-value.ts';
import { published } from '../../../schemas/published/index.ts';
import { pathsIn, withValue } from '../../support/planted-values.ts';
import {
  decideExample,
  exampleSteps,
  exampleText,
  logOf,
  partyOfClient,
  sampleDirectory,
  secondSteps,
} from '../../support/examples.ts';

/** Names that every object inherits. As codes they must find nothing. */
const inherited = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__', '__defineGetter__'];

const view = { base: 'https://hub.example/fhir', directory: sampleDirectory };

const [guideline] = firstGuidelines;

const coded: readonly unknown[] = ['code', 'status', 'system', 'intent', 'priority', 'use', 'type', 'reference'];

/** Copies of a message, each with one code, status or system replaced; each element once, whatever its entry. */
const replacedIn = (bundle: unknown, name: string): readonly unknown[] => {
  const paths = pathsIn(bundle).filter((path) => coded.includes(path.at(-1)));
  const elements = new Map(paths.map((path) => [path.filter((step) => typeof step === 'string').join('.'), path]));
  return [...elements.values()].map((path) => withValue(bundle, path, name));
};

const missions = [exampleSteps, secondSteps].map((steps) => ({ steps, log: logOf(steps) }));

const steps = missions.flatMap(({ steps: all, log }) =>
  all.map(({ file, client }, at) => ({ file, client, before: log[at - 1]?.state })),
);

describe('a name that every object inherits', () => {
  test.each(inherited)('%s is no row of a table', (name) => {
    expect(ownValue({ known: 1 }, name)).toBeUndefined();
    expect(ownValue(JSON.parse(`{"${name}": 1}`), name)).toBe(1);
  });

  test.each(steps)('as code, status or system of $file is refused or passed on as text', ({ file, client, before }) => {
    const bundle: unknown = JSON.parse(exampleText(file));
    for (const changed of replacedIn(bundle, 'constructor')) {
      const message = readMessage(JSON.stringify(changed));
      const answer = message.outcome === 'refused' ? message : decideExample(before, message, partyOfClient(client));
      if (answer.outcome === 'refused') {
        expect(JSON.stringify(answer.faults)).not.toMatch(/native code|function/);
      } else {
        const { entry } = answer;
        const shown = [
          missionResource(entry.state, [entry]),
          ...entry.state.tasks.map((task) => taskResource(task, entry.state, view)),
        ];
        for (const resource of shown) expect(() => structuredClone(resource)).not.toThrow();
      }
    }
  });

  test.each(inherited)('%s as a reason has no display and no class', (code) => {
    for (const table of ['refusal-reason', 'cancel-reason', 'forward-reason'] as const) {
      const [coding] = reasonConcept({ table, code }).coding ?? [];
      expect(coding).toEqual({ system: expect.any(String), code });
      expect(reasonText({ table, code }, guideline)).toBe(code);
    }
    expect(refusalReasonIn(guideline, code)).toBeUndefined();
  });

  test.each(inherited)('%s as a parameter of a media type is another parameter', (name) => {
    expect(foreignParameter(mediaTypeOf(`application/fhir+json; ${name}=1`))).toBeUndefined();
  });

  test.each(inherited)('%s as a system or an id is unknown', (name) => {
    expect(adviceOnSystem(name)).toBeUndefined();
    const library = published({ version: '0.0.0', date: '2026-01-01' }, firstGuidelines, '2026-01-01T00:00:00Z');
    expect(library.read('CodeSystem', name)).toBeUndefined();
    expect(library.read(name, name)).toBeUndefined();
    expect(library.search(name, { url: name })).toEqual([]);
  });
});

describe('a guideline with a code like a name that every object inherits', () => {
  const display = 'Constructor';
  const read = readGuideline({
    ...guideline,
    version: '2026.9',
    criteria: { ...guideline.criteria, constructor: { display } },
    refusalReasons: { ...guideline.refusalReasons, constructor: { display, class: 'other' } },
  });

  test('is read, and its code has its own display', () => {
    if ('faults' in read) throw new Error(read.faults.join('\n'));
    expect(refusalReasonIn(read.guideline, 'constructor')).toEqual({ display, class: 'other' });
    expect(reasonText({ table: 'refusal-reason', code: 'constructor' }, read.guideline)).toBe(display);
    const library = published({ version: '0.0.0', date: '2026-01-01' }, [read.guideline], '2026-02-01T00:00:00Z');
    expect(JSON.stringify(library.read('CodeSystem', 'mission-criterion'))).toContain('"code":"constructor"');
  });
});
