import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Stack, Stage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { buildSync } from 'esbuild';

interface HandlersProps {
  /** The folder with one folder per function, each with a `lambda.ts` that exports `handler`. */
  readonly folder: string;
}

/** The functions' code: each bundled whole, AWS SDK included, so that what is tested is what runs. */
export class Handlers extends Construct {
  readonly #folder: string;
  readonly #bundles: string | undefined;

  constructor(scope: Construct, id: string, { folder }: HandlersProps) {
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
  // What an older release left there under another name could be run instead.
  rmSync(outdir, { recursive: true, force: true });
  buildSync({
    entryPoints: Object.fromEntries(names.map((name) => [join(name, 'index'), join(folder, name, 'lambda.ts')])),
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // An ES module that imports `node:http` makes Node.js load its fetch and its WebSocket too; `require` does not.
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    mainFields: ['module', 'main'],
    // Names are kept as they are, for logs and stack traces: `keepNames` would run code for each of them at every start.
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
