import { z } from 'zod';
import { refused } from '../../schemas/api/routes.ts';
import { readAssembly } from '../../local/aws/template.ts';

const templateShape = z.object({
  ResourceId: z.object({ Ref: z.string() }).optional(),
  HttpMethod: z.string().optional(),
  AuthorizationType: z.string().optional(),
  PathPart: z.string().optional(),
  ParentId: z.unknown().optional(),
});

const isRefused = (route: string): boolean =>
  refused.some(({ path, methods }) => methods.some((method) => `${method} ${path}` === route));

/**
 * Each route of the template, as `GET /fhir/{type}`, with the function behind it and whether anyone may come. Without `HEAD`,
 * which is beside every `GET`, and without the methods that are answered 405 only.
 */
export const routesOfTemplate = async () => {
  const { template } = await readAssembly('cdk.out');
  const all = Object.entries(template.Resources).map(([id, { Type, Properties }]) => ({ id, Type, Properties }));
  const pathOf = (id: string): string => {
    const found = all.find((one) => one.id === id);
    if (found?.Type !== 'AWS::ApiGateway::Resource') return '';
    const { PathPart = '', ParentId } = templateShape.parse(found.Properties);
    const parent = z.object({ Ref: z.string() }).safeParse(ParentId);
    return `${parent.success ? pathOf(parent.data.Ref) : ''}/${PathPart}`;
  };
  return new Map(
    all
      .filter(({ Type }) => Type === 'AWS::ApiGateway::Method')
      .map(({ Properties }) => {
        const { ResourceId, HttpMethod, AuthorizationType } = templateShape.parse(Properties);
        const [, fn = ''] = /"Fn::GetAtt":\["(\w+)","Arn"\]/.exec(JSON.stringify(Properties['Integration'])) ?? [];
        return [`${HttpMethod} ${pathOf(ResourceId?.Ref ?? '')}`, { fn, open: AuthorizationType === 'NONE' }] as const;
      })
      .filter(([route]) => !route.startsWith('HEAD ') && !isRefused(route)),
  );
};
