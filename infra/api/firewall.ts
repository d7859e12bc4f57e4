/* oxlint-disable no-new -- a construct joins its scope by being made */
import { ArnFormat, Aws, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { FirewallLimits, StageSettings } from '../stage.ts';

interface FirewallProps {
  readonly stage: StageSettings;
  readonly limits: FirewallLimits;
  readonly logKey: IKey;
  readonly apiStage: Stage;
}

/** Headers with which a reader could act as the partner. */
const secrets = ['authorization', 'dpop'];

/** Namespace of the labels from AWS's list of suspect addresses. */
const suspects = 'awswaf:managed:aws:amazon-ip-list:';

/**
 * Refuses callers that send too many requests, and no others: no rule inspects contents, so no text in a mission request can cause
 * its refusal (ADR 22). A refused request is answered by the gateway response WAF_FILTERED.
 */
export class Firewall extends Construct {
  constructor(scope: Construct, id: string, { stage, limits, logKey, apiStage }: FirewallProps) {
    super(scope, id);

    const acl = new CfnWebACL(this, 'Acl', {
      scope: 'REGIONAL',
      defaultAction: { allow: {} },
      visibilityConfig: watched('Firewall'),
      dataProtectionConfig: {
        // Also protects the log's record of the value that a rule counted by.
        dataProtections: secrets.map((name) => ({
          field: { fieldType: 'SINGLE_HEADER', fieldKeys: [name] },
          action: 'HASH',
        })),
      },
      rules: [
        {
          name: 'SuspectAddresses',
          statement: {
            managedRuleGroupStatement: { vendorName: 'AWS', name: 'AWSManagedRulesAmazonIpReputationList' },
          },
          // Labels only: the list may include a partner's network.
          overrideAction: { count: {} },
        },
        {
          name: 'PerSuspectAddress',
          statement: {
            rateBasedStatement: {
              ...lastMinute(limits.perSuspectAddress, { ip: {} }),
              scopeDownStatement: { labelMatchStatement: { scope: 'NAMESPACE', key: suspects } },
            },
          },
          action: { block: {} },
        },
        {
          name: 'PerToken',
          statement: {
            rateBasedStatement: {
              ...lastMinute(limits.perToken, {
                header: { name: 'authorization', textTransformations: [{ priority: 0, type: 'NONE' }] },
              }),
            },
          },
          action: { block: {} },
        },
        {
          name: 'PerAddress',
          statement: { rateBasedStatement: lastMinute(limits.perAddress, { ip: {} }) },
          action: { block: {} },
        },
      ].map((rule, priority) => ({ ...rule, priority, visibilityConfig: watched(rule.name) })),
    });
    new CfnWebACLAssociation(this, 'Association', { webAclArn: acl.attrArn, resourceArn: apiStage.stageArn });

    const log = new LogGroup(this, 'Log', {
      // AWS WAF requires the prefix. The stack's id makes the name unique among all stacks ever deployed.
      logGroupName: `aws-waf-logs-${Aws.STACK_NAME}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`,
      retention: stage.logRetention,
      encryptionKey: logKey,
      removalPolicy: stage.keepsData ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [
        // Not the group's own ARN: that ends in `:*`.
        Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: log.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      // Path and query name missions.
      redactedFields: [
        ...secrets.map((name) => ({ singleHeader: { Name: name } })),
        { uriPath: {} },
        { queryString: {} },
      ],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: [{ ActionCondition: { Action: 'BLOCK' } }],
          },
        ],
      },
    });
  }
}

/** Counts each method separately, so that polling cannot block a message. */
const lastMinute = (limit: number, of: CfnWebACL.RateBasedStatementCustomKeyProperty) => ({
  limit,
  evaluationWindowSec: 60,
  aggregateKeyType: 'CUSTOM_KEYS',
  customKeys: [of, { httpMethod: {} }],
});

/** Counts without samples of requests, which would show whole headers and paths. */
const watched = (metricName: string): CfnWebACL.VisibilityConfigProperty => ({
  metricName,
  cloudWatchMetricsEnabled: true,
  sampledRequestsEnabled: false,
});
