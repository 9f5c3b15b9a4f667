import type { LayerConstructor, Path, PathOptions } from '../express-internals.js';

/** A match: the template, and the length of the concrete path that it covers. */
export interface PathMatch {
  readonly template: string;
  readonly length: number;
}

/** One path of a route or a mount. */
export type PathPattern = (path: string) => PathMatch | undefined;

/** The match of the first of several patterns, as the framework tries them. */
export function firstMatch(patterns: readonly PathPattern[], path: string): PathMatch | undefined {
  for (const pattern of patterns) {
    const match = pattern(path);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** The patterns of a path, one for each member of an array, in the order in which they are tried. */
export function compilePath(path: Path, Layer: LayerConstructor, options: PathOptions): PathPattern[] {
  return membersOf(path).map((member) => {
    const layer = new Layer(member, options, unused);
    // A mount matches without the slashes at its end.
    const template = typeof member === 'string' && !options.end ? member.replace(/\/+$/, '') : String(member);
    return (concrete) => {
      const match = attempt(() => layer.match(concrete));
      if (!match) return undefined;
      return { template, length: (match === true ? layer.path : match.path)?.length ?? 0 };
    };
  });
}

/** Matches, or compiles, what may throw: parameters that cannot be decoded, paths that cannot be compiled. */
export function attempt<T>(match: () => T): T | undefined {
  try {
    return match();
  } catch {
    return undefined;
  }
}

/** The handler of layers that are never called. */
export function unused(): void {}

function membersOf(path: Path): (string | RegExp)[] {
  if (typeof path === 'string') return [path];
  // Express 4 writes to the expressions that it is given.
  return Array.isArray(path) ? path.flatMap(membersOf) : [new RegExp(path as RegExp)];
}
