import { wireNightly } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireNightly(process.env));
