import type { Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { context as contextApi, INVALID_TRACEID, trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { RANDOM_TRACE_ID } from './trace-context.js';

/**
 * A tracer provider whose spans bear the `random-trace-id` flag: as the parent has it, and set on new roots.
 *
 * SDK 2 builds a span's flags from the sampling decision alone, and so loses the flag of an incoming request.
 * Trace Context Level 2 wants it kept for as long as the trace id is, and set by whoever makes an id at
 * random, as the SDK's id generator does. The flag goes onto the span context of sampled and
 * unsampled spans, so that every reader agrees: propagators, the OTLP exporter, links.
 *
 * @see https://www.w3.org/TR/trace-context-2/#random-trace-id-flag
 */
export class RandomTraceIdTracerProvider extends NodeTracerProvider {
  readonly #derived = new WeakMap<Tracer, Tracer>();

  override getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const tracer = super.getTracer(name, version, options);
    const derived = this.#derived.get(tracer) ?? withRandomTraceIdFlag(tracer);
    this.#derived.set(tracer, derived);
    return derived;
  }
}

function withRandomTraceIdFlag(tracer: Tracer): Tracer {
  const startSpan = (name: string, options?: SpanOptions, context = contextApi.active()): Span => {
    const span = tracer.startSpan(name, options, context);
    setRandomTraceIdFlag(span, context);
    return span;
  };
  // Derived, not changed: `startActiveSpan` and everything else stay the SDK's and find this `startSpan`.
  return Object.create(tracer, { startSpan: { value: startSpan } }) as Tracer;
}

function setRandomTraceIdFlag(span: Span, context: Context): void {
  const spanContext = span.spanContext();
  // The invalid span context, given out where tracing is suppressed, is one shared constant.
  if (spanContext.traceId === INVALID_TRACEID) return;
  const parent = trace.getSpanContext(context);
  const isRoot = parent?.traceId !== spanContext.traceId;
  spanContext.traceFlags |= isRoot ? RANDOM_TRACE_ID : parent.traceFlags & RANDOM_TRACE_ID;
}
