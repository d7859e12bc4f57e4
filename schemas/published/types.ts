/** The types of what the hub publishes of itself, open to everyone, each at its URL. */
export const publishedTypes = [
  'CodeSystem',
  'ValueSet',
  'MessageDefinition',
  'StructureDefinition',
  'OperationDefinition',
] as const;
export type PublishedType = (typeof publishedTypes)[number];
