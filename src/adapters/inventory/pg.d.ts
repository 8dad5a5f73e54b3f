/** The part of `pg` that is used here: it brings no types of its own. */
declare module "pg" {
  import type { EventEmitter } from "node:events";
  import type { PostgresPool } from "kysely";

  export interface ClientConfig {
    readonly connectionString: string;
    readonly application_name?: string;
    readonly keepAlive?: boolean;
    readonly connectionTimeoutMillis?: number;
    /** By the driver: for a server that cannot be reached any more. */
    readonly query_timeout?: number;
    /** By the server: for a client that cannot be reached any more. */
    readonly statement_timeout?: number;
    readonly lock_timeout?: number;
    readonly idle_in_transaction_session_timeout?: number;
    readonly types?: TypeParsers;
  }

  export interface PoolConfig extends ClientConfig {
    readonly max?: number;
    readonly idleTimeoutMillis?: number;
  }

  export interface TypeParsers {
    getTypeParser(id: number, format?: "text" | "binary"): (value: string) => unknown;
  }

  export interface QueryResult<Row> {
    readonly rows: readonly Row[];
  }

  export class Client extends EventEmitter {
    constructor(config: ClientConfig);
    connect(): Promise<void>;
    query<Row>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
    end(): Promise<void>;
  }

  export const Pool: new (config: PoolConfig) => PostgresPool & EventEmitter;

  export const types: TypeParsers;
}
