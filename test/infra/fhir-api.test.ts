import { ResponseType } from 'aws-cdk-lib/aws-apigateway';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { gatewayFaults } from '../../schemas/api/gateway-faults.ts';
import { readStage } from '../../infra/stage.ts';
import { hubTemplate, propertiesOf, ways } from '../support/hub-template.ts';

/** Of the only resource of its type. */
const only = <Properties>(from: Template, type: string, schema: z.ZodType<Properties>): Properties => {
  const [properties, ...others] = Object.values(propertiesOf(from, type, schema));
  if (properties === undefined || others.length > 0) throw new Error(`There must be one ${type}.`);
  return properties;
};

const methodSettingSchema = z.object({
  HttpMethod: z.string(),
  ResourcePath: z.string(),
  LoggingLevel: z.string(),
  DataTraceEnabled: z.boolean(),
  ThrottlingRateLimit: z.number().optional(),
  ThrottlingBurstLimit: z.number().optional(),
});
const stageSchema = z.object({
  AccessLogSetting: z.object({ DestinationArn: z.unknown(), Format: z.string() }),
  MethodSettings: z.array(methodSettingSchema),
});

const template = hubTemplate('prod');
const { AccessLogSetting, MethodSettings } = only(template, 'AWS::ApiGateway::Stage', stageSchema);

describe('access log', () => {
  it('has no field for contents of a request: no path with ids, no query, no header, no body, no text of an error', () => {
    const format = z.record(z.string(), z.string()).parse(JSON.parse(AccessLogSetting.Format));
    expect(Object.values(format).toSorted()).toEqual([
      '$context.authorizer.latency',
      '$context.authorizer.principalId',
      '$context.error.responseType',
      '$context.httpMethod',
      '$context.identity.sourceIp',
      '$context.integrationLatency',
      '$context.requestId',
      '$context.requestTimeEpoch',
      '$context.resourcePath',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.status',
      '$context.wafResponseCode',
    ]);
    expect(JSON.stringify(AccessLogSetting.DestinationArn)).toContain('"Ref":"ApiLogsAccess"');
  });

  it('logs errors without bodies, for every method', () => {
    for (const { LoggingLevel, DataTraceEnabled } of MethodSettings)
      expect({ LoggingLevel, DataTraceEnabled }).toEqual({ LoggingLevel: 'ERROR', DataTraceEnabled: false });
  });
});

describe('throttling', () => {
  const rateOf = (method: string, path: string): number | undefined =>
    MethodSettings.find(
      ({ HttpMethod, ResourcePath }) => HttpMethod === method && ResourcePath === `/${path.replaceAll('/', '~1')}`,
    )?.ThrottlingRateLimit;

  it('is separate for each method, so that reads cannot use the capacity of messages', () => {
    const methods = Object.keys(template.findResources('AWS::ApiGateway::Method'));
    const [all, ...each] = MethodSettings;
    expect(all).toMatchObject({ HttpMethod: '*', ResourcePath: '/*' });
    expect(each).toHaveLength(methods.length);
    for (const { ThrottlingRateLimit = 0, ThrottlingBurstLimit } of each) {
      expect(ThrottlingRateLimit).toBeGreaterThan(0);
      expect(ThrottlingBurstLimit).toBeGreaterThanOrEqual(ThrottlingRateLimit);
    }
    expect(rateOf('POST', '/fhir/{type}')).toBe(readStage('prod').throttles['process-message'].rate);
    expect(rateOf('GET', '/fhir/{type}')).toBe(readStage('prod').throttles.read.rate);
  });

  it('admits more messages than other requests', () => {
    const fast = MethodSettings.filter(
      ({ ThrottlingRateLimit = 0 }) => ThrottlingRateLimit >= (rateOf('POST', '/fhir/{type}') ?? 0),
    );
    // The second is the check of a message, by the same function.
    expect(fast.map(({ HttpMethod, ResourcePath }) => `${HttpMethod} ${ResourcePath}`).toSorted()).toEqual([
      'POST /~1fhir~1{type}',
      'POST /~1fhir~1{type}~1{id}',
    ]);
  });
});

