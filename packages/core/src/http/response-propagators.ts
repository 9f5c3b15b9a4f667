import type { Context, SpanContext, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { HttpResponseGetter } from './getter.js';

const EXPOSE_HEADERS = 'access-control-expose-headers';

/**
 * Tells the caller the trace of its request in `Server-Timing: trace;desc=00-…`, which browsers show to scripts.
 *
 * For the option `responsePropagator`. It only injects, into response headers; nothing is extracted.
 *
 * @see https://www.w3.org/TR/server-timing/
 */
export const serverTimingPropagator: TextMapPropagator = responsePropagator(
  'server-timing',
  'Server-Timing',
  (parent) => `trace;desc=${parent}`,
);

/** Tells the caller the trace of its request in `traceresponse: 00-…`, the older draft of Trace Context Level 2. */
export const traceResponsePropagator: TextMapPropagator = responsePropagator(
  'traceresponse',
  'traceresponse',
  (parent) => parent,
);

/**
 * Adds response headers: a header that is set already keeps its members, and each new member stands once.
 *
 * Propagators know only how to set; on a response that would take away what the application has set itself.
 */
export function responseSetter<Res>(getter: HttpResponseGetter<Res>): TextMapSetter<Res> {
  return {
    set(response, name, value) {
      const present = getter.headerValues(response, name.toLowerCase())?.join(', ') ?? '';
      const members = present.split(',').map((member) => member.trim().toLowerCase());
      if (members.includes(value.toLowerCase())) return;
      getter.setHeader(response, name, present === '' ? value : `${present}, ${value}`);
    },
  };
}

function responsePropagator(
  field: string,
  exposedName: string,
  format: (traceparent: string) => string,
): TextMapPropagator {
  return {
    fields: () => [field, EXPOSE_HEADERS],
    extract: (context) => context,
    inject(context: Context, carrier: unknown, setter: TextMapSetter) {
      const spanContext = trace.getSpanContext(context);
      if (spanContext === undefined || !isSpanContextValid(spanContext)) return;
      setter.set(carrier, exposedName, format(traceparent(spanContext)));
      setter.set(carrier, EXPOSE_HEADERS, exposedName);
    },
  };
}

function traceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}
