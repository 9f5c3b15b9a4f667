import type { ServerResponse } from 'node:http';
import type { ServerOperation } from '@otel-middleware/core';
import type { Route, RoutedRequest } from './express-internals.js';
import type { RouteState } from './route-accessor.js';
import { routeState, setRouteState } from './route-accessor.js';
import type { RouteTable } from './route-table.js';
import { routeTableOf } from './route-table.js';

type RoutedResponse = Pick<ServerResponse, 'statusCode' | 'getHeader'>;
type Operation = Pick<ServerOperation<unknown>, 'kind' | 'setRoute' | 'recordError'>;

/**
 * Tells an operation the route of its request as soon as one matches, and takes it back when nobody answers.
 *
 * @returns what must be called at the end of the response; `undefined` when the request is followed already.
 */
export function followRoute(
  request: RoutedRequest,
  response: RoutedResponse,
  operation: Operation,
): (() => void) | undefined {
  // A span of one's own is its request's first operation, with which nothing is kept yet; to ask is slow.
  const first = operation.kind === 'owned';
  if (!first && routeState(request) !== undefined) return undefined;
  const own = Object.hasOwn(request, 'route');
  const route = new RequestRoute(request, operation, own || !first ? request.route : undefined);
  setRouteState(request, route, first ? operation : undefined);
  // From now on the property of the prototype has the value.
  if (own) delete (request as { route?: Route }).route;
  return () => route.finish(request, response);
}

/** Tells the operation of a request, if there is one, that an error has left the routes. */
export function recordError(request: RoutedRequest, error: unknown): void {
  routeState(request)?.failed(error);
}

/** Each property of the request is read once where it can be: that takes V8 half a microsecond before Node 24. */
class RequestRoute implements RouteState {
  route: Route | undefined;
  readonly #operation: Operation;
  readonly #table: RouteTable;
  #told: Route | undefined;
  #baseUrl: string | undefined;
  #method: string | undefined;
  #hasFailed = false;

  /** @param route - what has matched already; the middleware may itself be a handler of a route. */
  constructor(request: RoutedRequest, operation: Operation, route: Route | undefined) {
    this.#operation = operation;
    this.#table = routeTableOf(request.app);
    this.route = route;
    if (route !== undefined) this.matched(request);
  }

  matched(request: RoutedRequest): void {
    const { route } = this;
    // A router sets the property when the route matches, and the route sets it again when it is called.
    if (route === undefined) return;
    const { baseUrl } = request;
    if (route === this.#told && baseUrl === this.#baseUrl) return;
    this.#told = route;
    this.#baseUrl = baseUrl;
    this.#method = request.method;
    if (!answers(route, this.#method)) return;
    this.#operation.setRoute(this.#table.template(request, route, baseUrl));
  }

  failed(error: unknown): void {
    this.#hasFailed = true;
    this.#operation.recordError(error);
  }

  /** Takes the route back when nobody has answered, or when another route has matched unobserved. */
  finish(request: RoutedRequest, response: RoutedResponse): void {
    // One of its own is what an application has written whose requests are not observed.
    const route = Object.hasOwn(request, 'route') ? request.route : this.route;
    if (route !== this.#told) this.#table.refresh();
    else if (this.#hasFailed || isAnswered(this.#method ?? request.method, request, response)) return;
    this.#operation.setRoute(undefined);
  }
}

/** Checks if a route has a handler for a method: a router lets every route match a HEAD request. */
function answers({ methods }: Route, method: string): boolean {
  return method !== 'HEAD' || Boolean(methods.head ?? methods.get ?? methods._all);
}

/**
 * Checks if a handler has answered. The framework itself answers 404 when the outermost router has no handler left, and
 * OPTIONS with the methods of the routes that were passed by.
 */
function isAnswered(method: string, request: RoutedRequest, response: RoutedResponse): boolean {
  if (method === 'OPTIONS' && listsMethods(response)) return false;
  // A handler that has answered and calls `next` all the same has a status of its own.
  return request.next !== undefined || response.statusCode !== 404;
}

/** Checks if the body repeats the `Allow` header, as the framework's own does. */
function listsMethods(response: RoutedResponse): boolean {
  const allow = response.getHeader('Allow');
  return typeof allow === 'string' && Number(response.getHeader('Content-Length')) === allow.length;
}
