import { loadDirectory } from '../../adapters/dynamodb/directory-store.ts';
import { directoryOf } from '../../adapters/party-directory.ts';
import type { Table } from '../../adapters/dynamodb/table.ts';
import type { AccessLog } from '../../core/audit/access-log.ts';
import { auditEvent } from '../../core/fhir/audit-event.ts';
import { searchset } from '../../core/fhir/searchset.ts';
import { chainsOf, recordsOf } from './records.ts';

/** Prints every read of a mission as a FHIR Bundle of AuditEvents, by time. */
export const exportMission = async (table: Table, log: AccessLog, mission: string): Promise<number> => {
  const view = { base: process.env['Url'] ?? '', directory: directoryOf(await loadDirectory(table)) };
  const events = [];
  for (const chain of await chainsOf(log, mission))
    for (const record of await recordsOf(log, chain))
      for (const shown of record.access.missions)
        if (shown.mission === mission) events.push(auditEvent(record, shown, view));
  const listed = events
    .toSorted((one, other) => one.recorded.localeCompare(other.recorded))
    .map((resource) => ({ resource, path: `AuditEvent/${resource.id ?? ''}` }));
  const self = `AuditEvent?entity=ServiceRequest/${mission}`;
  console.log(JSON.stringify(searchset(self, undefined, listed, view, listed.length), undefined, 2));
  return 0;
};
