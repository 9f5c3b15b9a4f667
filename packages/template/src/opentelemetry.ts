import type { HttpServerOptions } from '@otel-middleware/core';
import { createHttpServerInstrumentation } from '@otel-middleware/core';
import { nodeRequest, nodeResponse, watchResponse } from '@otel-middleware/node-http';
import type { Exchange, Middleware } from './fifth.js';

export type FifthOptions = HttpServerOptions<Exchange, Exchange>;

/** Makes one server span of every request, and the HTTP server metrics. */
export function opentelemetry(options: FifthOptions = {}): Middleware {
  const instrumentation = createHttpServerInstrumentation<Exchange, Exchange>({
    scope: { name: 'fifth-opentelemetry', version: '1.0.0' },
    framework: 'fifth',
    request: nodeRequest(({ incoming }) => incoming),
    response: nodeResponse(({ outgoing }) => outgoing),
    options,
  });
  return async function opentelemetry(exchange, next) {
    const operation = instrumentation.start(exchange);
    if (operation === undefined) return next();
    const { incoming, outgoing } = exchange;
    watchResponse(operation, incoming, outgoing, exchange, () => operation.setRoute(exchange.template));
    try {
      await operation.run(next);
    } catch (error) {
      operation.recordError(error);
      throw error;
    }
  };
}
