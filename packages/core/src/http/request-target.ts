import { readList } from '../otel/environment.js';

/** Query keys whose values are secrets by the convention: signatures and credentials of pre-signed URLs. */
const DEFAULT_SENSITIVE_KEYS = [
  'AWSAccessKeyId',
  'Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Goog-Signature',
  'sig',
];

/** Environment variable that replaces the sensitive query keys in full; `none` switches redaction off. */
const SENSITIVE_KEYS = 'OTEL_INSTRUMENTATION_SANITIZATION_URL_SENSITIVE_QUERY_PARAMETERS';

/** Redacts a query string, without its `?`. */
export type QueryRedaction = (query: string) => string;

/** The path of a request target, byte for byte: `//host/p` is a path, and `OPTIONS *` has the path `*`. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  const beforeQuery = query === -1 ? target : target.slice(0, query);
  return beforeQuery.charCodeAt(0) === SLASH ? beforeQuery : pathOfAbsoluteForm(beforeQuery);
}

/** The query of a request target without its `?`, or `undefined` when there is none or it is empty. */
export function queryOf(target: string): string | undefined {
  const start = target.indexOf('?') + 1;
  return start === 0 || start === target.length ? undefined : target.slice(start);
}

/**
 * Compiles the redaction of `url.query`: the value of every sensitive key becomes `REDACTED`, all other bytes stay.
 *
 * Keys are compared whole and case-sensitively. The list is the convention's unless the environment replaces it.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/
 */
export function queryRedaction(): QueryRedaction {
  const keys = readList(SENSITIVE_KEYS) ?? DEFAULT_SENSITIVE_KEYS;
  if (keys.length === 1 && keys[0] === 'none') return (query) => query;
  const pattern = new RegExp(`(^|&)(${keys.map(escaped).join('|')})=[^&]*`, 'g');
  // A query that holds no key followed by `=` is the common case, and this finds it without allocating.
  const probe = new RegExp(`(?:^|&)(?:${keys.map(escaped).join('|')})=`);
  return (query) => (probe.test(query) ? query.replace(pattern, '$1$2=REDACTED') : query);
}

const SLASH = '/'.charCodeAt(0);

/** `http://host/p` → `/p`; anything that is not in absolute form (`*`, `host:443`) is its own path. */
function pathOfAbsoluteForm(target: string): string {
  const scheme = target.indexOf('://');
  if (scheme === -1) return target;
  const path = target.indexOf('/', scheme + 3);
  return path === -1 ? '/' : target.slice(path);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
