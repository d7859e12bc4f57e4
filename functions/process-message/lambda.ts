import { wireProcessMessage } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireProcessMessage(process.env));
