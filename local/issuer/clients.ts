import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Clients that may have a token on this machine, by their ids, with the organisation numbers that their tokens name. */

const clientsSchema = z.object({
  clients: z.record(
    z.string(),
    z.object({ orgnr_parent: z.string(), orgnr_child: z.string().optional(), orgnr_supplier: z.string().optional() }),
  ),
});

export const readClients = async (file: string) =>
  clientsSchema.parse(JSON.parse(await readFile(file, 'utf8'))).clients;
