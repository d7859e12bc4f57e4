import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Table } from '../../adapters/dynamodb/table.ts';
import { bucketBeside } from '../../adapters/s3/bucket.ts';
import type { Anchor, AnchorFile } from '../../core/audit/anchors.ts';
import { readAnchor } from '../../core/audit/read-anchor.ts';
import { whyOf } from '../cli/command-line.ts';
import { UnreadableEvidence } from './unreadable-evidence.ts';

/** Anchors as an operator gives them: a folder, one file, or `s3://<bucket>`. */
export interface GivenAnchors {
  readonly anchors: readonly Anchor[];
  /** Names of files that are not as they were written. */
  readonly unreadable: readonly string[];
  /** Whether all anchors of the hub must be among them: not if single files were given. */
  readonly isWhole: boolean;
}

const isAnchor = (name: string): boolean => name.endsWith('.jsonl');

/** The files at a place, one after the other. */
const filesAt = async function* (place: string, table: Table): AsyncGenerator<AnchorFile> {
  if (place.startsWith('s3://')) {
    const [, name = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(place) ?? [];
    const bucket = bucketBeside(table, name);
    for (const key of await bucket.list(prefix))
      if (isAnchor(key)) yield { name: basename(key), text: await bucket.read(key) };
    return;
  }
  const isFolder = (await stat(place)).isDirectory();
  const files = isFolder
    ? (await readdir(place))
        .filter(isAnchor)
        .sort()
        .map((name) => join(place, name))
    : [place];
  for (const file of files) yield { name: basename(file), text: await readFile(file, 'utf8') };
};

/** Reads the anchors at all places. An anchor that is at two places is taken once. Throws `UnreadableEvidence`. */
export const readAnchors = async (places: readonly string[], table: Table): Promise<GivenAnchors> => {
  const anchors = new Map<string, Anchor>();
  const unreadable: string[] = [];
  for (const place of places)
    try {
      for await (const file of filesAt(place, table)) {
        const anchor = readAnchor(file);
        if (anchor === undefined) unreadable.push(`${place.replace(/\/$/, '')}: ${file.name}`);
        else anchors.set(anchor.digest, anchor);
      }
    } catch (error) {
      throw new UnreadableEvidence(`The anchors at ${place} cannot be read (${whyOf(error)}).`);
    }
  return {
    anchors: [...anchors.values()].toSorted((one, other) => one.at.localeCompare(other.at)),
    unreadable,
    isWhole: !places.some(isAnchor),
  };
};
