import { type LevelDatabase, steady } from './steady-level.ts';
import { whyFull } from './free-space.ts';
import type { TableReport } from './table-protocol.ts';

/**
 * Keeps the tables whole on a full disk. Writes are refused while little space is left. If the disk refuses one all the same, the
 * database is closed, and opened again as soon as it can be: what was answered before is in it, what was not is not.
 */

/** The actions of DynamoDB that change something. */
export const isWrite = (action: string): boolean =>
  /^(?:Put|Update|Delete|BatchWrite|TransactWrite|Create)/.test(action);

interface Guarded {
  readonly path: string;
  /** Bytes that must be free on the disk. */
  readonly leastFree: number;
  readonly report: (message: TableReport) => void;
  /** Ends the requests that are in progress. */
  readonly dropRequests: () => void;
}

const pauseMilliseconds = 500;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';

export const diskGuard = ({ path, leastFree, report, dropRequests }: Guarded) => {
  let refusing: string | undefined;
  let reopening = false;
  let wasOpened = false;
  let timer: NodeJS.Timeout | undefined;

  const refuse = (why: string): void => {
    if (refusing === undefined)
      report({ kind: 'disk', refuses: true, message: `${why} Until then nothing is accepted.` });
    refusing = why;
  };
  const accept = (): void => {
    if (refusing === undefined) return;
    refusing = undefined;
    report({ kind: 'disk', refuses: false, message: `The disk of ${path} takes writes again: the hub works.` });
  };

  /** While writes are refused: whether they can be accepted again. */
  const look = async (database?: LevelDatabase): Promise<void> => {
    const full = whyFull(path, leastFree);
    if (full === undefined && database !== undefined)
      try {
        await steady.reopen(database);
        reopening = false;
      } catch {
        // Still full for another reason, such as a quota.
      }
    if (full === undefined && !reopening) accept();
    else timer = setTimeout(() => void look(database), pauseMilliseconds);
  };

  steady.watch({
    opened: () => {
      wasOpened = true;
    },
    notOpened: (error) => {
      if (!wasOpened) report({ kind: 'not-opened', code: codeOf(error), message: messageOf(error) });
    },
    writeFailed: (database, error) => {
      reopening = true;
      refuse(`The disk of ${path} has refused a write (${messageOf(error)}).`);
      clearTimeout(timer);
      dropRequests();
      const reopen = (): Promise<void> => look(database);
      steady
        .close(database)
        .then(reopen, reopen)
        .catch(() => {});
    },
  });

  return {
    isReopening: (): boolean => reopening,
    /** Why a request is refused; nothing if it may be made. */
    refusal: ({ writes }: { readonly writes: boolean }): string | undefined => {
      if (reopening) return refusing;
      if (!writes) return undefined;
      if (refusing === undefined) {
        const full = whyFull(path, leastFree);
        if (full !== undefined) {
          refuse(full);
          timer = setTimeout(() => void look(), pauseMilliseconds);
        }
      }
      return refusing;
    },
    stop: (): void => clearTimeout(timer),
  };
};
