import { CfnCondition, CfnParameter, Fn, type Stack } from 'aws-cdk-lib';

interface HubParametersProps {
  /** Whether the token issuer, and the hub's own address, may have a URL without TLS. */
  readonly plainHttp: boolean;
}

/** The parameters of the stack that the deployer gives CloudFormation. Their names are part of `npx cdk deploy --parameters`. */
export class HubParameters {
  readonly tokenIssuer: string;
  readonly tokenAudience: string;
  readonly tokenBinding: string;
  readonly proofSecondsBack: string;
  readonly proofSecondsAhead: string;
  readonly budgetSeconds: string;
  readonly budgetMessages: string;
  readonly budgetRequests: string;
  readonly endpointAllowList: string;
  /** Whether tokens that are not bound to a key are accepted too. */
  readonly bearerIsAccepted: CfnCondition;
  readonly #stack: Stack;
  readonly #scheme: string;

  /** The parameters are children of the stack itself: a construct between would be part of their names. */
  constructor(stack: Stack, { plainHttp }: HubParametersProps) {
    this.#stack = stack;
    this.#scheme = plainHttp ? 'https?' : 'https';
    this.tokenIssuer = new CfnParameter(stack, 'TokenIssuer', {
      description: 'Issuer (iss) of the access tokens; its discovery document names the keys.',
      allowedPattern: `${this.#scheme}://.+`,
    }).valueAsString;
    this.tokenAudience = new CfnParameter(stack, 'TokenAudience', {
      description: 'Audience (aud) that an access token must name.',
      default: 'luftbro',
    }).valueAsString;
    this.tokenBinding = new CfnParameter(stack, 'TokenBinding', {
      description: 'Whether an access token must be bound to a key of the caller (DPoP): required, or optional.',
      allowedPattern: 'required|optional',
      default: 'required',
    }).valueAsString;
    this.bearerIsAccepted = new CfnCondition(stack, 'BearerIsAccepted', {
      expression: Fn.conditionEquals(this.tokenBinding, 'optional'),
    });
    this.proofSecondsBack = this.#number('ProofSecondsBack', {
      description: 'Seconds for which a DPoP proof is accepted.',
      minValue: 1,
      maxValue: 300,
      default: 60,
    });
    this.proofSecondsAhead = this.#number('ProofSecondsAhead', {
      description: "Seconds by which a caller's clock may be ahead.",
      minValue: 0,
      maxValue: 60,
      default: 10,
    });
    this.budgetSeconds = this.#number('BudgetSeconds', {
      description: 'Length in seconds of the window of BudgetMessages and BudgetRequests.',
      minValue: 1,
      maxValue: 300,
      default: 10,
    });
    this.budgetMessages = this.#number('BudgetMessages', {
      description: 'Messages that one client may send in BudgetSeconds.',
      minValue: 1,
      default: 250,
    });
    this.budgetRequests = this.#number('BudgetRequests', {
      description: 'Requests other than messages (reading, subscribing) that one client may make in BudgetSeconds.',
      minValue: 1,
      default: 300,
    });
    this.endpointAllowList = new CfnParameter(stack, 'EndpointAllowList', {
      description:
        'Comma separated origins that may receive notifications though they are not public https. For laptops; empty elsewhere.',
      default: '',
    }).valueAsString;
  }

  /** The base URL that partners use: the parameter PublicUrl if it is given, for what is in front of API Gateway; else `url`. */
  publicUrlOr(url: string): string {
    const given = new CfnParameter(this.#stack, 'PublicUrl', {
      description: 'Base URL that partners use, ends in /fhir. Empty: the address that API Gateway assigns.',
      default: '',
      allowedPattern: `|${this.#scheme}://.+/fhir`,
    });
    const isGiven = new CfnCondition(this.#stack, 'PublicUrlIsGiven', {
      expression: Fn.conditionNot(Fn.conditionEquals(given.valueAsString, '')),
    });
    return Fn.conditionIf(isGiven.logicalId, given.valueAsString, url).toString();
  }

  #number(name: string, limits: { description: string; minValue: number; maxValue?: number; default: number }): string {
    return new CfnParameter(this.#stack, name, { type: 'Number', ...limits }).valueAsString;
  }
}
