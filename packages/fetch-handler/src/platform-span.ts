import { context, trace } from '@opentelemetry/api';
import type { HttpServerInstrumentation, ServerOperation } from '@otel-middleware/core';
import { serverSpan } from '@otel-middleware/core';
import { RPC_METADATA_KEY } from '@otel-middleware/core/internal';

interface Platform {
  readonly Deno?: { readonly telemetry?: { readonly tracerProvider?: unknown } };
}

/**
 * Starts the operation of a request so that it enriches the server span that the platform has made of it, if it has.
 *
 * Deno makes one of every request to `Deno.serve` when its own tracing is on (`OTEL_DENO=true`), and tells nobody but by
 * making it active; the registered provider is then its own.
 *
 * @see https://docs.deno.com/runtime/fundamentals/open_telemetry/
 */
export function startOnPlatform<Req, Res>(
  instrumentation: HttpServerInstrumentation<Req, Res>,
  request: Req,
): ServerOperation<Res> | undefined {
  const provider = (globalThis as Platform).Deno?.telemetry?.tracerProvider;
  if (provider === undefined || provider !== trace.getTracerProvider()) return instrumentation.start(request);
  const span = trace.getActiveSpan();
  // Inside a request that we know, the active span is not that of the request which starts.
  if (span === undefined || serverSpan() !== undefined) return instrumentation.start(request);
  const metadata = { type: 'http', span };
  return context.with(context.active().setValue(RPC_METADATA_KEY, metadata), () =>
    instrumentation.start(request),
  );
}
