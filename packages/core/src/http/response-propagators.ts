import type { Context, SpanContext, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { isSpanContextValid, trace } from '@opentelemetry/api';
import { guardedHook } from '../otel/hooks.js';
import type { HttpResponseGetter } from './getter.js';

const EXPOSE_HEADERS = 'access-control-expose-headers';

/**
 * Sends the caller the trace of its request as `Server-Timing: trace;desc=00-…`, which browsers expose to scripts.
 *
 * For the option `responsePropagator`. It only writes response headers and extracts nothing.
 *
 * @example app.use(opentelemetry({ responsePropagator: serverTimingPropagator }))
 *
 * @see https://www.w3.org/TR/server-timing/
 */
export const serverTimingPropagator: TextMapPropagator = responsePropagator(
  'server-timing',
  'Server-Timing',
  (parent) => `trace;desc=${parent}`,
);

/** Sends the caller the trace of its request as `traceresponse: 00-…`, an older draft of Trace Context Level 2. */
export const traceResponsePropagator: TextMapPropagator = responsePropagator(
  'traceresponse',
  'traceresponse',
  (parent) => parent,
);

/**
 * Compiles the option `responsePropagator`. The function it returns is guarded: a propagator that throws is reported once.
 *
 * Headers are added, where propagators only know how to set: a header that is set already keeps its members, and each new
 * member is added once. Setting would remove what the application has set itself.
 */
export function compileResponsePropagator<Res>(
  propagator: Pick<TextMapPropagator, 'inject'>,
  getter: HttpResponseGetter<Res>,
): (context: Context, response: Res) => void {
  const setter = addingSetter(getter);
  return guardedHook(
    'responsePropagator',
    (of: Context, response: Res) => propagator.inject(of, response, setter),
    undefined,
  );
}

function addingSetter<Res>(getter: HttpResponseGetter<Res>): TextMapSetter<Res> {
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
