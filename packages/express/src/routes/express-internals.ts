/**
 * The parts of Express that are read. `app.request`, `parent`, `mountpath`, Express 5's `router` and the properties of requests
 * are documented; the inside of routers is not, and is pinned for every version by a test.
 */

/** A path as routes and mounts are given it. */
export type Path = string | RegExp | readonly Path[];

/** The options of matching a path; `end` is true for routes, which match a whole path, and false for mounts. */
export interface PathOptions {
  readonly sensitive: boolean | undefined;
  readonly strict: boolean | undefined;
  readonly end: boolean;
}

/** Matches a path. Throws when a parameter is not well-formed. */
export type PathMatcher = (
  path: string,
) => false | { readonly path: string; readonly params: Record<string, unknown> };

/** An entry of a router: a route, or anything that was given to `use`. */
export interface Layer {
  readonly name: string;
  readonly handle: unknown;
  readonly route?: Route | undefined;
  /** The path as it was given; router 2.3 and later. */
  readonly rawPath?: Path | undefined;
  /** One for each member of the path; router 2. */
  readonly matchers?: readonly PathMatcher[];
  /** True for a mount at `/`, for which `matchers` are not asked; router 2. */
  readonly slash?: boolean;
  /** The expression that the path was compiled to; Express 4. */
  readonly regexp?: RegExp;
  /** The parameters of `regexp` in order, unnamed ones with a number; Express 4. */
  readonly keys?: readonly { readonly name: string | number }[];
  /** The part of the path that matched, when `match` returned true. */
  readonly path?: string;
  match(path: string): boolean | { readonly path: string };
  readonly constructor: LayerConstructor;
}

/** The framework's own class, which compiles a path as the framework does. */
export type LayerConstructor = new (path: Path, options: PathOptions, handle: () => void) => Layer;

/** The value of `req.route`. */
export interface Route {
  readonly path: Path;
  readonly methods: Readonly<Record<string, boolean | undefined>>;
}

/** A router. */
export interface Router {
  readonly stack: readonly Layer[];
  readonly caseSensitive: boolean | undefined;
  readonly strict: boolean | undefined;
}

/** An application. */
export interface Application {
  /** The prototype of the requests that this application handles. */
  readonly request: object;
  /** The prototype of its responses. */
  readonly response: { readonly req?: object };
  /** The application in which this one was last mounted, and where. */
  readonly parent?: Application | undefined;
  readonly mountpath: Path;
  /** Express 5. */
  readonly router?: Router | undefined;
  /** Express 4. */
  readonly _router?: Router | undefined;
}

/** A request. */
export interface RoutedRequest {
  readonly app: Application;
  readonly method: string;
  /** The concrete text that the mounts above the current handler have matched. */
  readonly baseUrl: string;
  /** The rest of the request target, with the query. */
  readonly url: string;
  /** The last route that matched. */
  readonly route?: Route | undefined;
  /** Calls the next handler of the current router; `undefined` again when the outermost router has none left. */
  readonly next?: unknown;
}

/** Checks if a layer calls a router. */
export function isRouter(handle: unknown): handle is Router {
  const { stack, route } = handle as { stack?: unknown; route?: unknown };
  return Array.isArray(stack) && typeof route === 'function';
}

/** Checks if a layer calls an application, as it does when the application was given to the `use` of a router. */
export function isApplication(handle: unknown): handle is Application {
  const { set, request } = handle as { set?: unknown; request?: unknown };
  return typeof set === 'function' && typeof request === 'object';
}

/** The router of an application; an Express 4 application has none before its first route. */
export function applicationRouter(app: Application): Router | undefined {
  // Reading the `router` of an Express 4 application throws.
  return 'lazyrouter' in app ? app._router : app.router;
}
