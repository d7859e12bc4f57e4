import type { Log } from '../log.ts';
import { FunctionPool, type HostedFunction, Starts } from './function-pool.ts';
import { type FunctionProperties, functionSchema } from './function-properties.ts';
import type { Resource, Stack } from './stack.ts';

/** The stack's functions: the same bundles that Lambda gets. */

export interface Functions {
  readonly names: readonly string[];
  readonly byLogicalId: (logicalId: string) => HostedFunction;
  readonly byArn: (arn: string) => HostedFunction;
  /** Starts one instance of each, so that the first message does not wait for code to be loaded. */
  readonly warm: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface FunctionsSettings {
  readonly stack: Stack;
  readonly assets: ReadonlyMap<string, string>;
  /** The variables that Lambda adds to every function's environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly log: Log;
}

export const createFunctions = ({ stack, assets, environment, log }: FunctionsSettings): Functions => {
  const starts = new Starts();
  const pools = stack.resources('AWS::Lambda::Function', functionSchema).map((resource) => {
    const folder = assets.get(resource.properties.Code.S3Key);
    if (folder === undefined)
      throw new Error(`The code of ${resource.logicalId} is not in cdk.out. Run "npm run synth" again.`);
    return { resource, pool: new FunctionPool({ resource, folder, environment, log, starts }) };
  });
  const find = (what: string, matches: (resource: Resource<FunctionProperties>) => boolean): HostedFunction => {
    const found = pools.find(({ resource }) => matches(resource));
    if (found === undefined) throw new Error(`The stack has no function ${what}.`);
    return found.pool;
  };
  return {
    names: pools.map(({ resource }) => resource.logicalId),
    byLogicalId: (logicalId) => find(logicalId, (resource) => resource.logicalId === logicalId),
    byArn: (arn) => find(arn, (resource) => resource.arn === arn),
    warm: async () => {
      await Promise.all(pools.map(({ pool }) => pool.warm()));
    },
    close: async () => {
      await Promise.all(pools.map(({ pool }) => pool.close()));
    },
  };
};
