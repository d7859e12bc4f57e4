/** Types of the published definitions of the hub. They can be read without a token, each at its URL. */
export const publishedTypes = [
  'CodeSystem',
  'ValueSet',
  'MessageDefinition',
  'StructureDefinition',
  'OperationDefinition',
] as const;
export type PublishedType = (typeof publishedTypes)[number];

export const isPublishedType = (type: string): type is PublishedType => publishedTypes.some((known) => known === type);
