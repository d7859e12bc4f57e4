import { portContract } from '../../support/contract.ts';
import { memoryHub } from '../../support/memory/hub.ts';

portContract('The memory', async () => memoryHub());
