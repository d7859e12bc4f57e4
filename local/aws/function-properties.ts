import { z } from 'zod';

/** The properties of a function in the template. An unknown property stops the host. */
export const functionSchema = z.strictObject({
  Code: z.strictObject({ S3Bucket: z.unknown(), S3Key: z.string() }),
  Handler: z.string(),
  Runtime: z.string().regex(/^nodejs/, 'is not a Node.js runtime'),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()) }).default({ Variables: {} }),
  FunctionName: z.string().optional(),
  // Lambda's own defaults.
  MemorySize: z.int().default(128),
  Timeout: z.int().default(3),
  // No effect on one machine.
  Architectures: z.unknown().optional(),
  Description: z.unknown().optional(),
  LoggingConfig: z.unknown().optional(),
  // The host limits instances to what a laptop can run.
  ReservedConcurrentExecutions: z.int().optional(),
  Role: z.unknown().optional(),
  Tags: z.unknown().optional(),
  TracingConfig: z.unknown().optional(),
});
export type FunctionProperties = z.output<typeof functionSchema>;
