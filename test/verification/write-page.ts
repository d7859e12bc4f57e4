import { readFile, writeFile } from 'node:fs/promises';
import { withSection } from './page.ts';

/** `npx node test/verification/write-page.ts` writes the section of faults in docs/verification.md. */
const page = new URL('../../docs/verification.md', import.meta.url);
await writeFile(page, withSection(await readFile(page, 'utf8')));
