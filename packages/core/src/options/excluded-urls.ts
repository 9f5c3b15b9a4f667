import { readVariable } from '../otel/environment.js';
import { guardedHook, synchronous } from '../otel/hooks.js';
import { readPatterns, splitPatterns } from './patterns.js';

/**
 * Requests that are not traced: a string is a regular expression searched in the path, never in host or query; a
 * predicate decides on the framework's own request.
 */
export type ExcludedUrls<Req> = string | readonly (string | RegExp | ((request: Req) => boolean))[];

/** Tells whether a request, given with its path, is excluded. Never throws. */
export type ExclusionTest<Req> = (request: Req, path: string) => boolean;

/**
 * Reads the patterns of `OTEL_NODE_<NAME>_EXCLUDED_URLS`, else of `OTEL_NODE_EXCLUDED_URLS`.
 *
 * @param name - a framework's or the client's, as its package is called: `express`, `node-http`.
 */
export function excludedByEnvironment(name: string): string[] {
  const specific = `OTEL_NODE_${name.toUpperCase().replaceAll('-', '_')}_EXCLUDED_URLS`;
  // An empty specific variable is set, and so switches the generic one off.
  return readPatterns(readVariable(specific) === undefined ? 'OTEL_NODE_EXCLUDED_URLS' : specific) ?? [];
}

/**
 * Compiles `excludedUrls`, or returns `undefined` when it excludes nothing. Empty entries are ignored.
 *
 * @throws SyntaxError when a string is not a valid regular expression.
 */
export function compileExcludedUrls<Req>(excludedUrls: ExcludedUrls<Req>): ExclusionTest<Req> | undefined {
  const entries = typeof excludedUrls === 'string' ? splitPatterns(excludedUrls) : excludedUrls;
  const patterns = mergePatterns(
    entries.filter((entry) => typeof entry === 'string' && entry.trim() !== '') as string[],
  );
  const predicates: ((request: Req) => boolean)[] = [];
  for (const entry of entries) {
    if (entry instanceof RegExp) patterns.push(new RegExp(entry.source, entry.flags.replace(/[gy]/g, '')));
    else if (typeof entry === 'function')
      predicates.push(guardedHook('A predicate in excludedUrls', synchronous(entry), false));
  }
  const [first, ...others] = patterns;
  if (first === undefined && predicates.length === 0) return undefined;
  if (first !== undefined && others.length === 0 && predicates.length === 0)
    return (_request, path) => first.test(path);
  return (request, path) =>
    patterns.some((pattern) => pattern.test(path)) || predicates.some((predicate) => predicate(request));
}

/** Joins patterns into one regular expression; those with references to groups cannot share one. */
function mergePatterns(sources: readonly string[]): RegExp[] {
  const referring = sources.filter((source) => /\\[1-9]|\\k<|\(\?</.test(source));
  const plain = sources.filter((source) => !referring.includes(source));
  // Each is compiled alone first, so that the error names the pattern at fault.
  const compiled = plain.map((source) => new RegExp(source));
  const joined =
    compiled.length > 1 ? [new RegExp(plain.map((source) => `(?:${source})`).join('|'))] : compiled;
  return [...joined, ...referring.map((source) => new RegExp(source))];
}