describe('firewall', () => {
  const ruleSchema = z.object({
    Name: z.string(),
    Priority: z.number(),
    Action: z.object({ Block: z.strictObject({}) }).optional(),
    OverrideAction: z.object({ Count: z.strictObject({}) }).optional(),
    Statement: z.record(z.string(), z.unknown()),
    VisibilityConfig: z.object({ SampledRequestsEnabled: z.boolean() }),
  });
  const acl = only(
    template,
    'AWS::WAFv2::WebACL',
    z.object({ DefaultAction: z.unknown(), Rules: z.array(ruleSchema), VisibilityConfig: z.unknown() }),
  );

  it('inspects no contents: no rule has body, query, path or JSON', () => {
    expect(acl.Rules.length).toBeGreaterThan(0);
    expect(JSON.stringify(acl)).not.toMatch(
      /Body|UriPath|QueryString|AllQueryArguments|QueryArgument|Cookie|FieldToMatch/,
    );
  });

  it('refuses by rate only; it labels suspect addresses, and admits everything else', () => {
    for (const { Action, OverrideAction, Statement } of acl.Rules) {
      const [kind, ...others] = Object.keys(Statement);
      expect(others).toEqual([]);
      if (Action === undefined)
        expect({ kind, OverrideAction }).toEqual({ kind: 'ManagedRuleGroupStatement', OverrideAction: { Count: {} } });
      else expect(kind).toBe('RateBasedStatement');
    }
    expect(acl.DefaultAction).toEqual({ Allow: {} });
  });

  it('counts the last minute per address, per suspect address and per access token, each method separately', () => {
    const limits = readStage('prod').firewall;
    const rate = (name: string) => acl.Rules.find(({ Name }) => Name === name)?.Statement['RateBasedStatement'];
    // Each method by itself: polling keeps no message out.
    const counted = (Limit: number | undefined, by: unknown) => ({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [by, { HTTPMethod: {} }],
      EvaluationWindowSec: 60,
      Limit,
    });
    expect(rate('PerAddress')).toEqual(counted(limits?.perAddress, { IP: {} }));
    expect(rate('PerSuspectAddress')).toEqual({
      ...counted(limits?.perSuspectAddress, { IP: {} }),
      ScopeDownStatement: { LabelMatchStatement: { Scope: 'NAMESPACE', Key: 'awswaf:managed:aws:amazon-ip-list:' } },
    });
    expect(rate('PerToken')).toEqual(
      counted(limits?.perToken, {
        Header: { Name: 'authorization', TextTransformations: [{ Priority: 0, Type: 'NONE' }] },
      }),
    );
  });

  it('has limits above the budgets of a client: within its budgets no client is refused', () => {
    const perMinute = (parameter: string): number => {
      const amount = z.object({ Default: z.number() });
      const parameters = z.record(z.string(), z.looseObject({})).parse(template.toJSON()['Parameters']);
      const seconds = amount.parse(parameters['BudgetSeconds']).Default;
      return (60 * amount.parse(parameters[parameter]).Default) / seconds;
    };
    const { perToken = 0 } = readStage('prod').firewall ?? {};
    for (const budget of ['BudgetMessages', 'BudgetRequests']) expect(perMinute(budget)).toBeLessThan(perToken);
  });

  it("labels the addresses of AWS's list of suspects before it counts", () => {
    const suspected = acl.Rules.find(({ OverrideAction }) => OverrideAction !== undefined);
    expect(suspected?.Statement).toEqual({
      ManagedRuleGroupStatement: { VendorName: 'AWS', Name: 'AWSManagedRulesAmazonIpReputationList' },
    });
    const order = acl.Rules.toSorted((one, other) => one.Priority - other.Priority).map(({ Name }) => Name);
    expect(order.indexOf('SuspectAddresses')).toBeLessThan(order.indexOf('PerSuspectAddress'));
  });

  it('protects the stage of the API', () => {
    const { ResourceArn } = only(template, 'AWS::WAFv2::WebACLAssociation', z.object({ ResourceArn: z.unknown() }));
    expect(JSON.stringify(ResourceArn)).toMatch(
      /"::\/restapis\/",\{"Ref":"Api"\},"\/stages\/",\{"Ref":"ApiDeploymentStagelive"\}/,
    );
  });

  it('logs only what it refused, without tokens, proofs, paths and queries, and keeps no samples', () => {
    template.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      LoggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          { Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] },
        ],
      },
      RedactedFields: [
        { SingleHeader: { Name: 'authorization' } },
        { SingleHeader: { Name: 'dpop' } },
        { UriPath: {} },
        { QueryString: {} },
      ],
    });
    for (const { VisibilityConfig } of [acl, ...acl.Rules])
      expect(VisibilityConfig).toMatchObject({ SampledRequestsEnabled: false });
    const { LogGroupName } = z
      .object({ Properties: z.object({ LogGroupName: z.unknown() }) })
      .parse(template.findResources('AWS::Logs::LogGroup')['ApiFirewallLog']).Properties;
    // AWS WAF writes to groups of such names only.
    expect(JSON.stringify(LogGroupName)).toMatch(/^\{"Fn::Join":\["",\["aws-waf-logs-/);
  });

  it('does not exist in a stage that nobody relies on', () => {
    expect(JSON.stringify(hubTemplate('dev').toJSON())).not.toContain('WAFv2');
  });
});

