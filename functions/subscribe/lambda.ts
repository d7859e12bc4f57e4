import { wireSubscribe } from '../../adapters/wiring.ts';
import { createHandler } from './handler.ts';

export const handler = createHandler(wireSubscribe(process.env));
