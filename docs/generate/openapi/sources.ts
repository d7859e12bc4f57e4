import { readdirSync, readFileSync } from 'node:fs';
import { openApi } from './document.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Answers of the hub in the end-to-end tests, by operation: `docs/generate/openapi/answers/<operation>.json`. */
const answers = (): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    readdirSync(new URL('answers/', import.meta.url))
      .toSorted()
      .map((file) => [file.replace(/\.json$/, ''), JSON.parse(read(`answers/${file}`))]),
  );

/** The text of `docs/openapi.json`. */
export const openApiText = (): string => {
  const document = openApi({
    example: (file) => read(`../../../partner/examples/${file}`),
    answers: answers(),
    file: (name) => read(name),
  });
  return `${JSON.stringify(document, null, 2)}\n`;
};
