import { wireCheckToken } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireCheckToken(process.env));
