import { hasMethod } from '@otel-middleware/core/internal';
import { withComment } from './comment.js';
import { comment } from './instances.js';
import type { CommentOptions } from './options.js';
import { tagRules, unsuitable } from './options.js';
import type { SqlDialect } from './statement.js';
import type { TagRules } from './tags.js';
import { constantTags, currentTags } from './tags.js';

/** An instance of Knex, or a transaction. */
export interface KnexInstance {
  readonly client: unknown;
}

/** A query as Knex hands it to its drivers, ready to be sent. */
interface KnexQuery {
  readonly sql: string;
  readonly options?: { readonly name?: unknown };
}

/** The object that sends queries: undocumented, and pinned by a test. */
interface KnexClient {
  readonly dialect?: string;
  _query(connection: unknown, query: KnexQuery | string): unknown;
  _stream(connection: unknown, query: KnexQuery, ...rest: unknown[]): unknown;
}

/** The names of Knex's databases, except those where a text that varies costs a plan each time. */
const DIALECTS: Readonly<Record<string, SqlDialect>> = {
  postgresql: 'postgresql',
  cockroachdb: 'postgresql',
  redshift: 'postgresql',
  pgnative: 'postgresql',
  mysql: 'mysql',
  sqlite3: 'sqlite',
};

/**
 * Comments the queries of one instance of Knex, whatever builds them: builders, `raw`, streams, and transactions that begin
 * from now on. For PostgreSQL and its kin, MySQL, MariaDB and SQLite.
 *
 * Given the same object again, it replaces the options. {@link uncomment} takes the comments off.
 *
 * @returns the same object.
 * @throws TypeError when it is no instance of Knex or its database is another one, or when an option is unknown or ill-typed.
 */
export function commentKnex<Target extends KnexInstance>(
  target: Target,
  options: CommentOptions = {},
): Target {
  const rules = tagRules(options);
  const client = target?.client as KnexClient | undefined;
  const dialect = DIALECTS[client?.dialect ?? ''];
  if (!hasMethod('_query')(client) || dialect === undefined) {
    unsuitable('commentKnex', 'an instance of Knex for PostgreSQL, MySQL, MariaDB or SQLite');
  }
  comment(target, () => commentClient(client as KnexClient, rules, dialect));
  return target;
}

/**
 * Puts a class between the client and its own one: Knex makes the clients of transactions from the class of the client.
 */
function commentClient(client: KnexClient, rules: TagRules, dialect: SqlDialect): () => void {
  const Client = client.constructor as new () => KnexClient;
  let active = true;
  const commented = (query: KnexQuery | string): KnexQuery => {
    const object = typeof query === 'string' ? { sql: query } : query;
    if (!active || typeof object?.sql !== 'string') return object;
    const tags = object.options?.name ? constantTags(rules) : currentTags(rules);
    // Errors show the query as it was built.
    return { ...object, sql: withComment(object.sql, tags, dialect) };
  };
  class CommentedClient extends Client {
    override _query(connection: unknown, query: KnexQuery | string): unknown {
      return super._query(connection, commented(query));
    }
    override _stream(connection: unknown, query: KnexQuery, ...rest: unknown[]): unknown {
      return super._stream(connection, commented(query), ...rest);
    }
  }
  Object.setPrototypeOf(client, CommentedClient.prototype);
  return () => {
    active = false;
    if (Object.getPrototypeOf(client) === CommentedClient.prototype)
      Object.setPrototypeOf(client, Client.prototype);
  };
}
