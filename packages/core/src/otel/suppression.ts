import type { Context } from '@opentelemetry/api';
import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';

/** The key under which the SDK looks for suppression; `createContextKey` makes equal keys of equal names. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** A context in which nothing is traced and no trace context is propagated. */
export const SUPPRESSED: Context = ROOT_CONTEXT.setValue(SUPPRESS_TRACING, true);

/** Tells whether tracing is suppressed in a context, by an excluded request around it or by an exporter. */
export function isTracingSuppressed(active: Context): boolean {
  return active.getValue(SUPPRESS_TRACING) === true;
}
