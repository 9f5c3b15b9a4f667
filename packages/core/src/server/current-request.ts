import type { Attributes, Context, Span } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import { RPC_METADATA_KEY } from '../otel/rpc-metadata.js';
import { runInSpan } from '../otel/task-span.js';
import { VERSION } from '../version.js';
import { OPERATION_KEY } from './request-context.js';
import type { RequestScope, ServerRequest } from './server-operation.js';

/**
 * Sets the `http.route` of the current request, from any depth; it wins over the router's, in the span's name and on the
 * metrics too. For routes that no router knows, such as RPC methods: keep it a template, never a concrete path.
 *
 * Does nothing outside a request or after its end.
 */
export function setHttpRoute(route: string): void {
  if (typeof route === 'string' && route !== '') current()?.setUserRoute(route);
}

/**
 * Adds attributes to the metrics of the current request: strings of at most 100 characters, numbers and booleans, 20 of
 * them at most. Those of the convention cannot be overridden. Does nothing outside a request or after its end.
 *
 * Every distinct value begins a time series: never add identifiers of users or orders.
 */
export function addMetricAttributes(attributes: Attributes): void {
  current()?.addMetricAttributes(attributes);
}

/** The server span of the current request, whatever span is active now; `undefined` outside a request. */
export function serverSpan(): Span | undefined {
  return current()?.span;
}

/**
 * What is known of the current request by now, at any depth of it: which framework serves it, and its route. For what names
 * the work that a request does, such as log lines and comments in queries. `undefined` outside a request.
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