describe('answer of API Gateway itself', () => {
  it('is decided for every type that API Gateway has', () => {
    const types = Object.entries(Object.getOwnPropertyDescriptors(ResponseType)).flatMap(([, { value }]) =>
      value instanceof ResponseType ? [value.responseType] : [],
    );
    expect(types.length).toBeGreaterThan(20);
    expect(Object.keys(gatewayFaults).toSorted()).toEqual(types.toSorted());
  });

  it.each(['MISSING_AUTHENTICATION_TOKEN', 'INVALID_SIGNATURE', 'EXPIRED_TOKEN', 'RESOURCE_NOT_FOUND'])(
    'is 404 for an address that does not exist, whatever API Gateway calls it: %s',
    (type) => {
      const contentOf = (name: string) =>
        Object.values(
          template.findResources('AWS::ApiGateway::GatewayResponse', { Properties: { ResponseType: name } }),
        ).map(({ Properties: { ResponseType: _type, ...rest } }) => rest);
      expect(contentOf(type)).toHaveLength(1);
      expect(contentOf(type)).toEqual(contentOf('MISSING_AUTHENTICATION_TOKEN'));
    },
  );

  it.each([
    ['THROTTLED', "'2'"],
    ['WAF_FILTERED', "'15'"],
    ['AUTHORIZER_FAILURE', "'2'"],
    ['AUTHORIZER_CONFIGURATION_ERROR', "'2'"],
    ['API_CONFIGURATION_ERROR', "'2'"],
    ['INTEGRATION_FAILURE', "'2'"],
    ['INTEGRATION_TIMEOUT', "'2'"],
    ['DEFAULT_5XX', "'2'"],
  ])('has Retry-After if a retry can help: %s', (type, seconds) => {
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: type,
      ResponseParameters: { 'gatewayresponse.header.Retry-After': seconds },
    });
  });

  it.each(['UNAUTHORIZED', 'ACCESS_DENIED', 'MISSING_AUTHENTICATION_TOKEN', 'REQUEST_TOO_LARGE', 'DEFAULT_4XX'])(
    'has no Retry-After if it cannot: %s',
    (type) => {
      template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
        ResponseType: type,
        ResponseParameters: { 'gatewayresponse.header.Retry-After': Match.absent() },
      });
    },
  );
});

