import type { Attributes, Context, Span, TimeInput } from '@opentelemetry/api';
import * as api from '@opentelemetry/api';
import { readList } from './environment.js';
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  EVENT_EXCEPTION,
  EVENT_HTTP_SERVER_REQUEST_EXCEPTION,
  VALUE_OTHER,
} from './semconv.js';

/** Environment variable that moves exceptions from span events (unset) to log records (`logs`) or both (`logs/dup`). */
const SIGNAL_OPT_IN = 'OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN';

/** The name and severity of an exception's log record, by the convention of its operation. */
export interface ExceptionEvent {
  readonly name: string;
  readonly severityNumber: number;
  readonly severityText: string;
}

/** The log record of an exception that a server failed with. */
export const SERVER_EXCEPTION: ExceptionEvent = {
  name: EVENT_HTTP_SERVER_REQUEST_EXCEPTION,
  severityNumber: 17,
  severityText: 'ERROR',
};

/** An error as it was caught, and when: a reading of `performance.now()`. */
export interface CaughtError {
  readonly error: unknown;
  readonly time: number;
}

/**
 * Records one exception for the operation whose span and context are given. Never throws.
 *
 * @param at - the time of the span event, where the span's times are not the SDK's. Default: the reading of the error.
 */
export type ExceptionRecorder = (caught: CaughtError, span: Span, context: Context, at?: TimeInput) => void;

interface LogsApi {
  getLogger(name: string, version?: string): { emit(record: object): void };
}

/**
 * Compiles how exceptions are recorded: as span events by default, as log records when the environment asks for them
 * and the installed API (1.10 or newer) has logs. With an older API `logs` falls back to span events.
 *
 * @param redact - takes secrets out of messages and stack traces. Default: they stay as they are.
 * @see https://opentelemetry.io/docs/specs/semconv/exceptions/
 */
export function exceptionRecorder(
  scope: { readonly name: string; readonly version: string },
  { name, ...severity }: ExceptionEvent,
  redact: (text: string) => string = (text) => text,
): ExceptionRecorder {
  const optIn = readList(SIGNAL_OPT_IN) ?? [];
  // Read through the namespace: a named import of `logs` would not link against API 1.9.
  const logs = (api as { logs?: LogsApi }).logs;
  const toLogs = logs !== undefined && (optIn.includes('logs') || optIn.includes('logs/dup'));
  const toSpan = !toLogs || optIn.includes('logs/dup');
  return ({ error, time }, span, context, at = time) => {
    if (toSpan && span.isRecording()) span.addEvent(EVENT_EXCEPTION, exceptionAttributes(error, redact), at);
    if (!toLogs) return;
    logs.getLogger(scope.name, scope.version).emit({
      eventName: name,
      ...severity,
      // Not from `timeOrigin`, which the wall clock drifts away from.
      timestamp: Math.round(Date.now() - (performance.now() - time)),
      attributes: exceptionAttributes(error, redact),
      context,
    });
  };
}

/**
 * A low-cardinality `error.type` for anything that can be thrown: the class name, the system's code for a plain `Error`
 * that has one (`ECONNRESET`), `_OTHER` for what has no name that looks like a class's.
 */
export function errorType(error: unknown): string {
  const name = className(error);
  if (name === undefined) return VALUE_OTHER;
  const code = textOf(error, 'code');
  return name === 'Error' && code !== undefined && /^[A-Z][A-Z\d_]{1,99}$/.test(code) ? code : name;
}

/** The message of anything that can be thrown, for a status description. */
export function errorMessage(error: unknown): string {
  return textOf(error, 'message') ?? safeString(error);
}

/** The attributes of an exception record, for anything that can be thrown. */
export function exceptionAttributes(
  error: unknown,
  redact: (text: string) => string = (text) => text,
): Attributes {
  const attributes: Attributes = {
    [ATTR_EXCEPTION_TYPE]: className(error) ?? (error === null ? 'null' : typeof error),
    [ATTR_EXCEPTION_MESSAGE]: redact(errorMessage(error)),
  };
  const stack = textOf(error, 'stack');
  if (stack !== undefined) attributes[ATTR_EXCEPTION_STACKTRACE] = redact(stack);
  return attributes;
}

/** The error's name; that of its class where a subclass has not set one. */
function className(error: unknown): string | undefined {
  const name = textOf(error, 'name');
  const found = (name === 'Error' ? textOf(propertyOf(error, 'constructor'), 'name') : undefined) ?? name;
  // A name is text that anyone may set; what is no identifier would make `error.type` unbounded.
  return found !== undefined && /^[\w$.]{1,100}$/.test(found) ? found : undefined;
}

function textOf(error: unknown, property: string): string | undefined {
  const value = propertyOf(error, property);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Reads a property of whatever was thrown; getters and proxies may throw themselves. */
function propertyOf(error: unknown, property: string): unknown {
  try {
    return (error as Record<string, unknown> | null | undefined)?.[property];
  } catch {
    return undefined;
  }
}

function safeString(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'an error that cannot be turned into text';
  }
}
