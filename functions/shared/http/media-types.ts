/** Media types and their parameters (RFC 9110, 8.3.1; R4 HTTP, 3.1.0.1.10). */

const parameter = /;\s*([\w!#$&^.+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))\s*/g;

interface MediaType {
  /** In lower case, without parameters. */
  readonly type: string;
  /** Names and values in lower case, repeated ones too. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

export const mediaTypeOf = (text: string): MediaType => {
  const [type = ''] = text.split(';');
  return {
    type: type.trim().toLowerCase(),
    parameters: [...text.toLowerCase().matchAll(parameter)].map(([, name = '', quoted, plain = '']) => [
      name,
      quoted?.replaceAll(/\\(.)/g, '$1') ?? plain,
    ]),
  };
};

/** What each parameter may say: the hub reads and writes R4 in UTF-8. R4 names itself `4.0`; some clients give the whole version. */
const spoken: Readonly<Record<string, readonly string[]>> = {
  charset: ['utf-8', 'utf8'],
  fhirversion: ['4.0', '4.0.1'],
};

/** The parameter that asks for another encoding than UTF-8 or another FHIR version than R4. */
export const foreignParameter = ({ parameters }: MediaType): 'charset' | 'fhirVersion' | undefined => {
  const [name] = parameters.find(([one, value]) => spoken[one]?.includes(value) === false) ?? [];
  if (name === undefined) return undefined;
  return name === 'charset' ? 'charset' : 'fhirVersion';
};