describe('hub with private access', () => {
  const privately = hubTemplate('prod', undefined, ways.private);

  it('accepts proofs for the names of its VPC endpoints, and for its own; a public one for no other name', () => {
    const names = ['', ...(ways.private['vpcEndpoints'] ?? '').split(',').map((id) => `-${id}`)];
    for (const function_ of ['Authorize', 'CheckToken']) {
      const environmentOf = (of: Template) =>
        z
          .object({
            Properties: z.object({ Environment: z.object({ Variables: z.looseObject({ OTHER_BASES: z.unknown() }) }) }),
          })
          .parse(of.toJSON()['Resources'][function_]).Properties.Environment.Variables.OTHER_BASES;
      const bases = JSON.stringify(environmentOf(privately)).split(',https://');
      expect(bases).toHaveLength(names.length);
      for (const [index, name] of names.entries())
        expect(bases[index]).toContain(`{"Ref":"Api"},"${name}.execute-api.`);
      expect(environmentOf(template)).toBe('');
    }
  });

  it('admits requests through its VPC endpoints only, with any token', () => {
    const vpcEndpoints = (ways.private['vpcEndpoints'] ?? '').split(',');
    privately.hasResourceProperties('AWS::ApiGateway::RestApi', {
      EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: vpcEndpoints },
      Policy: {
        Statement: [
          { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'execute-api:Invoke', Resource: 'execute-api:/*' },
          {
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 'execute-api:Invoke',
            Resource: 'execute-api:/*',
            Condition: { StringNotEquals: { 'aws:SourceVpce': vpcEndpoints } },
          },
        ],
      },
    });
  });

  it('is the only one with a resource policy', () => {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { Policy: Match.absent() });
  });
});

describe('hub with a domain name', () => {
  const named = hubTemplate('prod', undefined, { ...ways.domain, truststoreVersion: 'v7' });

  it('requires a client certificate, and has no address without one', () => {
    named.hasResourceProperties('AWS::ApiGateway::DomainName', {
      DomainName: 'hub.luftbro.example',
      RegionalCertificateArn: ways.domain['certificate'],
      EndpointConfiguration: { Types: ['REGIONAL'] },
      SecurityPolicy: 'TLS_1_2',
      MutualTlsAuthentication: { TruststoreUri: ways.domain['truststore'], TruststoreVersion: 'v7' },
    });
    named.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
  });

  it('proves by a second certificate that the name is its own, if the first was imported', () => {
    const ownershipCertificate = 'arn:aws:acm:eu-north-1:123456789012:certificate/4e5f6071';
    hubTemplate('prod', undefined, { ...ways.domain, ownershipCertificate }).hasResourceProperties(
      'AWS::ApiGateway::DomainName',
      { RegionalCertificateArn: ways.domain['certificate'], OwnershipVerificationCertificateArn: ownershipCertificate },
    );
    named.hasResourceProperties('AWS::ApiGateway::DomainName', { OwnershipVerificationCertificateArn: Match.absent() });
  });

  it('maps to the stage of the API without a base path', () => {
    named.hasResourceProperties('AWS::ApiGateway::BasePathMapping', {
      BasePath: Match.absent(),
      Stage: { Ref: 'ApiDeploymentStagelive' },
      RestApiId: { Ref: 'Api' },
    });
  });

  it('has that name as its only URL for partners and functions', () => {
    expect(named.findOutputs('Url')['Url']?.['Value']).toBe('https://hub.luftbro.example/fhir');
    expect(named.findParameters('PublicUrl')).toEqual({});
    named.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ PUBLIC_URL: 'https://hub.luftbro.example/fhir' }) },
    });
  });

  it('outputs the target of its DNS record', () => {
    expect(named.findOutputs('ApiDomainTarget')['ApiDomainTarget']?.['Value']).toEqual({
      'Fn::GetAtt': ['ApiDomainName', 'RegionalDomainName'],
    });
  });
});
