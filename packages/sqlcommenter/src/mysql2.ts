import { hasMethod } from '@otel-middleware/core/internal';
import { withComment } from './comment.js';
import type { Change, Emitter } from './instances.js';
import { comment, commentPool, override } from './instances.js';
import type { CommentOptions } from './options.js';
import { tagRules, unsuitable } from './options.js';
import type { QueryTags } from './tags.js';
import { constantTags, currentTags } from './tags.js';

/** An object with the `query` and `execute` of `mysql2`: a pool or connection, with callbacks or promises. */
export interface Mysql2Queryable {
  query(...args: never[]): unknown;
  execute(...args: never[]): unknown;
}

/** An object with promises, by the one with callbacks that it wraps. */
interface Wrapper {
  readonly pool?: unknown;
  readonly connection?: unknown;
}

/**
 * Comments the queries of one pool or connection of `mysql2`, with callbacks or promises, and whatever is made of it by
 * `promise()`. What is prepared, by `execute` or `prepare`, gets only the tags that are the same for every query. Connections
 * of a pool are commented from the next time on that they are taken out.
 *
 * Given the same object again, it replaces the options. {@link uncomment} takes the comments off.
 *
 * @returns the same object.
 * @throws TypeError when there is no `query` or `execute`, or when an option is unknown or ill-typed.
 */
export function commentMysql2<Target extends Mysql2Queryable>(
  target: Target,
  options: CommentOptions = {},
): Target {
  const rules = tagRules(options);
  const core = coreOf(target);
  if (core === undefined) unsuitable('commentMysql2', 'a pool or a connection of mysql2');
  const now: Change = (statement) => commented(statement, () => currentTags(rules));
  const constant: Change = (statement) => commented(statement, () => constantTags(rules));
  comment(target, () =>
    hasMethod('getConnection')(core)
      ? commentPool(core as Emitter, now, (connection) => commentConnection(connection, now, constant))
      : commentConnection(core, now, constant),
  );
  return target;
}

/** The pool or connection with callbacks, to which those with promises pass everything on. */
function coreOf(target: unknown): object | undefined {
  const { pool, connection } = (target ?? {}) as Wrapper;
  return [pool, connection, target].find(
    (one): one is object => hasMethod('query')(one) && hasMethod('execute')(one),
  );
}

/** Comments a connection. Prepared statements are kept by their text, so they get only constant tags. */
function commentConnection(connection: object, now: Change, constant: Change): () => void {
  const undos = [
    override(connection, 'query', now),
    ...['execute', 'prepare', 'unprepare']
      .filter((name) => hasMethod(name)(connection))
      .map((name) => override(connection, name, constant)),
  ];
  return () => {
    for (const undo of undos) undo();
  };
}

function commented(statement: unknown, tags: () => QueryTags): unknown {
  if (typeof statement === 'string') return withComment(statement, tags(), 'mysql');
  const { sql, execute } = (statement ?? {}) as { sql?: unknown; execute?: unknown };
  // A command is what the pool has made of a query, with the comment.
  if (typeof sql !== 'string' || typeof execute === 'function') return statement;
  // It copies what is the object's own, and reads `sql` and `values` wherever they are.
  return Object.assign(Object.create(statement as object), statement, {
    sql: withComment(sql, tags(), 'mysql'),
  });
}
