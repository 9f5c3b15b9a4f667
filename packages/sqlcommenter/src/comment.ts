import type { SqlDialect } from './statement.js';
import { commentPosition } from './statement.js';
import type { QueryTags } from './tags.js';

/** In the order in which the format wants them: sorted. */
const NAMES = ['application', 'framework', 'route', 'traceparent', 'tracestate'] as const;

/**
 * Writes tags into a statement, in the sqlcommenter format. A statement that has a comment, and any when there are no tags,
 * is returned as it is.
 *
 * @see https://google.github.io/sqlcommenter/spec/
 */
export function withComment(sql: string, tags: QueryTags, dialect: SqlDialect): string {
  const comment = commentOf(tags);
  if (comment === '') return sql;
  const position = commentPosition(sql, dialect);
  return position === undefined ? sql : `${sql.slice(0, position)} ${comment}${sql.slice(position)}`;
}

function commentOf(tags: QueryTags): string {
  let pairs = '';
  for (const name of NAMES) {
    const value = tags[name];
    if (value !== undefined) pairs += `${pairs && ','}${name}='${encoded(value)}'`;
  }
  return pairs && `/*${pairs}*/`;
}

/**
 * Percent-encodes all but letters, digits and `-_.~`, so that no value holds a quote, the end of a comment, or a placeholder.
 */
function encoded(value: string): string {
  if (SAFE.test(value)) return value;
  return encodeURIComponent(value.replace(LONE_SURROGATE, '\ufffd')).replace(UNSAFE, byteOf);
}

const SAFE = /^[\w.~-]*$/;
const LONE_SURROGATE = /\p{Surrogate}/gu;
/** The characters that `encodeURIComponent` leaves. */
const UNSAFE = /[!'()*]/g;

function byteOf(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
