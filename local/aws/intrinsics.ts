import type { Json, Template } from './template.ts';

/** The names of a resource that exists: the values of `Ref` and `Fn::GetAtt`. */
export interface Physical {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Surroundings {
  readonly template: Template;
  /** Values of the template's parameters; a parameter without a value has its default. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `AWS::Region` and the like. */
  readonly pseudo: Readonly<Record<string, string>>;
  readonly physical: (logicalId: string) => Physical;
}

export interface Evaluator {
  /** The value with every intrinsic function evaluated; `undefined` for `AWS::NoValue`. */
  readonly resolve: (value: Json, where: string) => Json | undefined;
  readonly condition: (name: string) => boolean;
}

type Member = readonly [key: string, value: Json];

/** Evaluates CloudFormation's intrinsic functions. An unknown one is an error that names its place in the template. */
export const createEvaluator = ({ template, parameters, pseudo, physical }: Surroundings): Evaluator => {
  const reference = (name: string, where: string): string | undefined => {
    if (name === 'AWS::NoValue') return undefined;
    if (name.startsWith('AWS::')) return pseudo[name] ?? fail(where, `the pseudo parameter ${name} is not known here`);
    const parameter = template.Parameters[name];
    if (parameter !== undefined) return parameterValue(name, where);
    if (template.Resources[name] !== undefined) return physical(name).ref;
    return fail(where, `nothing is called ${name}`);
  };

  const parameterValue = (name: string, where: string): string => {
    const parameter = template.Parameters[name];
    const given = parameters[name];
    if (given === undefined && parameter?.Type.startsWith('AWS::SSM::') === true) {
      return fail(where, `the parameter ${name} is in AWS Systems Manager, which the host does not have`);
    }
    const value = given ?? parameter?.Default ?? fail(where, `the stack's parameter ${name} has no value`);
    if (parameter?.AllowedPattern !== undefined && !new RegExp(`^(?:${parameter.AllowedPattern})$`).test(value)) {
      return fail(
        where,
        `the stack's parameter ${name} may not be "${value}": it must match ${parameter.AllowedPattern}`,
      );
    }
    return value;
  };

  const attribute = (logicalId: string, name: string, where: string): string => {
    if (template.Resources[logicalId] === undefined) return fail(where, `no resource is called ${logicalId}`);
    return physical(logicalId).attributes[name] ?? fail(where, `${logicalId} has no attribute ${name} here`);
  };

  const substitute = (text: string, variables: Readonly<Record<string, string>>, where: string): string =>
    text.replaceAll(/\$\{(!?)([^}]*)\}/g, (_whole, escaped: string, name: string) => {
      if (escaped === '!') return `\${${name}}`;
      const given = variables[name];
      if (given !== undefined) return given;
      const dot = name.startsWith('AWS::') ? -1 : name.indexOf('.');
      const value = dot === -1 ? reference(name, where) : attribute(name.slice(0, dot), name.slice(dot + 1), where);
      return value ?? fail(where, `${name} has no value`);
    });

  const condition = (name: string): boolean => {
    const expression = template.Conditions[name] ?? fail(`Conditions.${name}`, 'there is no such condition');
    return truth(expression, `Conditions.${name}`);
  };

  const truth = (expression: Json, where: string): boolean => {
    const call = intrinsicOf(expression, conditionFunctions);
    if (call === undefined) return fail(where, 'this is not a condition');
    const [name, argument] = call;
    const inside = `${where}.${name}`;
    const operands = (): readonly Json[] => list(argument, inside);
    switch (name) {
      case 'Condition':
        return condition(text(argument, inside));
      case 'Fn::Equals': {
        const [left, right] = operands().map((operand) => JSON.stringify(resolve(operand, inside)));
        return left === right;
      }
      case 'Fn::Not':
        return !operands().some((operand) => truth(operand, inside));
      case 'Fn::And':
        return operands().every((operand) => truth(operand, inside));
      case 'Fn::Or':
        return operands().some((operand) => truth(operand, inside));
    }
  };

