/** Organisations of the sample directory that take part, by client id (`local/sample/`). */
export const parties = {
  'amk-innlandet': { organisation: '311000012', role: 'local-amk' },
  'amk-bergen': { organisation: '311000020', role: 'local-amk' },
  'amk-nordland': { organisation: '311000047', role: 'local-amk' },
  'amk-la-oslo': { organisation: '312000016', role: 'amk-la' },
  'amk-la-bergen': { organisation: '312000024', role: 'amk-la' },
  'operator-lorenskog': { organisation: '313000028', role: 'operator' },
  'operator-dombas': { organisation: '313000036', role: 'operator' },
} as const;

export type Client = keyof typeof parties;

export const organisationOf = (client: Client): string => parties[client].organisation;
