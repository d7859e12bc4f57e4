import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Reads the clients that can get a token on this machine, by id, with the organisation numbers of their tokens. */

const clientsSchema = z.object({
  clients: z.record(
    z.string(),
    z.object({ orgnr_parent: z.string(), orgnr_child: z.string().optional(), orgnr_supplier: z.string().optional() }),
  ),
});

export const readClients = async (file: string) =>
  clientsSchema.parse(JSON.parse(await readFile(file, 'utf8'))).clients;
