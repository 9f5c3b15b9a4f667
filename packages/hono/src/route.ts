import type { Context } from 'hono';
import { Hono } from 'hono/tiny';
import { findTargetHandler, isMiddleware } from 'hono/utils/handler';

type Handler = Parameters<typeof findTargetHandler>[0];

/**
 * The route that has answered, as it was registered, with the prefixes of `basePath()` and `route()`; `undefined` when
 * none has. What `mount()` serves has the pattern that it is mounted at.
 *
 * Hono knows middleware and routes alike as handlers that match: `all` and `use` leave the same entry. As in Hono's own
 * list of routes, one that takes `next` for all methods is middleware, whose pattern is no route.
 */
export function matchedRoute(c: Context): string | undefined {
  // Not `matchedRoutes` of `hono/route`: it knows only contexts of its own copy of Hono, and CommonJS may load a second.
  const { matchedRoutes: routes, routeIndex } = c.req;
  const last = routes[routeIndex];
  if (last === undefined) return undefined;
  // Nothing tells whether the last handler has answered or has passed on what nobody answers; with 404 the latter it is.
  if (routeIndex === routes.length - 1 && takesNext(last.handler) && c.finalized && c.res.status === 404)
    return undefined;
  // Middleware that answers behind a route which has called `next` leaves that route in force.
  return routes.findLast(({ method, handler }, index) => index <= routeIndex && isRoute(method, handler))
    ?.path;
}

function isRoute(method: string, handler: Handler): boolean {
  return method !== 'ALL' || !takesNext(handler) || isMount(findTargetHandler(handler));
}

function takesNext(handler: Handler): boolean {
  // A sub-application with an `onError` of its own wraps its handlers.
  return isMiddleware(findTargetHandler(handler));
}

const mounts = new WeakMap<Handler, boolean>();
let sourceOfMount: string | undefined;

/** Tells whether a handler was made by `mount()`: nothing marks those, but all come from one place in Hono's source. */
function isMount(handler: Handler): boolean {
  let known = mounts.get(handler);
  if (known === undefined) {
    sourceOfMount ??= sourceOf(new Hono().mount('/', () => new Response()).routes[0]?.handler);
    known = sourceOf(handler) === sourceOfMount;
    mounts.set(handler, known);
  }
  return known;
}

/** The source without white space, by which `mount` of `hono/mount` and that of the application differ. */
function sourceOf(handler: Handler | undefined): string {
  return String(handler).replace(/\s+/g, '');
}
