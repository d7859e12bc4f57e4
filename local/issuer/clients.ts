import { z } from 'zod';
import { requireStateFile } from '../state-file.ts';

/** Reads the clients that can get a token on this machine, by id, with the organisation numbers of their tokens. */

const clientsSchema = z.object({
  clients: z.record(
    z.string(),
    z.object({ orgnr_parent: z.string(), orgnr_child: z.string().optional(), orgnr_supplier: z.string().optional() }),
  ),
});

/** Throws `BrokenFile`. */
export const readClients = async (file: string) =>
  (await requireStateFile(file, clientsSchema, 'Repair the list of clients; local/sample/clients.json shows its form.'))
    .clients;
