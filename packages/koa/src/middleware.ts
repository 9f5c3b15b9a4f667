import { diag } from '@opentelemetry/api';
import type { HttpServerOptions } from '@otel-middleware/core';
import { createHttpServerInstrumentation, serverSpan } from '@otel-middleware/core';
import { findContext, nodeResponse, watchResponse } from '@otel-middleware/node-http';
import type { Context, Middleware, Response } from 'koa';
import { request } from './request.js';
import { followRoute, operationOf } from './route.js';
import { VERSION } from './version.js';

/** Options of {@link opentelemetry}: those of every adapter. Hooks receive Koa's context and response. */
export type KoaOptions = HttpServerOptions<Context, Response>;

/**
 * Makes one server span of every request, and the HTTP server metrics.
 *
 * To be used before all other middleware: what answers before it is not traced. The route comes from `@koa/router` or
 * `koa-route`, with the prefixes of `koa-mount`; what proxies tell is believed as `app.proxy` says. Used more than once, on
 * the same application or on mounted ones, it still makes one span.
 *
 * @throws TypeError when an option is unknown or ill-typed.
 */
export function opentelemetry(options: KoaOptions = {}): Middleware {
  const instrumentation = createHttpServerInstrumentation<Context, Response>({
    scope: { name: '@otel-middleware/koa', version: VERSION },
    framework: 'koa',
    request,
    response: nodeResponse((response) => response.res),
    options,
  });
  const warnIfLate = lateWarning();
  return function opentelemetry(ctx, next) {
    warnIfLate(ctx);
    const operation = instrumentation.start(ctx);
    if (operation === undefined) return next();
    watchErrors(ctx);
    const isExcluded = operation.kind === 'excluded';
    const beforeEnd = isExcluded ? undefined : followRoute(ctx, operation);
    watchResponse(operation, ctx.req, ctx.res, ctx.response, beforeEnd);
    const downstream: Promise<unknown> = operation.run(next);
    // Not left to the application's handler: middleware before this one, and callbacks of one's own, answer errors themselves.
    if (!isExcluded) downstream.then(undefined, (error) => operation.recordError(error));
    return downstream;
  };
}

const OBSERVED: unique symbol = Symbol.for('otel-middleware.koa.onerror.v1');

/** The error handler of the application's context, which Koa lets everybody extend. */
type ErrorHandler = Context['onerror'] & { [OBSERVED]?: true };

/**
 * Lets Koa handle errors in the context of the request, so that its `error` event finds the span; Koa begins it outside of
 * all middleware. It is also how errors of the body, and of middleware before ours, become known.
 *
 * On the application's context: a function of its own on that of each request would give it a hidden class of its own, which
 * costs V8 and its collector tens of microseconds.
 */
function watchErrors({ app: { context } }: Context): void {
  const onerror: ErrorHandler = context.onerror;
  if (onerror[OBSERVED]) return;
  const observed: ErrorHandler = function (this: Context, error) {
    // Koa calls it at the end of every response, then without an error.
    if (error == null) return onerror.call(this, error);
    const operation = operationOf(this);
    operation?.recordError(error);
    const scope = operation ?? findContext(this.req);
    if (scope === undefined) onerror.call(this, error);
    else scope.resume(() => onerror.call(this, error));
  };
  observed[OBSERVED] = true;
  context.onerror = observed;
}

/** Warns once when a router before the middleware has let a request pass, which means that it may have answered others. */
function lateWarning(): (ctx: Context) => void {
  let warned = false;
  return (ctx) => {
    if (warned || ctx.matched === undefined || ctx._matchedRoute !== undefined) return;
    // On a mounted application, when the outer one is traced.
    if (serverSpan() !== undefined) return;
    warned = true;
    diag.warn(
      '@otel-middleware/koa: a router comes before opentelemetry(), and what it answers is not traced. ' +
        'Call app.use(opentelemetry()) before app.use(router.routes()).',
    );
  };
}
