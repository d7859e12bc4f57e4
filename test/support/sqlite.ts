import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for a database, and its removal. */
export const temporaryFolder = (): { readonly folder: string; readonly remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'luftbro-sqlite-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};
