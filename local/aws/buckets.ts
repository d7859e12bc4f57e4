import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { missingRight, type Permissions, permissionsOf } from './permissions.ts';
import type { Stack } from './stack.ts';

/**
 * The stack's buckets as folders. The only call is to add an object: the functions have no right to another one. As on AWS, an
 * object is never replaced. Nothing keeps other programs on this machine from changing the files.
 */

const bucketSchema = z.strictObject({
  // Without effect here; a function has the rights of its policy only.
  BucketEncryption: z.unknown(),
  OwnershipControls: z.unknown(),
  PublicAccessBlockConfiguration: z.unknown(),
  VersioningConfiguration: z.unknown(),
  ObjectLockEnabled: z.boolean().optional(),
  ObjectLockConfiguration: z.unknown().optional(),
  Tags: z.unknown().optional(),
});

export interface BucketServer {
  readonly endpoint: string;
  /** Opens the stack's buckets in folders, by their logical ids. Throws for one without a folder. */
  readonly create: (stack: Stack, folders: Readonly<Record<string, string>>) => void;
  readonly close: () => Promise<void>;
}

interface OpenBucket {
  readonly arn: string;
  readonly folder: string;
}

/** A key whose parts are plain names: it cannot lead out of its folder. */
const plainKey = /^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/;

const answer = (response: ServerResponse, status: number, code?: string): void => {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(code === undefined ? '' : `<Error><Code>${code}</Code></Error>`);
};

/** Writes a file and its folder to disk, or `false` if the file exists. */
const addFile = async (path: string, body: Buffer): Promise<boolean> => {
  await mkdir(dirname(path), { recursive: true });
  // A file that the disk took only in part must not stand in the place of the whole one.
  const part = `${path}.part`;
  await rm(part, { force: true });
  const file = await open(part, 'wx', 0o444);
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(part, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(part, { force: true });
  }
};

export const startBuckets = async ({ log }: { readonly log: (line: string) => void }): Promise<BucketServer> => {
  let permissions: Permissions = {};
  let buckets: ReadonlyMap<string, OpenBucket> = new Map();

  const put = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, name = '', key = ''] = /^\/([^/]+)\/(.+)$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    const bucket = buckets.get(name);
    if (bucket === undefined) return answer(response, 404, 'NoSuchBucket');
    if (request.method !== 'PUT' || !plainKey.test(key)) return answer(response, 501, 'NotImplemented');
    const { authorization, 'content-md5': md5, 'if-none-match': condition } = request.headers;
    const missing = missingRight(permissions, {
      authorization,
      action: 's3:PutObject',
      resources: [`${bucket.arn}/${key}`],
    });
    if (missing !== undefined) log(missing);
    if (missing !== undefined || condition !== '*') return answer(response, 403, 'AccessDenied');
    const body = await buffer(request);
    if (createHash('md5').update(body).digest('base64') !== md5) return answer(response, 400, 'BadDigest');
    const isAdded = await addFile(join(bucket.folder, key), body);
    return isAdded ? answer(response, 200) : answer(response, 412, 'PreconditionFailed');
  };

  const server = createServer((request, response) => {
    put(request, response).catch((error: unknown) => {
      log(`A bucket: ${error instanceof Error ? error.message : String(error)}`);
      answer(response, 500, 'InternalError');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    endpoint: `http://127.0.0.1:${port}`,
    create: (stack, folders) => {
      permissions = permissionsOf(stack);
      buckets = new Map(
        stack.resources('AWS::S3::Bucket', bucketSchema).map(({ logicalId, ref, arn }) => {
          const folder = folders[logicalId];
          if (folder === undefined) throw new Error(`local/host.ts names no folder for the bucket ${logicalId}.`);
          return [ref, { arn, folder }];
        }),
      );
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
