import { setting } from '../../adapters/settings.ts';
import { capabilityStatement } from '../../mission/views/capability-statement.ts';
import release from '../../package.json' with { type: 'json' };
import { answer, fhirDoor } from '../edge/door.ts';

/** The day the statement's content last changed: bump it with the catalogue. */
const statementDate = '2026-11-22';

const body = JSON.stringify(capabilityStatement(setting('PUBLIC_URL'), release.version, statementDate));

/** `GET /fhir/metadata`, open to everyone. */
export const handler = fhirDoor(async () => answer(200, body, { 'cache-control': 'public, max-age=300' }));
