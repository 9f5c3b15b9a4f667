import type { Application, Route, RoutedRequest } from './router.js';

/** What is known of the route of one request, and who is told. */
export interface RouteState {
  /** What `req.route` reads as. */
  route: Route | undefined;
  /** Called when a route has matched, while the request still is as the route sees it. */
  matched?(request: RoutedRequest): void;
  /** Called when an error has left the routes. */
  failed?(error: unknown): void;
}

/**
 * Not properties of the requests, since Express changes the prototype of each, after which adding a property takes V8 more
 * than a microsecond before Node 24. Global, so that a second copy of this package finds what the first has set.
 */
const STATES: unique symbol = Symbol.for('otel-middleware.express.route-states.v1');
const shared = globalThis as { [STATES]?: WeakMap<RoutedRequest, RouteState> };
shared[STATES] ??= new WeakMap();
const states = shared[STATES];

const observable = new WeakSet<Application>();

/**
 * Makes the requests of an application tell which routes they match.
 *
 * Express lets everybody extend an application's own request prototype
 * (https://expressjs.com/en/guide/overriding-express-api.html); there, `route` becomes a property that reads and writes as
 * before. Applications mounted in this one inherit it.
 */
export function makeObservable(app: Application): void {
  if (observable.has(app)) return;
  observable.add(app);
  Object.defineProperty(app.request, 'route', {
    configurable: true,
    enumerable: true,
    get(this: RoutedRequest) {
      return inheritedState(this)?.route;
    },
    set(this: RoutedRequest, route: Route | undefined) {
      const state = states.get(this);
      if (state === undefined) {
        states.set(this, { route });
        return;
      }
      state.route = route;
      if (route) state.matched?.(this);
    },
  });
}

/** What is known of the request that an object is or inherits from, as `Object.create(req)` does. */
function inheritedState(object: RoutedRequest | null): RouteState | undefined {
  if (object === null) return undefined;
  return states.get(object) ?? inheritedState(Object.getPrototypeOf(object));
}

/** What is known of a request's route, if anything. */
export function routeState(request: RoutedRequest): RouteState | undefined {
  return states.get(request);
}

/** Replaces what is known of a request's route. */
export function setRouteState(request: RoutedRequest, state: RouteState): void {
  states.set(request, state);
}
