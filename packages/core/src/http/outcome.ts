import type { CaughtError } from '../otel/exceptions.js';
import { errorMessage, errorType } from '../otel/exceptions.js';
import { VALUE_OTHER } from '../otel/semconv.js';

/** The end of a response. Everything is optional; an empty outcome is a success. */
export interface ResponseOutcome {
  /** True when the connection or the response was closed before the response was sent in full. */
  readonly aborted?: boolean;
  /** The error that closed the connection or the response; it outranks errors recorded before. */
  readonly error?: unknown;
  /** Bytes of the request body that arrived, when they were counted. */
  readonly requestBodySize?: number | undefined;
  /** Bytes of the response body that were sent, when they were counted. */
  readonly responseBodySize?: number | undefined;
}

/**
 * `error.type` of a request whose connection was closed before the response was complete, when nothing was thrown: the
 * client went away, or the response was destroyed without an error.
 */
const CLIENT_DISCONNECTED = 'client_disconnected';

/** Why a request failed. */
export interface Failure {
  /** Value of `error.type` on the span and on the metric. */
  readonly type: string;
  /** Status description: the message of an exception that no status code explains. */
  readonly message?: string;
  /** The exception to record; none where what was thrown was handled, or nothing was. */
  readonly exception?: CaughtError | undefined;
}

/**
 * Decides whether a request failed, and how that is called.
 *
 * A status code of 500 and more is a failure named by the code. A response that was not sent in full, or not at all, is
 * one named by the error that was caught, or {@link CLIENT_DISCONNECTED}. Everything else is none: what was thrown and
 * then answered with a status below 500 was handled.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#status
 */
export function failureOf(
  status: number | undefined,
  outcome: ResponseOutcome,
  caught: CaughtError | undefined,
): Failure | undefined {
  if (!outcome.aborted && status !== undefined) {
    return status >= 500 || status < 100 ? { type: String(status), exception: caught } : undefined;
  }
  // An error that was answered with a 4xx was handled; it is not what cut the answer off.
  const handled = outcome.error === undefined && status !== undefined && status >= 400 && status < 500;
  if (caught === undefined || handled) return { type: outcome.aborted ? CLIENT_DISCONNECTED : VALUE_OTHER };
  return { type: errorType(caught.error), message: errorMessage(caught.error), exception: caught };
}
