import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../../commands/cli/command-line.ts';
import { parseLossless } from '../../schemas/json/json.ts';
import { costsPage } from './costs-page.ts';
import { logPage } from './log-page.ts';
import { messagePages } from './message-pages.ts';
import { openApiText } from './openapi/sources.ts';
import { definitionsText } from './r4-definitions.ts';

/** `npm run docs`: writes `docs/logs.md`, `docs/costs.md`, `docs/openapi.json` and the pages in `docs/messages/`, and removes those of messages that are no more. Writes `schemas/r4/definitions.json` too. */

commandLine({ usage: 'Usage: npm run docs', options: {} });

const folder = new URL('../messages/', import.meta.url);
const pages = messagePages((file) =>
  parseLossless(readFileSync(new URL(`../../partner/examples/${file}`, import.meta.url), 'utf8')),
);

mkdirSync(folder, { recursive: true });
for (const file of readdirSync(folder)) if (!pages.has(file)) rmSync(new URL(file, folder));
for (const [file, text] of pages) writeFileSync(new URL(file, folder), text);
writeFileSync(new URL('../logs.md', import.meta.url), logPage());
const performance = readFileSync(new URL('../performance.md', import.meta.url), 'utf8');
writeFileSync(new URL('../costs.md', import.meta.url), costsPage(performance));
writeFileSync(new URL('../openapi.json', import.meta.url), openApiText());
writeFileSync(new URL('../../schemas/r4/definitions.json', import.meta.url), definitionsText());
console.log(
  `logs.md, costs.md, openapi.json, schemas/r4/definitions.json and ${pages.size} pages of messages written to ${fileURLToPath(new URL('..', import.meta.url))}`,
);
