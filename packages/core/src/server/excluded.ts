import { context, INVALID_SPAN_CONTEXT, trace } from '@opentelemetry/api';
import { UNSEEN_MESSAGES } from '../messages/messages.js';
import { isTracingSuppressed, SUPPRESSED } from '../otel/suppression.js';
import type { ServerOperation } from './server-operation.js';
import { NO_NEEDS } from './server-operation.js';

/**
 * The operation of every excluded request. It only suppresses tracing, so that nothing the handler starts is exported as an
 * orphan, and outbound requests carry no trace context. One object serves all requests.
 */
export const EXCLUDED: ServerOperation<unknown> & { readonly kind: 'excluded' } = Object.freeze({
  kind: 'excluded',
  span: trace.wrapSpanContext(INVALID_SPAN_CONTEXT),
  context: SUPPRESSED,
  needs: NO_NEEDS,
  ended: false,
  resume: suppressed,
  run: suppressed,
  setRoute: nothing,
  recordError: nothing,
  commit: nothing,
  messages: () => UNSEEN_MESSAGES,
  end: nothing,
});

function suppressed<T>(handler: () => T): T {
  return isTracingSuppressed(context.active()) ? handler() : context.with(SUPPRESSED, handler);
}

function nothing(): void {}
