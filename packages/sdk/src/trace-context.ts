import type {
  Context,
  SpanContext,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
} from '@opentelemetry/api';
import { INVALID_SPANID, INVALID_TRACEID, isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { MemberList } from './trace-state.js';

/** The trace flag that says the last seven bytes of the trace id are random; the API has no name for it. */
export const RANDOM_TRACE_ID = 0x02;

const KNOWN_FLAGS = TraceFlags.SAMPLED | RANDOM_TRACE_ID;
/** Version, trace id, parent id, flags, and what a later version may add; a comma tells of a second field. */
const TRACEPARENT = /^[\t ]*([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:(-[^,]*)|[\t ]*)$/;

/**
 * Propagates the span context in `traceparent` and `tracestate` by the letter of W3C Trace Context Level 2.
 *
 * A `traceparent` that is malformed, repeated or of version `ff` is ignored together with its `tracestate`;
 * one of a later version is read by the fields of version `00`. A `tracestate` that breaks a rule is dropped
 * whole and leaves the `traceparent` valid. The flags `sampled` and `random-trace-id` are read and sent, all
 * others are cleared. Neither method throws. Nothing is injected where tracing is suppressed or the span
 * context is invalid.
 *
 * @see https://www.w3.org/TR/trace-context-2/
 */
export class TraceContextPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || !isSpanContextValid(spanContext) || isTracingSuppressed(context)) return;
    const { traceId, spanId, traceFlags, traceState } = spanContext;
    setter.set(carrier, 'traceparent', `00-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`);
    const tracestate = traceState?.serialize();
    if (tracestate) setter.set(carrier, 'tracestate', tracestate);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const traceparent = getter.get(carrier, 'traceparent');
    if (traceparent === undefined) return context;
    const spanContext = parseTraceparent(traceparent);
    if (spanContext === undefined) return context;
    const tracestate = getter.get(carrier, 'tracestate');
    if (tracestate !== undefined) spanContext.traceState = new MemberList(String(tracestate));
    return trace.setSpanContext(context, spanContext);
  }

  fields(): string[] {
    return ['traceparent', 'tracestate'];
  }
}

function parseTraceparent(field: string | string[]): SpanContext | undefined {
  // An array of two becomes a text with a comma: repeated is as bad as missing.
  const match = TRACEPARENT.exec(String(field));
  if (match === null) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', later] = match;
  if (version === 'ff' || (version === '00' && later !== undefined)) return undefined;
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & KNOWN_FLAGS, isRemote: true };
}
