import type { HttpServerOptions } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { nodeResponse, watchEnd, watchResponse } from '@otel-middleware/node-http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { bindEvents } from './events.js';
import { watchRegistration } from './late-registration.js';
import { RequestSource, requestGetter } from './request.js';
import type { RoutedRequest } from './routes/express-internals.js';
import { followRoute, recordError } from './routes/request-route.js';
import { VERSION } from './version.js';

/** Options of {@link opentelemetry}. The proxies to trust are not among them: Express's `trust proxy` names them. */
export type ExpressOptions = HttpServerOptions<Request, Response>;

/**
 * Makes each request one server span, named by the full template of the route that matched, and measures its duration.
 *
 * To be registered before everything else, since requests that an earlier handler answers are not seen; a warning says so
 * once. Errors are recorded by {@link opentelemetryErrors}.
 *
 * @throws TypeError when an option is unknown or ill-typed; the message names the option and the cure.
 */
export function opentelemetry(options: ExpressOptions = {}): RequestHandler {
  const instrumentation = createHttpServerInstrumentation<Request, Response, RequestSource>({
    scope: { name: '@otel-middleware/express', version: VERSION },
    framework: 'express',
    request: requestGetter,
    source: (request) => new RequestSource(request),
    response: nodeResponse<Response>((response) => response),
    options,
  });
  const middleware: RequestHandler = function opentelemetry(request, response, next) {
    // A router can be served without an application.
    const { app } = routed(request) as { app: RoutedRequest['app'] | undefined };
    checkRegistration(app);
    if (app === undefined) return next();
    const operation = instrumentation.start(request);
    if (operation === undefined) return next();
    bindEvents(app);
    if (operation.kind !== 'excluded') {
      const beforeEnd = followRoute(routed(request), response, operation);
      // The events belong to the innermost registration, and the prototypes know but the first one.
      const observe = operation.kind === 'owned' ? watchEnd : watchResponse;
      observe(operation, request, response, response, beforeEnd);
    }
    operation.run(next);
  };
  const checkRegistration = watchRegistration(middleware);
  return middleware;
}

/**
 * Records the error of a handler on the server span of its request, and passes it on unchanged.
 *
 * To be registered after the routes and before the application's own error handlers. Whether the error makes the span a
 * failed one is decided by the status that is answered.
 */
export function opentelemetryErrors(...misplaced: []): ErrorRequestHandler {
  // As middleware itself it would answer nothing and pass nothing on, without a word.
  if (misplaced.length > 0)
    throw new TypeError(
      '@otel-middleware/express: opentelemetryErrors takes no argument. Call it: app.use(opentelemetryErrors()).',
    );
  return function opentelemetryErrors(error, request, _response, next) {
    recordError(routed(request), error);
    next(error);
  };
}

/** The types of Express leave out much of what an application holds. */
function routed(request: Request): RoutedRequest {
  return request as unknown as RoutedRequest;
}
