import type { HttpServerOptions, ServerOperation } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import type { FetchSource, TrustProxyOption } from '@otel-middleware/fetch-handler';
import {
  compileTrustedHeaders,
  Exchange,
  environmentOf,
  fetchRequest,
  fetchResponse,
  isServer,
  sentStatus,
  startOnPlatform,
} from '@otel-middleware/fetch-handler';
import type { Context, MiddlewareHandler, Next } from 'hono';
import { matchedRoute } from './route.js';
import { VERSION } from './version.js';

const NAME = '@otel-middleware/hono';

/** Options of {@link opentelemetry}: those of every adapter, with Hono's context for hooks, and which headers are trusted. */
export interface HonoOptions extends HttpServerOptions<Context, Context>, TrustProxyOption {}

/**
 * Makes the middleware that turns each request of a Hono application into one server span.
 *
 * Register it first, `app.use(opentelemetry())`, so that the span covers all other middleware and what they answer.
 * `http.route` is the pattern of the route that has answered. Registered again, on the same application or one that it
 * mounts, it adds its hooks and captured headers to the same span.
 *
 * @throws TypeError when an option is unknown or ill-typed.
 */
export function opentelemetry(options: HonoOptions = {}): MiddlewareHandler {
  const { trustProxy } = options ?? {};
  const instrumentation = createHttpServerInstrumentation<Context, Context, FetchSource>({
    scope: { name: NAME, version: VERSION },
    framework: 'hono',
    ...fetchRequest<Context>(
      { request: (c) => c.req.raw, environment: (c) => environmentOf(c.req.raw, c.env) },
      compileTrustedHeaders(NAME, trustProxy),
    ),
    currentRoute: matchedRoute,
    response: {
      ...fetchResponse<Context>((c) => c.res),
      // Not `environmentOf`: it asks for the peer, which Deno refuses to tell once the response was sent.
      statusCode: (c) => sentStatus(c.req.raw, c.env, c.finalized ? c.res : undefined),
      setHeader,
    },
    options,
    adapterOptions: ['trustProxy'],
  });
  const serve = async (operation: ServerOperation<Context>, c: Context, next: Next): Promise<void> => {
    const request = c.req.raw;
    const environment = environmentOf(request, c.env);
    const exchange = new Exchange<Context>(operation, {
      request,
      environment,
      execution: isServer(environment) ? undefined : executionOf(c),
      tracerProvider: options.tracerProvider,
      finish: () => {
        operation.setRoute(matchedRoute(c));
        // What `onError` is given, middleware only finds here.
        if (c.error !== undefined) operation.recordError(c.error);
        return c;
      },
    });
    try {
      await exchange.run(next);
    } catch (error) {
      // Hono lets through what is no Error.
      exchange.fail(error);
      throw error;
    }
    // Nothing was answered when a handler forgot to return; Hono throws for that after the last middleware.
    if (!c.finalized) return void exchange.answer(undefined);
    if (operation.needs.head) operation.commit(c);
    const response = exchange.answer(c.res);
    if (response !== c.res) c.res = response;
  };
  // Without promises of its own, for what is not traced.
  return function opentelemetry(c, next) {
    const operation = startOnPlatform(instrumentation, c);
    if (operation === undefined) return next();
    return operation.kind === 'excluded' ? operation.run(next) : serve(operation, c, next);
  };
}

/** Hono's getter throws where there is none, so it is not to be asked where that is known. */
function executionOf(c: Context): unknown {
  try {
    return c.executionCtx;
  } catch {
    return undefined;
  }
}

function setHeader(c: Context, name: string, value: string): void {
  try {
    c.res.headers.set(name, value);
  } catch {
    // The headers of what `fetch` returned cannot be changed; Hono then makes the response anew.
    c.header(name, value);
  }
}
