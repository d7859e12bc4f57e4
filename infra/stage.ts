import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

/** What differs between the hub that is tried, the one that partners test against, and the one that is answered for. */

/** A rate that is kept up, and how much may come at once. */
export interface Throttle {
  /** Requests per second. */
  readonly rate: number;
  /** Requests. */
  readonly burst: number;
}

/** Requests of one method per minute, 10 or more, above which the firewall refuses. */
export interface FirewallLimits {
  /** From one address; partners behind one network's address share it. */
  readonly perAddress: number;
  /** From one address that AWS has seen attack others. */
  readonly perSuspectAddress: number;
  /** With one access token. */
  readonly perToken: number;
}

/** The functions, by their folders. */
export type FunctionName = 'authorize' | 'process-message' | 'read' | 'subscribe' | 'metadata' | 'deliver' | 'sweep';

/** The functions that partners call. */
export type AnsweringFunction = Exclude<FunctionName, 'authorize' | 'deliver' | 'sweep'>;

export interface StageSettings {
  readonly name: StageName;
  /** Whether table and keys outlive the stack and are protected against deletion. */
  readonly keepsData: boolean;
  /** How partners reach the hub if nobody says so. Undefined: it must be said, so that no slip opens a hub. */
  readonly usualEntrance: 'public' | undefined;
  /** Whether the token issuer, and the hub's own address, may do without TLS, as on a laptop. */
  readonly plainHttp: boolean;
  /** Of every log group. */
  readonly logRetention: RetentionDays;
  /** Days back to which the table can be restored, 1 to 35. */
  readonly recoveryDays: number;
  /** Days for which the queue keeps its dead letters, at most 14. */
  readonly deadLetterDays: number;
  /** Days between the order to delete a key and its deletion, 7 to 30. */
  readonly keyDeletionDays: number;
  /**
   * Instances that each function has for itself, and more than which it never has. Undefined: they share what the account has; a
   * new account has 10, of which none can be reserved.
   */
  readonly reservedConcurrency: Readonly<Record<FunctionName, number>> | undefined;
  /** Deliveries side by side, 2 to 1000; no more than are reserved for `deliver`. Undefined: as many as the account has. */
  readonly mostDeliveriesAtOnce: number | undefined;
  /** For all partners together. API Gateway counts each method of each path by itself, so none takes what another needs. */
  readonly throttles: Readonly<Record<AnsweringFunction, Throttle>>;
  /** Undefined: there is none. */
  readonly firewall: FirewallLimits | undefined;
  /** Whether functions are traced by AWS X-Ray. */
  readonly traces: boolean;
}

export const stageNames = ['dev', 'test', 'prod'] as const;
type StageName = (typeof stageNames)[number];

/** What a stage has unless it says otherwise. */
const guarded = {
  keepsData: true,
  usualEntrance: undefined,
  plainHttp: false,
  recoveryDays: 35,
  deadLetterDays: 14,
  keyDeletionDays: 30,
  throttles: {
    'process-message': { rate: 200, burst: 400 },
    read: { rate: 100, burst: 200 },
    subscribe: { rate: 20, burst: 40 },
    metadata: { rate: 20, burst: 40 },
  },
  // Many times what all of the service's partners send together, and less than the hub takes.
  firewall: { perAddress: 6000, perSuspectAddress: 300, perToken: 2400 },
  traces: true,
} as const;

const stages: Readonly<Record<StageName, Omit<StageSettings, 'name'>>> = {
  dev: {
    ...guarded,
    keepsData: false,
    usualEntrance: 'public',
    plainHttp: true,
    logRetention: RetentionDays.ONE_WEEK,
    recoveryDays: 1,
    keyDeletionDays: 7,
    reservedConcurrency: undefined,
    mostDeliveriesAtOnce: undefined,
    // A firewall costs by the month, also when nobody knocks.
    firewall: undefined,
    traces: false,
  },
  // Together with prod it leaves the 100 of an account's 1000 instances that AWS lets nobody reserve.
  test: {
    ...guarded,
    logRetention: RetentionDays.THREE_MONTHS,
    reservedConcurrency: {
      authorize: 20,
      'process-message': 20,
      read: 20,
      subscribe: 5,
      metadata: 5,
      deliver: 20,
      sweep: 3,
    },
    mostDeliveriesAtOnce: 20,
  },
  prod: {
    ...guarded,
    logRetention: RetentionDays.ONE_YEAR,
    reservedConcurrency: {
      // Every request passes it: as many as the functions behind it answer at a time, for it takes a fraction of their time.
      authorize: 200,
      // Nothing else may take the place of a message about a mission.
      'process-message': 150,
      // Systems that poll their worklists too often must not take it.
      read: 150,
      subscribe: 20,
      // Open to everybody, so it is kept small.
      metadata: 20,
      // Endpoints that hang hold an instance each, ten seconds a call: not more than these, and no message has to wait for it.
      deliver: 200,
      // Always there, however busy the rest. A run may still be under way when the next begins.
      sweep: 3,
    },
    mostDeliveriesAtOnce: 200,
  },
};

/** The stage that is asked for by `-c stage=<name>`; nothing asks for `dev`. Throws, naming the choices, if there is no such stage. */
export const readStage = (context: unknown): StageSettings => {
  const asked = z.enum(stageNames).default('dev').safeParse(context);
  if (!asked.success)
    throw new Error(`There is no stage ${JSON.stringify(context)}. Give -c stage=<one of ${stageNames.join(', ')}>.`);
  return { name: asked.data, ...stages[asked.data] };
};
