import { wireMetadata } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireMetadata(process.env));
