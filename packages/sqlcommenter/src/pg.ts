import { hasMethod } from '@otel-middleware/core/internal';
import { withComment } from './comment.js';
import type { Change, Emitter } from './instances.js';
import { comment, commentPool, override } from './instances.js';
import type { CommentOptions } from './options.js';
import { tagRules, unsuitable } from './options.js';
import type { TagRules } from './tags.js';
import { constantTags, currentTags } from './tags.js';

/** An object with the `query` of `pg`: its `Pool`, `Client` and `PoolClient`, and PGlite. */
export interface PgQueryable {
  query(...args: never[]): unknown;
}

/** An argument of `query` that is not a text. */
interface QueryConfig {
  text?: unknown;
  /** The name of a prepared statement. */
  readonly name?: unknown;
  /** The method of queries that send themselves, such as cursors. */
  readonly submit?: unknown;
  /** In a `QueryStream`. */
  readonly cursor?: { text?: unknown };
  [COMMENTED]?: true;
}

/** The prepared statements of a connection as `pg` keeps them: undocumented, and pinned by a test. */
interface PgClient {
  readonly connection?: {
    readonly parsedStatements?: Record<string, string>;
    readonly submittedNamedStatements?: Record<string, string>;
  };
  /** The statements of the native client. */
  readonly namedQueries?: Record<string, string>;
}

/** A text as the application knows it, and as it was sent. */
interface Prepared {
  readonly text: string;
  readonly sent: string;
}

/** The statements prepared with comments, by connection and name: a name must always come with the same text. */
const prepared = new WeakMap<object, Map<string, Prepared>>();

/** The functions that remove from connections what their prepared statements have left on them. */
const retained = new WeakMap<object, () => void>();

/** Marks a query that has met its pool, and is not to be commented again in whatever context its connection comes. */
const COMMENTED: unique symbol = Symbol('commented by its pool');

/**
 * Comments the queries of one pool or client of `pg`, in all their forms: text, configuration, `Query`, cursor and stream.
 * Named statements get only the tags that are the same for every query. Clients of a pool are commented from the next time
 * on that they are taken out.
 *
 * Given the same object again, it replaces the options. {@link uncomment} takes the comments off.
 *
 * @returns the same object.
 * @throws TypeError when there is no `query`, or when an option is unknown or ill-typed.
 */
export function commentPg<Target extends PgQueryable>(target: Target, options: CommentOptions = {}): Target {
  const rules = tagRules(options);
  if (!hasMethod('query')(target)) unsuitable('commentPg', 'a Pool, a Client or a PoolClient of pg');
  comment(target, () =>
    isPool(target)
      ? commentPool(target, ofPool(rules), (client) => commentClient(client, rules))
      : commentClient(target, rules),
  );
  return target;
}

function isPool(target: object): target is Emitter {
  return 'totalCount' in target && hasMethod('connect')(target);
}

function ofPool(rules: TagRules): Change {
  return (first) => {
    if (typeof first === 'string') return { text: commentedText(first, rules), [COMMENTED]: true };
    if (!isConfig(first) || first.name) return first;
    return marked(commentedNow(first, rules), first);
  };
}

function commentClient(client: object, rules: TagRules): () => void {
  retained.get(client)?.();
  const undo = override(client, 'query', (first) => {
    if (typeof first === 'string') return commentedText(first, rules);
    if (!isConfig(first) || first[COMMENTED]) return first;
    return first.name ? namedQuery(client, first, rules) : commentedNow(first, rules);
  });
  return () => {
    undo();
    if (prepared.has(client)) retained.set(client, override(client, 'query', asPrepared(client)));
  };
}

/** A change that repeats the comment with which a statement was prepared, for as long as the connection lasts. */
function asPrepared(client: object): Change {
  return (first) => (isConfig(first) && first.name ? namedQuery(client, first, undefined) : first);
}

function isConfig(first: unknown): first is QueryConfig {
  return typeof first === 'object' && first !== null;
}

function commentedText(text: string, rules: TagRules): string {
  return withComment(text, currentTags(rules), 'postgresql');
}

function commentedNow(config: QueryConfig, rules: TagRules): QueryConfig {
  return withText(config, (text) => commentedText(text, rules));
}

/** Marks a query as commented. Marks an object that inherits from the application's, which stays as it is. */
function marked(config: QueryConfig, given: QueryConfig): QueryConfig {
  const own: QueryConfig = config === given && !config.submit ? Object.create(config) : config;
  own[COMMENTED] = true;
  return own;
}

/** `pg` refuses a name that comes with another text than before on the same connection. */
function namedQuery(client: object, config: QueryConfig, rules: TagRules | undefined): QueryConfig {
  return withText(config, (text) => {
    const name = String(config.name);
    const before = prepared.get(client)?.get(name);
    if (before?.text === text) return before.sent;
    if (rules === undefined || preparedText(client, name) === text) return text;
    const sent = withComment(text, constantTags(rules), 'postgresql');
    if (sent !== text) remember(client, name, { text, sent });
    return sent;
  });
}

function preparedText({ connection, namedQueries }: PgClient, name: string): string | undefined {
  return (
    connection?.parsedStatements?.[name] ??
    connection?.submittedNamedStatements?.[name] ??
    namedQueries?.[name]
  );
}

function remember(client: object, name: string, statement: Prepared): void {
  const statements = prepared.get(client) ?? new Map<string, Prepared>();
  prepared.set(client, statements.set(name, statement));
}

/** A query with another text: what sends itself is changed, everything else is left as it was. */
function withText(config: QueryConfig, change: (text: string) => string): QueryConfig {
  const holder = holderOfText(config);
  if (typeof holder?.text !== 'string') return config;
  const text = change(holder.text);
  if (text === holder.text) return config;
  // `pg` reads what is inherited like what is not.
  if (!config.submit) return Object.create(config, { text: { value: text, enumerable: true } });
  holder.text = text;
  return config;
}

function holderOfText(config: QueryConfig): { text?: unknown } | undefined {
  return config.text === undefined ? config.cursor : config;
}
