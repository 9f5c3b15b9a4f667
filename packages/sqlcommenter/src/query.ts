import { withComment } from './comment.js';
import type { CommentOptions, QueryCommentOptions } from './options.js';
import { queryRules, tagRules } from './options.js';
import type { QueryTags, TagRules } from './tags.js';
import { constantTags, currentTags } from './tags.js';

/** Options are read once, however often they are passed. */
const rulesOf = new WeakMap<CommentOptions, TagRules>();

const DEFAULTS: QueryCommentOptions = {};

/**
 * Adds a comment that tells the database which request a statement is for, in the sqlcommenter format: behind the statement,
 * with the tags that {@link queryTags} gives, as in `route='%2Forders%2F%3Aid',traceparent='00-…-01'`.
 *
 * A statement that has a comment, and every statement when there is nothing to tell, is returned as it is. Options are read
 * once for each object: pass the same one again.
 *
 * @throws TypeError when an option is unknown or ill-typed.
 */
export function commentQuery(sql: string, options: QueryCommentOptions = DEFAULTS): string {
  const rules = rulesFor(options, queryRules);
  const { dialect = 'postgresql', prepared = false } = options;
  return withComment(sql, prepared ? constantTags(rules) : currentTags(rules), dialect);
}

/**
 * The tags of a query that is made now, for libraries that write comments themselves, as Prisma does. The values are not
 * encoded.
 *
 * @throws TypeError when an option is unknown or ill-typed.
 */
export function queryTags(options: CommentOptions = DEFAULTS): QueryTags {
  return currentTags(rulesFor(options, tagRules));
}

function rulesFor<Options extends CommentOptions>(
  options: Options,
  read: (options: Options) => TagRules,
): TagRules {
  const known = rulesOf.get(options);
  if (known !== undefined) return known;
  const rules = read(options);
  rulesOf.set(options, rules);
  return rules;
}
