import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';
import type { AnsweringFunction } from '../schemas/api/routes.ts';

/** Settings that differ between the stages: dev to try out, test for partners, prod for real missions. */

/** The two queues of delivery jobs (docs/adr/0044-lanes-of-delivery.md). */
export type Lane = 'quick' | 'slow';

/** Limits of API Gateway: a sustained rate and a burst. */
export interface Throttle {
  /** Requests per second. */
  readonly rate: number;
  /** Requests. */
  readonly burst: number;
}

/** Requests of one method per minute, 10 or more, above which the firewall refuses. */
export interface FirewallLimits {
  /** From one address; partners behind the same address share it. */
  readonly perAddress: number;
  /** From one address that AWS lists as suspect. */
  readonly perSuspectAddress: number;
  /** With one access token. */
  readonly perToken: number;
}

/** Shards of each kind of obligation, 8 to 64. */
interface ObligationShards {
  /** Those that new items get. */
  readonly written: number;
  /** Those that the sweeper looks at: at least as many as were ever written. */
  readonly read: number;
}

/** The functions, by the names of their folders. */
export type FunctionName = AnsweringFunction | 'authorize' | 'deliver' | 'sweep' | 'nightly';

export interface StageSettings {
  readonly name: StageName;
  /** Whether table and keys outlive the stack and are protected against deletion. */
  readonly keepsData: boolean;
  /** The access if no option gives it. Undefined: the option is required, so that a typing error cannot open a hub to the internet. */
  readonly usualAccess: 'public' | undefined;
  /** Whether the URLs of the token issuer and of the hub may be without TLS, as on a laptop. */
  readonly plainHttp: boolean;
  /** Of every log group. */
  readonly logRetention: RetentionDays;
  /** Days back to which the table can be restored, 1 to 35. */
  readonly recoveryDays: number;
  /** Days for which the queue keeps its dead letters, at most 14. */
  readonly deadLetterDays: number;
  /** Days for which nobody can delete or change an anchor, with any rights. Undefined: not locked, so that a stack can be removed. */
  readonly anchorLockDays: number | undefined;
  /** Days between the request to delete a key and its deletion, 7 to 30. */
  readonly keyDeletionDays: number;
  /**
   * Instances reserved for each function, which are also its limit. Undefined: the functions share the account's concurrency; a
   * new account has 10, of which none can be reserved.
   */
  readonly reservedConcurrency: Readonly<Record<FunctionName, number>> | undefined;
  /**
   * Deliveries in parallel of each lane, 2 to 1000, together at most the reserved concurrency of `deliver`. Each is more than one party
   * may use (`quickCallsPerParty`, `slotsPerParty`), so that others have the rest.
   */
  readonly deliveriesAtOnce: Readonly<Record<Lane, number>>;
  /** For all partners together. API Gateway counts each method of each path separately, so none uses the capacity of another. */
  readonly throttles: Readonly<Record<AnsweringFunction, Throttle>>;
  /** Undefined: the stage has no firewall. */
  readonly firewall: FirewallLimits | undefined;
  /** Whether functions are traced by AWS X-Ray. */
  readonly traces: boolean;
  /** Of the obligations index. To change them: docs/operations.md, "Shards of the obligations index". */
  readonly obligationShards: ObligationShards;
}

export const stageNames = ['dev', 'test', 'prod'] as const;
type StageName = (typeof stageNames)[number];

/** Settings of a stage unless it overrides them. */
const guarded = {
  keepsData: true,
  usualAccess: undefined,
  plainHttp: false,
  recoveryDays: 35,
  deadLetterDays: 14,
  // As long as a journal is kept after its last entry.
  anchorLockDays: 3_650,
  keyDeletionDays: 30,
  throttles: {
    'process-message': { rate: 200, burst: 400 },
    read: { rate: 100, burst: 200 },
    subscribe: { rate: 20, burst: 40 },
    metadata: { rate: 20, burst: 40 },
    // Callable without a token, and each call verifies one.
    'check-token': { rate: 5, burst: 10 },
  },
  // Many times the load of all partners of the service together, and less than the hub can process.
  firewall: { perAddress: 6000, perSuspectAddress: 300, perToken: 2400 },
  traces: true,
  // 8 000 writes a second of each kind of obligation: some seven million missions a day.
  obligationShards: { written: 8, read: 8 },
} as const;

const stages: Readonly<Record<StageName, Omit<StageSettings, 'name'>>> = {
  dev: {
    ...guarded,
    keepsData: false,
    usualAccess: 'public',
    plainHttp: true,
    logRetention: RetentionDays.ONE_WEEK,
    recoveryDays: 1,
    anchorLockDays: undefined,
    keyDeletionDays: 7,
    reservedConcurrency: undefined,
    // As many instances as a laptop runs (local/aws/function-pool.ts).
    deliveriesAtOnce: { quick: 10, slow: 6 },
    // A firewall has a monthly cost, also without traffic.
    firewall: undefined,
    traces: false,
  },
  // Together with prod it leaves the 100 of an account's 1000 instances that AWS does not allow to be reserved.
  test: {
    ...guarded,
    logRetention: RetentionDays.THREE_MONTHS,
    anchorLockDays: 30,
    reservedConcurrency: {
      authorize: 20,
      'process-message': 20,
      read: 20,
      subscribe: 5,
      metadata: 5,
      'check-token': 2,
      deliver: 20,
      sweep: 3,
      nightly: 1,
    },
    deliveriesAtOnce: { quick: 13, slow: 7 },
  },
  prod: {
    ...guarded,
    logRetention: RetentionDays.ONE_YEAR,
    reservedConcurrency: {
      // Every request passes it. It needs a fraction of the time of the functions behind it, so this is enough for all of them.
      authorize: 200,
      // No other function may use the capacity of messages about missions.
      'process-message': 150,
      // Systems that poll their worklists too often must not use the capacity of the others.
      read: 150,
      subscribe: 20,
      // Callable without a token, so it is small.
      metadata: 20,
      // The same; each instance may ask the token issuer for its keys.
      'check-token': 5,
      // An endpoint that hangs occupies an instance of the slow lane for ten seconds a call, one of the quick lane for two seconds.
      deliver: 200,
      // Available at any load. A run may still be active when the next begins.
      sweep: 3,
      // One run at a time.
      nightly: 1,
    },
    deliveriesAtOnce: { quick: 140, slow: 60 },
  },
};

/** The stage of `-c stage=<name>`; `dev` by default. Throws an error that names the stages if there is no such stage. */
export const readStage = (context: unknown): StageSettings => {
  const asked = z.enum(stageNames).default('dev').safeParse(context);
  if (!asked.success)
    throw new Error(`Unknown stage ${JSON.stringify(context)}. Use -c stage=<one of ${stageNames.join(', ')}>.`);
  return { name: asked.data, ...stages[asked.data] };
};
