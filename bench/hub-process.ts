import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startHost } from '../local/host.ts';

/** A whole hub in a separate process; it ends with the process that started it. */

const [, , assembly = ''] = process.argv;
const dataDir = await mkdtemp(join(tmpdir(), 'luftbro-bench-'));
const { url, issuerUrl, close } = await startHost({ assembly, dataDir, port: 0, issuerPort: 0 });
process.on('disconnect', () => {
  void close()
    .then(() => rm(dataDir, { recursive: true, force: true }))
    .finally(() => process.exit());
});
process.send?.({ url, issuerUrl });
