import { readList } from '../otel/environment.js';
import { VALUE_OTHER } from '../otel/semconv.js';

const DEFAULT_METHODS = [
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
];

/** Environment variable that replaces the known methods in full; comma-separated, case-sensitive. */
const KNOWN_METHODS = 'OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS';

/** Says which method tokens are recorded as they are: the convention's ten, or those of the environment. */
export function knownMethods(): ReadonlySet<string> {
  return new Set(readList(KNOWN_METHODS) ?? DEFAULT_METHODS);
}

/** The value of `http.request.method`: the token itself when known, else `_OTHER`. */
export function normalizedMethod(method: string, known: ReadonlySet<string>): string {
  return known.has(method) ? method : VALUE_OTHER;
}

/** The method as the span's name begins with it: `HTTP` stands for a method that is not known. */
export function methodInName(method: string): string {
  return method === VALUE_OTHER ? 'HTTP' : method;
}
