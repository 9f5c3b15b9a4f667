import { operationOn } from '@otel-middleware/node-http';
import type { Application, Route, RoutedRequest } from './express-internals.js';

/** The route of one request, and the listeners for its changes. */
export interface RouteState {
  /** The value that `req.route` returns. */
  route: Route | undefined;
  /** Called when a route has matched, while the request still is as the route sees it. */
  matched(request: RoutedRequest): void;
  /** Called when an error has left the routes. */
  failed(error: unknown): void;
}

/**
 * The key of the state on the operation of a request. Not on the request: Express changes the prototype of each, after which
 * adding a property takes V8 more than a microsecond before Node 24. Global, so that a second copy of this package finds it.
 */
const STATE: unique symbol = Symbol.for('otel-middleware.express.route-state.v1');

interface WithRouteState {
  [STATE]?: RouteState;
}

const observable = new WeakSet<Application>();

/**
 * Makes the requests of an application tell which routes they match.
 *
 * Express lets everybody extend an application's own request prototype
 * (https://expressjs.com/en/guide/overriding-express-api.html); there, `route` becomes a property that reads and writes as
 * before. Applications mounted in this one inherit it.
 */
export function trackRoute(app: Application): void {
  if (observable.has(app)) return;
  observable.add(app);
  Object.defineProperty(app.request, 'route', {
    configurable: true,
    enumerable: true,
    get(this: RoutedRequest) {
      return routeState(this, true)?.route;
    },
    set(this: RoutedRequest, route: Route | undefined) {
      const state = routeState(this);
      if (state === undefined) {
        own(this, route);
        return;
      }
      state.route = route;
      if (route) state.matched(this);
    },
  });
}

/** Finds the state of a request's route, or that of the request from which it was derived, if that one is followed. */
export function routeState(request: RoutedRequest, inherited = false): RouteState | undefined {
  return (operationOn(request, inherited) as WithRouteState | undefined)?.[STATE];
}

/**
 * Follows a request; its route is the property's value from now on.
 *
 * @param operation - that of the request, where it is known. Default: the one that is found on it.
 */
export function setRouteState(
  request: RoutedRequest,
  state: RouteState,
  operation: object | undefined = operationOn(request, false),
): void {
  if (operation !== undefined) (operation as WithRouteState)[STATE] = state;
}

/** Assigns as Express does, for a request that is not followed. */
function own(request: RoutedRequest, route: Route | undefined): void {
  Object.defineProperty(request, 'route', {
    configurable: true,
    enumerable: true,
    writable: true,
    value: route,
  });
}
