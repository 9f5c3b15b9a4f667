import type { Context, SpanOptions } from '@opentelemetry/api';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';

/**
 * Turns a remote parent into a link: callers of a public endpoint are strangers, so their trace is not continued, their
 * sampling decision not followed and their baggage not read.
 *
 * @param remote - the context that the propagator extracted.
 * @param options - the span's options, to which `root` and the link are added.
 * @returns the context for the new trace.
 */
export function asNewRoot(remote: Context, options: SpanOptions): Context {
  options.root = true;
  const spanContext = trace.getSpanContext(remote);
  if (spanContext !== undefined) options.links = [{ context: spanContext }];
  return ROOT_CONTEXT;
}