  const evaluate = (name: ValueFunction, argument: Json, where: string): Json | undefined => {
    switch (name) {
      case 'Ref':
        return reference(text(argument, where), where);
      case 'Fn::GetAtt': {
        const path =
          typeof argument === 'string' ? argument.split('.') : list(argument, where).map((part) => text(part, where));
        const [logicalId = '', ...rest] = path;
        return attribute(logicalId, rest.join('.'), where);
      }
      case 'Fn::Join': {
        const [separator = '', parts = []] = list(argument, where);
        const resolved = list(resolve(parts, where) ?? [], where);
        return resolved.map((part) => text(part, where)).join(text(separator, where));
      }
      case 'Fn::Sub': {
        if (typeof argument === 'string') return substitute(argument, {}, where);
        const [pattern = '', variables = {}] = list(argument, where);
        const resolved = members(resolve(variables, where) ?? {}).map(
          ([key, value]) => [key, text(value, where)] as const,
        );
        return substitute(text(pattern, where), Object.fromEntries(resolved), where);
      }
      case 'Fn::If': {
        const [conditionName = '', whenTrue = null, whenFalse = null] = list(argument, where);
        return resolve(condition(text(conditionName, where)) ? whenTrue : whenFalse, where);
      }
      case 'Fn::Select': {
        const [index = 0, choices = []] = list(argument, where);
        const resolved = list(resolve(choices, where) ?? [], where);
        return resolved[Number(index)] ?? fail(where, `there is no choice number ${text(index, where)}`);
      }
      case 'Fn::Split': {
        const [separator = '', source = ''] = list(argument, where);
        return text(resolve(source, where) ?? '', where).split(text(separator, where));
      }
    }
  };

  const resolve = (value: Json, where: string): Json | undefined => {
    if (typeof value === 'string' && value.startsWith('{{resolve:')) return fail(where, 'dynamic references need AWS');
    if (Array.isArray(value))
      return value.map((item, index) => resolve(item, `${where}[${index}]`)).filter((item) => item !== undefined);
    if (typeof value !== 'object' || value === null) return value;
    const call = intrinsicOf(value, valueFunctions);
    if (call !== undefined) return evaluate(call[0], call[1], `${where}.${call[0]}`);
    const resolved: Record<string, Json> = {};
    for (const [key, member] of members(value)) {
      if (key.startsWith('Fn::')) return fail(where, `the embedded host does not know ${key}`);
      const answer = resolve(member, `${where}.${key}`);
      if (answer !== undefined) resolved[key] = answer;
    }
    return resolved;
  };

  return { resolve, condition };
};

const valueFunctions = ['Ref', 'Fn::GetAtt', 'Fn::Join', 'Fn::Sub', 'Fn::If', 'Fn::Select', 'Fn::Split'] as const;
type ValueFunction = (typeof valueFunctions)[number];

const conditionFunctions = ['Condition', 'Fn::Equals', 'Fn::Not', 'Fn::And', 'Fn::Or'] as const;

const fail = (where: string, what: string): never => {
  throw new Error(`The template cannot be run here: ${where}: ${what}.`);
};

const members = (value: Json): readonly Member[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];

/** An intrinsic is an object whose only member has a function's name. */
const intrinsicOf = <Name extends string>(value: Json, names: readonly Name[]): readonly [Name, Json] | undefined => {
  const [member, ...others] = members(value);
  if (member === undefined || others.length > 0) return undefined;
  const name = names.find((candidate) => candidate === member[0]);
  return name === undefined ? undefined : [name, member[1]];
};

const list = (value: Json, where: string): readonly Json[] =>
  Array.isArray(value) ? value : fail(where, 'a list is expected');

const text = (value: Json, where: string): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return fail(where, 'a text is expected');
};
