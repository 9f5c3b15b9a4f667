import type { Span } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { errorMessage, errorType, exceptionAttributes } from './exceptions.js';
import { ATTR_ERROR_TYPE, EVENT_EXCEPTION } from './semconv.js';
import { settle } from './settle.js';

/**
 * Runs `task` and ends its span when it has returned or its promise has settled. An error is recorded and thrown on.
 *
 * @returns what `task` returns, or a promise of what its promise resolves to.
 */
export function runInSpan<T>(span: Span, task: () => T): T {
  const onValue = (value: Awaited<T>): Awaited<T> => {
    span.end();
    return value;
  };
  const onError = (error: unknown): void => {
    recordFailure(span, error);
    span.end();
  };
  return settle(task, onValue, onError) as T;
}

/** Records the failure of a span's work: the exception, its type, and the status. */
export function recordFailure(span: Span, error: unknown): void {
  span.addEvent(EVENT_EXCEPTION, exceptionAttributes(error));
  span.setAttribute(ATTR_ERROR_TYPE, errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
}
