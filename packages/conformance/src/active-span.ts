import { trace } from '@opentelemetry/api';

/** The span that is active, as a handler tells it in a response. */
export interface ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
}

/** The ids of the span that is active now; null when there is none. */
export function activeSpan(): ActiveSpan | null {
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext === undefined ? null : { traceId: spanContext.traceId, spanId: spanContext.spanId };
}
