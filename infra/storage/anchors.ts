import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { FilterPattern } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectLockRetention, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { logMessages } from '../../schemas/telemetry/log-messages.ts';
import type { HubFunction } from '../compute/hub-function.ts';
import { countOf } from '../observability/alarms.ts';
import type { OnCall } from '../observability/on-call.ts';
import type { StageSettings } from '../stage.ts';

interface AnchorsProps {
  readonly stage: StageSettings;
}

/** Hours without an anchor after which people are alerted: a night and a pass that takes long. */
const mostHours = 26;

/**
 * The bucket of the anchors (ADR 48). Objects are added and never replaced; where the stage locks them, nobody can delete or
 * change one, with any rights. S3's own key encrypts them: a key of the hub could be deleted, and they hold no personal data.
 */
export class Anchors extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { stage: { anchorLockDays } }: AnchorsProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Resource', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned: true,
      // A bucket with objects cannot be deleted with the stack: it stays, also in stages that keep no data.
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      ...(anchorLockDays === undefined
        ? {}
        : {
            objectLockEnabled: true,
            // Not governance, which some may bypass.
            objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(anchorLockDays)),
          }),
    });
    this.bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AddsOnly',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects('*')],
        // Only a request with If-None-Match, which S3 refuses if the object exists.
        conditions: { Null: { 's3:if-none-match': 'true' } },
      }),
    );
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'One object a night; nobody but the nightly function adds, and people read by commands that CloudTrail records.',
    });
  }

  /** Allows the function to add anchors: not to read, list or delete one. */
  allowAdding(nightly: HubFunction): void {
    nightly.allow(['s3:PutObject'], this.bucket.arnForObjects('*'));
    Validations.of(nightly.role ?? nightly).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::<Anchors.Arn>/*]',
      reason: 'The name of an anchor has its digest; the bucket holds anchors and nothing else.',
    });
  }

  /** Adds the alarm for a day without anchor. The function logs each pass that it completes. */
  watch(nightly: HubFunction, onCall: OnCall): void {
    const pattern = FilterPattern.all(
      FilterPattern.stringValue('$.code', '=', logMessages.CHAINS_ANCHORED.code),
      FilterPattern.booleanValue('$.more', false),
    );
    const completed = countOf(this, 'PassesAnchored', [{ of: nightly, pattern }]).with({ period: Duration.hours(1) });
    onCall.wake(this, 'Missing', completed, {
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: mostHours,
      treatMissingData: TreatMissingData.BREACHING,
      alarmDescription:
        `For ${mostHours} hours no anchor was written: a change of the logs of reads and missions since then can be proved by the functions' logs only. ` +
        'The hub works and nobody has to phone. Find the cause during the day.',
    });
  }
}
