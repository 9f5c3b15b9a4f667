import { diag } from '@opentelemetry/api';
import type { Application, Layer, Route, RoutedRequest, Router } from './express-internals.js';
import { applicationRouter, isApplication, isRouter } from './express-internals.js';
import { applicationPatterns, mountPatterns } from './mounts/mount-paths.js';
import type { PathPattern } from './mounts/path-pattern.js';
import { compilePath, firstMatch } from './mounts/path-pattern.js';
import { trackRoute } from './route-accessor.js';

const tables = new WeakMap<Application, RouteTable>();

/** The table of the outermost application that `app` is mounted in. */
export function routeTableOf(app: Application): RouteTable {
  let outermost = app;
  while (outermost.parent !== undefined) outermost = outermost.parent;
  let table = tables.get(outermost);
  if (table === undefined) {
    table = new RouteTable(outermost);
    tables.set(outermost, table);
  }
  return table;
}

const UNREADABLE =
  '@otel-middleware/express cannot read the routers of this version of Express: routes of mounted routers have no http.route. ' +
  'Use a version that the package supports, or report this error.';

/** The mounts above a route, from the outermost to the innermost; of each, the patterns to choose from. */
type Mounts = readonly (readonly PathPattern[])[];

/**
 * The routes of an application with their full templates, read from its routers.
 *
 * They are read once, and again whenever a route matches that was not there or not in that place.
 */
export class RouteTable {
  readonly #app: Application;
  readonly #places = new Map<Route, RoutePlace[]>();
  /** The routers that were read, by their stacks, which only grow. */
  readonly #sizes = new Map<readonly Layer[], number>();
  /** Applications mounted with `app.use` are hidden in closures, and come to light when a route of theirs matches. */
  readonly #mounted = new Set<Application>();
  #warned = false;

  constructor(app: Application) {
    this.#app = app;
    this.#read();
  }

  /**
   * The full template of a route that has just matched; `undefined` when a mount above it cannot be known.
   *
   * @param baseUrl - that of the request.
   */
  template(request: RoutedRequest, route: Route, baseUrl: string): string | undefined {
    // No mount has matched any text: there is nothing to look up.
    if (baseUrl === '' && typeof route.path === 'string') return route.path || '/';
    const template = this.#find(request, route, baseUrl);
    return template === undefined && this.#discover(request.app)
      ? this.#find(request, route, baseUrl)
      : template;
  }

  /** Reads the routers again if any has grown. */
  refresh(): boolean {
    for (const [stack, size] of this.#sizes) {
      if (stack.length !== size) {
        this.#read();
        return true;
      }
    }
    return false;
  }

  #find(request: RoutedRequest, route: Route, baseUrl: string): string | undefined {
    for (const place of this.#places.get(route) ?? []) {
      const template = place.template(request, baseUrl);
      if (template !== undefined) return template;
    }
    return undefined;
  }

  /** Reads the routers again if there is anything new in them, or if `app` was not known. */
  #discover(app: Application): boolean {
    const known = this.#mounted.size;
    for (let inner = app; inner !== this.#app && inner.parent; inner = inner.parent) this.#mounted.add(inner);
    if (this.#mounted.size === known) return this.refresh();
    this.#read();
    return true;
  }

  #read(): void {
    this.#places.clear();
    this.#sizes.clear();
    try {
      this.#readApplication(this.#app, [], []);
    } catch (error) {
      // Routers are read from within a request, which must not pay for a version that is built differently.
      if (!this.#warned) diag.warn(UNREADABLE, error);
      this.#warned = true;
    }
  }

  #readApplication(app: Application, mounts: Mounts, within: readonly Router[]): void {
    trackRoute(app);
    const router = applicationRouter(app);
    if (router === undefined) return;
    this.#readRouter(router, mounts, within);
    for (const inner of this.#mounted) {
      if (inner.parent !== app) continue;
      this.#readApplication(inner, [...mounts, applicationPatterns(inner, router)], [...within, router]);
    }
  }

  #readRouter(router: Router, mounts: Mounts, within: readonly Router[]): void {
    // A router can be mounted in itself.
    if (within.includes(router)) return;
    this.#sizes.set(router.stack, router.stack.length);
    for (const layer of router.stack) {
      const { route, handle } = layer;
      if (route !== undefined) {
        const place = new RoutePlace(mounts, route, layer, router);
        this.#places.set(route, [...(this.#places.get(route) ?? []), place]);
      } else if (isRouter(handle)) {
        this.#readRouter(handle, [...mounts, mountPatterns(layer, router)], [...within, router]);
      } else if (isApplication(handle)) {
        this.#readApplication(handle, [...mounts, mountPatterns(layer, router)], [...within, router]);
      }
    }
  }
}

/** The number of concrete mount paths that a place caches: mounts without parameters match few, others match any number. */
const CACHE_LIMIT = 10;

/** A route in one of the places where it can be reached, of which there are several when a router is mounted again. */
class RoutePlace {
  readonly #mounts: Mounts;
  readonly #prefixes = new Map<string, string>();
  /** The route's path, or the patterns of several. */
  readonly #path: string | readonly PathPattern[];

  constructor(mounts: Mounts, { path }: Route, layer: Layer, router: Router) {
    this.#mounts = mounts;
    const options = { sensitive: router.caseSensitive, strict: router.strict, end: true };
    this.#path = Array.isArray(path) ? compilePath(path, layer.constructor, options) : String(path);
  }

  /** The full template, or `undefined` when this is not the place where the route has matched. */
  template(request: RoutedRequest, baseUrl: string): string | undefined {
    const prefix = this.#prefix(baseUrl);
    if (prefix === undefined) return undefined;
    const path =
      typeof this.#path === 'string' ? this.#path : firstMatch(this.#path, pathname(request.url))?.template;
    if (path === undefined) return undefined;
    return (path === '/' ? prefix : prefix + path) || '/';
  }

  #prefix(baseUrl: string): string | undefined {
    const remembered = this.#prefixes.get(baseUrl);
    if (remembered !== undefined) return remembered;
    const prefix = mountTemplate(this.#mounts, baseUrl);
    if (prefix !== undefined && this.#prefixes.size < CACHE_LIMIT) this.#prefixes.set(baseUrl, prefix);
    return prefix;
  }
}

/** The template of `baseUrl`, if the mounts match exactly all of it. */
function mountTemplate(mounts: Mounts, baseUrl: string): string | undefined {
  let rest = baseUrl;
  let template = '';
  for (const patterns of mounts) {
    const match = firstMatch(patterns, rest);
    if (match === undefined) return undefined;
    rest = rest.slice(match.length);
    template += match.template;
  }
  return rest === '' ? template : undefined;
}

/** The path of a request target in origin or absolute form. */
function pathname(url: string): string {
  return url.replace(/^\w+:\/\/[^/?]*/, '').replace(/\?.*/s, '');
}
