import { withComment } from './comment.js';
import type { Emitter, Method } from './instances.js';
import { comment, commentAcquired, hasMethod, override } from './instances.js';
import type { CommentOptions } from './options.js';
import { tagRules, unsuitable } from './options.js';
import type { QueryTags } from './tags.js';
import { constantTags, currentTags } from './tags.js';

/** What has the `query` and `execute` of `mysql2`: pools and connections, with callbacks or promises. */
export interface Mysql2Queryable {
  query(...args: never[]): unknown;
  execute(...args: never[]): unknown;
}

/** What promises are wrapped around. */
interface Wrapper {
  readonly pool?: unknown;
  readonly connection?: unknown;
}

/** How methods that take a statement comment it: those that prepare it keep it for the next time, by its text. */
type Statements = Readonly<Record<string, () => QueryTags>>;

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
  const now = () => currentTags(rules);
  const constant = () => constantTags(rules);
  const ofConnection = { query: now, execute: constant, prepare: constant, unprepare: constant };
  comment(target, () =>
    hasMethod(core, 'getConnection')
      ? commentPool(core as unknown as Emitter, now, (connection) => overrideAll(connection, ofConnection))
      : overrideAll(core, ofConnection),
  );
  return target;
}

/** The pool or connection with callbacks, to which those with promises pass everything on. */
function coreOf(target: unknown): Record<'query' | 'execute', Method> | undefined {
  const { pool, connection } = (target ?? {}) as Wrapper;
  return [pool, connection, target].find(
    (one): one is Record<'query' | 'execute', Method> => hasMethod(one, 'query') && hasMethod(one, 'execute'),
  );
}

/** Who waits for a connection is called in the context of whoever gives it back, so queries get their tags before. */
function commentPool(
  pool: Emitter,
  now: () => QueryTags,
  apply: (connection: Emitter) => () => void,
): () => void {
  const undoConnections = commentAcquired(pool, apply);
  const undoQuery = overrideAll(pool, { query: now });
  return () => {
    undoQuery();
    undoConnections();
  };
}

function overrideAll(target: object, statements: Statements): () => void {
  const undos = Object.entries(statements)
    .filter(([name]) => hasMethod(target, name))
    .map(([name, tags]) =>
      override(
        target,
        name,
        (method) =>
          function (first, ...rest) {
            return method.call(this, commented(first, tags), ...rest);
          },
      ),
    );
  return () => {
    for (const undo of undos) undo();
  };
}

function commented(statement: unknown, tags: () => QueryTags): unknown {
  if (typeof statement === 'string') return withComment(statement, tags(), 'mysql');
  const { sql, execute } = (statement ?? {}) as { sql?: unknown; execute?: unknown };
  // A command is what the pool has made of a query, with the comment.
  if (typeof sql !== 'string' || typeof execute === 'function') return statement;
  return Object.assign(Object.create(statement as object), statement, {
    sql: withComment(sql, tags(), 'mysql'),
  });
}
