import { wireSweep } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireSweep(process.env));
