import type { Span } from '@opentelemetry/api';
import { SpanStatusCode } from '@opentelemetry/api';
import { errorMessage, errorType, exceptionAttributes } from './exceptions.js';
import { isThenable } from './hooks.js';
import { ATTR_ERROR_TYPE, EVENT_EXCEPTION } from './semconv.js';

/**
 * Runs `task` and ends its span when it has returned or its promise has settled. What it throws is recorded and goes on.
 *
 * @returns what `task` returns, or a promise of what its promise resolves to.
 */
export function settled<T>(span: Span, task: () => T): T {
  const fail = (error: unknown): never => {
    recordFailure(span, error);
    span.end();
    throw error;
  };
  const succeed = <Result>(result: Result): Result => {
    span.end();
    return result;
  };
  let result: T;
  try {
    result = task();
  } catch (error) {
    return fail(error);
  }
  // The promise that follows, not the one that came: a query builder would run again for whoever awaits it too.
  return isThenable(result) ? (result.then(succeed, fail) as T) : succeed(result);
}

/** Records what a span's work has failed with: the exception, its type, and the status. */
export function recordFailure(span: Span, error: unknown): void {
  span.addEvent(EVENT_EXCEPTION, exceptionAttributes(error));
  span.setAttribute(ATTR_ERROR_TYPE, errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
}
