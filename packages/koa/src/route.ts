import type { ServerOperation } from '@otel-middleware/core';
import type { Context } from 'koa';

/** A path as routers are given it. */
type Path = string | RegExp | readonly (string | RegExp)[];

/** The properties that routers leave on a context: undocumented, and therefore pinned for every version by a test. */
interface RoutedContext extends Context {
  /** The layers of @koa/router whose path matches; those without methods are middleware. */
  matched?: readonly { readonly path: Path; readonly methods: readonly string[] }[];
  /** The path of the layer that @koa/router calls, with the prefixes of its routers; also that of a middleware. */
  _matchedRoute?: Path | undefined;
  /** The path of the route that koa-route calls. */
  routePath?: Path | undefined;
  /** The prefix that koa-mount is about to take off the path. */
  mountPath?: string | undefined;
  [ROUTE]?: RequestRoute;
}

/** A mount: the prefix that koa-mount has taken off the path, and the rest. It restores the path afterwards. */
interface Mount {
  readonly prefix: string;
  readonly rest: string;
  readonly outer: Mount | undefined;
}

const ROUTE: unique symbol = Symbol.for('otel-middleware.koa.route.v1');

/**
 * Tells an operation the route of its request from the moment that a router has found it.
 *
 * @returns what is to be called at the end of the response; nothing when the request is followed already.
 */
export function followRoute(
  ctx: RoutedContext,
  operation: ServerOperation<unknown>,
): (() => void) | undefined {
  watchRouters(ctx);
  return routeOf(ctx).follow(ctx, operation);
}

/** The operation that is told the route of a request; `undefined` for one that is not traced. */
export function operationOf(ctx: RoutedContext): ServerOperation<unknown> | undefined {
  return ctx[ROUTE]?.operation;
}

/**
 * The properties that routers write, as accessors. They are put on the application's context, which Koa lets everybody
 * extend, since those of each request would cost it microseconds.
 */
const routerProperties: Pick<RoutedContext, '_matchedRoute' | 'routePath' | 'mountPath'> &
  ThisType<RoutedContext> = {
  get _matchedRoute() {
    return this[ROUTE]?.matchedRoute;
  },
  set _matchedRoute(path) {
    const route = routeOf(this);
    route.matchedRoute = path;
    if (this.matched?.some((layer) => layer.path === path && layer.methods.length > 0))
      route.matched(this, path);
  },
  get routePath() {
    return this[ROUTE]?.routePath;
  },
  set routePath(path) {
    const route = routeOf(this);
    route.routePath = path;
    route.matched(this, path);
  },
  get mountPath() {
    return this[ROUTE]?.mountPath;
  },
  set mountPath(prefix) {
    const route = routeOf(this);
    route.mountPath = prefix;
    if (prefix !== undefined) route.mounted(this.path, prefix);
  },
};

function watchRouters(ctx: RoutedContext): void {
  const { context } = ctx.app;
  if (Object.hasOwn(context, '_matchedRoute')) return;
  const { mountPath, _matchedRoute, routePath } = ctx;
  Object.defineProperties(context, Object.getOwnPropertyDescriptors(routerProperties));
  // A router or a mount around the middleware has written to the first request before there were accessors.
  for (const name of ['mountPath', '_matchedRoute', 'routePath']) delete ctx[name];
  if (mountPath !== undefined) routeOf(ctx).mounted(mountPath + ctx.path, mountPath);
  if (_matchedRoute !== undefined) ctx._matchedRoute = _matchedRoute;
  if (routePath !== undefined) ctx.routePath = routePath;
}

function routeOf(ctx: RoutedContext): RequestRoute {
  ctx[ROUTE] ??= new RequestRoute();
  return ctx[ROUTE];
}

class RequestRoute {
  matchedRoute: Path | undefined;
  routePath: Path | undefined;
  mountPath: string | undefined;
  operation: ServerOperation<unknown> | undefined;
  #template: string | undefined;
  #mount: Mount | undefined;

  follow(ctx: Context, operation: ServerOperation<unknown>): (() => void) | undefined {
    if (this.operation !== undefined) return undefined;
    this.operation = operation;
    if (this.#template !== undefined) operation.setRoute(this.#template);
    return () => {
      if (this.#template !== undefined && isUnanswered(ctx)) operation.setRoute(undefined);
    };
  }

  mounted(path: string, prefix: string): void {
    const outer = this.#mountThatLeft(path);
    this.#mount = { prefix: (outer?.prefix ?? '') + prefix, rest: path.slice(prefix.length) || '/', outer };
  }

  matched(ctx: Context, path: Path | undefined): void {
    // Which member of an array has matched, koa-route does not say; @koa/router makes a layer of each.
    if (typeof path !== 'string' && !(path instanceof RegExp)) return;
    const prefix = this.#mount === undefined ? '' : (this.#mountThatLeft(ctx.path)?.prefix ?? '');
    this.#template = path === '/' && prefix !== '' ? prefix : prefix + String(path);
    this.operation?.setRoute(this.#template);
  }

  /** The mount in which the path is what it left, if any: the innermost ones may have been passed by. */
  #mountThatLeft(path: string): Mount | undefined {
    let mount = this.#mount;
    while (mount !== undefined && mount.rest !== path) mount = mount.outer;
    return mount;
  }
}

/** Checks if a route that matched called `next`, and no middleware after it set a status or a body. */
function isUnanswered(ctx: Context): boolean {
  if (ctx.res.statusCode !== 404 || !ctx.res.headersSent) return false;
  const { _explicitStatus } = ctx.response as { _explicitStatus?: boolean };
  return ctx.respond !== false && _explicitStatus !== true;
}
