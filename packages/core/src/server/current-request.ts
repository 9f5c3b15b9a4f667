import type { Attributes, Context, Span } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import { RPC_METADATA_KEY } from '../otel/rpc-metadata.js';
import { runInSpan } from '../otel/task-span.js';
import { VERSION } from '../version.js';
import { OPERATION_KEY } from './request-context.js';
import type { RequestScope, ServerRequest } from './server-operation.js';

/**
 * Sets the `http.route` of the current request, from any depth. It wins over the router's route, in the span's name and on the
 * metrics too. Use it for routes that no router knows, such as RPC methods: a template, never a concrete path.
 *
 * Does nothing outside a request or after its end.
 *
 * @example setHttpRoute('/rpc/users.{method}')
 */
export function setHttpRoute(route: string): void {
  if (typeof route === 'string' && route !== '') current()?.setUserRoute(route);
}

/**
 * Adds attributes to the metrics of the current request: at most 20 strings of at most 100 characters, numbers and booleans.
 * The convention's own cannot be overridden. Does nothing outside a request or after its end.
 *
 * Every distinct value starts a time series: never add the ids of users or orders.
 *
 * @example addMetricAttributes({ 'app.tenant': 'acme' })
 */
export function addMetricAttributes(attributes: Attributes): void {
  current()?.addMetricAttributes(attributes);
}

/** Returns the server span of the current request, whatever span is active; `undefined` outside a request.
 *
 * @example serverSpan()?.setAttribute('order.id', id)
 */
export function serverSpan(): Span | undefined {
  return current()?.span;
}

/**
 * Describes the current request as far as it is known, from any depth: the framework that serves it, and its route. Use it to
 * label the work of a request, such as log lines and comments in queries. Returns `undefined` outside a request.
 *
 * @example logger.info({ route: serverRequest()?.route }, 'order stored')
 */
export function serverRequest(): ServerRequest | undefined {
  return current()?.describe();
}

/**
 * Runs work that may outlive the response as a span of its own, in a new trace linked to the current request.
 *
 * A child of the server span would end after its parent and distort the request's duration. The span is INTERNAL, ends
 * when `task` returns or its promise settles, and records what it throws; the baggage of the request stays readable.
 *
 * @returns what `task` returns, or a promise of what its promise resolves to.
 */
export function traceTask<T>(name: string, task: (span: Span) => T): T {
  const request = current();
  const tracer = request?.tracer ?? trace.getTracer('@otel-middleware/core', VERSION);
  const links = request === undefined ? [] : [{ context: request.span.spanContext() }];
  const span = tracer.startSpan(name, { root: true, links });
  return context.with(trace.setSpan(outsideRequest(), span), () => runInSpan(span, () => task(span)));
}

function current(): RequestScope | undefined {
  return context.active().getValue(OPERATION_KEY) as RequestScope | undefined;
}

function outsideRequest(): Context {
  return context.active().deleteValue(OPERATION_KEY).deleteValue(RPC_METADATA_KEY);
}
