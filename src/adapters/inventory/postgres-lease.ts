import { Client } from "pg";
import { Failure } from "../../ports/failure.ts";
import type { Lease, LeaseAnswer } from "../../ports/lease.ts";
import { numbersAsNumbers, withoutWaiting } from "./postgres.ts";
import { LEASE_NAME } from "./term.ts";

const CHANNEL = "tidemill_lease";
const CONNECT_MS = 1_000;
const QUERY_MS = 1_000;

/** By the database's clock: the controllers' own may differ. */
const NOW = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

const TAKE = `
  insert into lease (name, holder, url, until, epoch)
  values ('${LEASE_NAME}', $1, $2, ${NOW} + $3::bigint, 1)
  on conflict (name) do update
    set holder = excluded.holder, url = excluded.url, until = excluded.until,
        epoch = lease.epoch + case when lease.holder = excluded.holder then 0 else 1 end
    where lease.holder = excluded.holder or lease.until < ${NOW}
  returning epoch`;

const LOOK = `select url, until - ${NOW} as remaining from lease where name = '${LEASE_NAME}'`;

const RELEASE = `
  with ended as (
    update lease set until = 0 where name = '${LEASE_NAME}' and holder = $1 returning name)
  select pg_notify('${CHANNEL}', name) from ended`;

const ANNOUNCE = `
  insert into controller (id, url, seen_at) values ($1, $2, ${NOW})
  on conflict (id) do update set url = excluded.url, seen_at = excluded.seen_at`;

const MEMBERS = `select url from controller where seen_at > ${NOW} - $1::bigint order by url`;

const FORGET = `delete from controller where seen_at < ${NOW} - $1::bigint`;

/** The lease in PostgreSQL, on a connection of its own that also hears when a holder lets go. */
export function createPostgresLease(url: string): Lease {
  const line = createLine(url);
  return {
    async take({ holder, url: own, holdMs }, signal) {
      const taken = await line.ask<{ epoch: number }>(TAKE, [holder, own, holdMs], signal);
      if (taken[0] !== undefined) return { kind: "held", epoch: taken[0].epoch };
      const [row] = await line.ask<{ url: string; remaining: number }>(LOOK, [], signal);
      const free: LeaseAnswer = { kind: "taken", url: "", remainingMs: 0 };
      return row === undefined ? free : { ...free, url: row.url, remainingMs: row.remaining };
    },
    async release(holder, signal) {
      await line.ask(RELEASE, [holder], signal);
    },
    async announce({ id, url: own, forgottenAfterMs }, signal) {
      await line.ask(ANNOUNCE, [id, own], signal);
      await line.ask(FORGET, [forgottenAfterMs], signal);
      const rows = await line.ask<{ url: string }>(MEMBERS, [forgottenAfterMs], signal);
      return rows.map((row) => row.url);
    },
    onRelease: (listener) => line.onNotice(listener),
    close: () => line.close(),
  };
}

/** One connection, made when it is needed and given up when anything is wrong with it. */
interface Line {
  ask<Row>(text: string, values: readonly unknown[], signal: AbortSignal): Promise<readonly Row[]>;
  onNotice(listener: () => void): void;
  close(): Promise<void>;
}

function createLine(url: string): Line {
  const listeners = new Set<() => void>();
  let open: Promise<Client> | null = null;
  const drop = (client: Client): void => {
    open = null;
    void withoutWaiting(client.end());
  };
  const connect = async (): Promise<Client> => {
    const client = newClient(url);
    client.on("notification", () => listeners.forEach((listener) => listener()));
    // The query that is under way, or the next one, tells what is wrong.
    client.on("error", () => undefined);
    client.once("end", () => (open = null));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      return client;
    } catch (cause) {
      drop(client);
      throw cause;
    }
  };
  return {
    async ask<Row>(text: string, values: readonly unknown[], signal: AbortSignal) {
      if (signal.aborted) throw new Failure("aborted", "Cannot ask for the lease: stopped");
      let client: Client | null = null;
      try {
        client = await (open ??= connect());
        return (await client.query<Row>(text, values)).rows;
      } catch (cause) {
        if (client !== null) drop(client);
        else open = null;
        const said = cause instanceof Error ? cause.message : String(cause);
        throw new Failure("unavailable", `Cannot ask for the lease: ${said}`, { cause });
      }
    },
    onNotice: (listener) => void listeners.add(listener),
    async close() {
      const client = await open?.catch(() => null);
      if (client !== null && client !== undefined) await withoutWaiting(client.end());
    },
  };
}

function newClient(url: string): Client {
  return new Client({
    connectionString: url,
    application_name: "tidemill lease",
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    statement_timeout: QUERY_MS,
    types: numbersAsNumbers,
  });
}
