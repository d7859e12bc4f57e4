import { unpack } from '../../adapters/packed.ts';
import { sealOfEntry } from '../../core/mission/seal.ts';
import type { Entry } from '../../core/mission/state.ts';
import { digestOf } from '../../schemas/identifiers.ts';
import { type Item, textOf } from './items.ts';

/** What is known of one mission's chain. The items of a backup come in any order. */
interface Chain {
  entries: number;
  highest: { readonly number: number; readonly digest: string };
  /** Every digest once as that of an entry, and once as what the next entry names: what remains is that of the last entry. */
  readonly open: Buffer;
  isChanged: boolean;
}

const toggle = (open: Buffer, number: number, digest: string): void => {
  const mark = Buffer.from(digestOf(`${number} ${digest}`), 'hex');
  for (const [index, byte] of mark.entries()) open.writeUInt8(open.readUInt8(index) ^ byte, index);
};

const contentOf = (packed: unknown): Omit<Entry, 'seal'> | undefined => {
  try {
    return unpack(packed);
  } catch {
    return undefined;
  }
};

/** Checks the chains of the mission logs in a backup, with some hundred bytes of memory for each mission. */
export const missionChains = () => {
  const chains = new Map<string, Chain>();
  return {
    add: (item: Item): void => {
      const [kind, mission = ''] = textOf(item, 'pk').split('#');
      const [part, place] = textOf(item, 'sk').split('#');
      if (kind !== 'MISSION' || part !== 'ENTRY') return;
      const number = Number(place);
      const digest = textOf(item, 'digest');
      const content = contentOf(item['packed']?.B);
      const chain = chains.get(mission) ?? {
        entries: 0,
        highest: { number: 0, digest: '' },
        open: Buffer.alloc(32),
        isChanged: false,
      };
      chains.set(mission, chain);
      chain.entries += 1;
      if (number > chain.highest.number) chain.highest = { number, digest };
      toggle(chain.open, number, digest);
      if (number > 1) toggle(chain.open, number - 1, content?.previous ?? '');
      const isAsWritten = content?.mission === mission && content.number === number && sealOfEntry(content) === digest;
      if (!isAsWritten) chain.isChanged = true;
    },
    /** Missions whose logs are not as they were written, or not whole. */
    broken: (): readonly string[] =>
      [...chains]
        .filter(([, { entries, highest, open, isChanged }]) => {
          const last = Buffer.from(open);
          toggle(last, highest.number, highest.digest);
          return isChanged || entries !== highest.number || last.some((byte) => byte !== 0);
        })
        .map(([mission]) => mission)
        .sort(),
  };
};
