import { wireAuthorize } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireAuthorize(process.env));
