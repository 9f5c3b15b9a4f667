import { context, createContextKey } from '@opentelemetry/api';

const REQUEST_KEY = createContextKey('otel-middleware fetch request v1');

/** Runs a handler so that {@link outermostRequest} knows the request that it serves. */
export function runFor<T>(request: Request, handler: () => T): T {
  return context.with(context.active().setValue(REQUEST_KEY, request), handler);
}

/**
 * The request as the server made it, for a copy that was made of it further in: Hono's `mount` and middleware that
 * replaces the body hand on a `Request` of their own, which shares nothing with the first but what it says.
 *
 * A copy has the method, the origin and the query of the first, and its path or the end of it. Another request that a
 * handler makes in-process is none.
 */
export function outermostRequest(request: Request): Request {
  const outermost = context.active().getValue(REQUEST_KEY) as Request | undefined;
  return outermost !== undefined && isCopy(request, outermost) ? outermost : request;
}

function isCopy(request: Request, original: Request): boolean {
  if (request === original) return true;
  if (request.method !== original.method) return false;
  const { url } = request;
  const path = url.indexOf('/', url.indexOf('://') + 3);
  if (!original.url.startsWith(url.slice(0, path + 1))) return false;
  // What is mounted at the very path sees the root.
  return original.url.endsWith(url.slice(path)) || url.slice(path) === `/${queryOf(original.url)}`;
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start === -1 ? '' : url.slice(start);
}
