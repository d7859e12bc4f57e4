import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Stack, Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { buildSync } from 'esbuild';

interface BundlesProps {
  /** The folder with one folder per function, each with a `lambda.ts` that exports `handler`. */
  readonly folder: string;
}

/** The functions' code. Each bundle includes the AWS SDK, so that the tested code is the code that runs. */
export class Bundles extends Construct {
  readonly #folder: string;
  readonly #bundles: string | undefined;

  constructor(scope: Construct, id: string, { folder }: BundlesProps) {
    super(scope, id);
    this.#folder = folder;
    const outdir = Stage.of(this)?.outdir;
    this.#bundles = outdir === undefined || !Stack.of(this).bundlingRequired ? undefined : join(outdir, 'bundles');
    if (this.#bundles !== undefined) bundle(folder, this.#bundles);
  }

  code(name: string): Code {
    return Code.fromAsset(join(this.#bundles ?? this.#folder, name));
  }
}

/**
 * All at once: esbuild reads what they share only one time, which makes a synthesis quick. `sideEffects: false` in
 * `package.json` lets it leave out modules that a function does not use, though `adapters/wiring.ts` imports them for others.
 */
const bundle = (folder: string, outdir: string): void => {
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'lambda.ts')));
  // A file of an older release under another name could be run instead.
  rmSync(outdir, { recursive: true, force: true });
  buildSync({
    entryPoints: Object.fromEntries(names.map((name) => [join(name, 'index'), join(folder, name, 'lambda.ts')])),
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // An ES module that imports `node:http` makes Node.js load fetch and WebSocket too; `require` does not.
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    mainFields: ['module', 'main'],
    // Identifiers are not minified, for logs and stack traces: `keepNames` would run code for each of them at every start.
    minifySyntax: true,
    minifyWhitespace: true,
    alias: {
      '@aws-sdk/credential-provider-node': join(folder, 'shared', 'bundling', 'credentials.ts'),
      '@smithy/core/event-streams': join(folder, 'shared', 'bundling', 'event-streams.ts'),
    },
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
};
