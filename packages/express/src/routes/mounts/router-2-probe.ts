import type { PathMatcher } from '../express-internals.js';
import type { PathPattern } from './path-pattern.js';
import { attempt } from './path-pattern.js';

type Params = Readonly<Record<string, unknown>>;

/**
 * The pattern of a mount of which router 2.0 to 2.2 keeps nothing but the function that matches it.
 *
 * The template is found with the first path that matches, once for each set of optional parameters that are present:
 * literal text has the case that it has there. Expressions cannot be found, and match nothing.
 */
export function probingPattern(matcher: PathMatcher): PathPattern {
  const templates = new Map<string, string>();
  return (concrete) => {
    const match = attempt(() => matcher(concrete));
    // Of an expression, the parameters are an ordinary object; not all text that varies need be in them.
    if (!match || Object.getPrototypeOf(match.params) !== null) return undefined;
    const present = Object.keys(match.params).join();
    const template = templates.get(present) ?? probedTemplate(matcher, match.path, match.params);
    if (template === undefined) return undefined;
    templates.set(present, template);
    return { template, length: match.path.length };
  };
}

/** Puts a mark in place of each value, where the matcher then finds the mark in that parameter. */
function probedTemplate(matcher: PathMatcher, path: string, params: Params): string | undefined {
  const names = Object.keys(params);
  if (names.length === 0) return path;
  let marked = attempt(() => path.split('/').map(decodeURIComponent).map(escaped).join('/')) ?? path;
  for (const [index, name] of names.entries()) {
    const value = [params[name]].flat().map(escaped).join('/');
    const found = occurrences(value, marked)
      .map(([before, after]) => before + mark(index) + after)
      .find((candidate) => {
        const match = attempt(() => matcher(candidate));
        return match && match.path === candidate && String(match.params[name]) === mark(index);
      });
    if (found === undefined) return undefined;
    marked = found;
  }
  return names.reduce(
    (template, name, index) => template.replace(mark(index), () => parameter(name, params[name])),
    marked,
  );
}

/** One spelling for each value, in the path and in what the matcher has decoded. */
function escaped(text: unknown): string {
  return String(text).replace(/[%/]/g, encodeURIComponent);
}

/** Finds every occurrence of a value in a text, as the text before it and after it. */
function occurrences(value: string, text: string): (readonly [before: string, after: string])[] {
  const places: (readonly [string, string])[] = [];
  for (let at = text.indexOf(value); at !== -1 && at < text.length; at = text.indexOf(value, at + 1)) {
    places.push([text.slice(0, at), text.slice(at + value.length)]);
  }
  return places;
}

/** Text that no request target can hold. */
function mark(index: number): string {
  return `\u0001${index}\u0001`;
}

function parameter(name: string, value: unknown): string {
  return Array.isArray(value) ? `*${name}` : `:${name}`;
}
