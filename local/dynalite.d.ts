declare module 'dynalite' {
  interface DynaliteOptions {
    /** Folder of the LevelDB that keeps the items; absent: in memory. */
    readonly path?: string;
    readonly createTableMs?: number;
    readonly updateTableMs?: number;
    readonly deleteTableMs?: number;
  }
  /** A DynamoDB on one machine. Closing the server closes its database. */
  const dynalite: (options?: DynaliteOptions) => import('node:http').Server;
  export = dynalite;
}
