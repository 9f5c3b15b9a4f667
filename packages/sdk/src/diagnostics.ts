import type { DiagLogFunction, DiagLogger } from '@opentelemetry/api';
import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import {
  diagLogLevelFromString,
  getStringFromEnv,
  loggingErrorHandler,
  setGlobalErrorHandler,
} from '@opentelemetry/core';

/** The global on which every 1.x copy of the API keeps its state: it offers no way to ask for the logger in use. */
const API_GLOBALS = Symbol.for('opentelemetry.js.api.1');
const REMEMBERED_CAUSES = 200;

/**
 * Makes warnings and errors of the SDK heard, each cause once; the answer undoes it.
 *
 * A logger that the application has set stays in use, behind a filter of repetitions. Without one they go to
 * the console, from the level in `OTEL_LOG_LEVEL` up, by default `warn`.
 */
export function reportEachCauseOnce(): () => void {
  const previous = currentLogger();
  const logger = oncePerCause(previous ?? new DiagConsoleLogger());
  install(logger, previous === undefined ? DiagLogLevel.WARN : DiagLogLevel.ALL);
  if (previous === undefined) {
    const level = diagLogLevelFromString(getStringFromEnv('OTEL_LOG_LEVEL')?.trim());
    if (level !== undefined) install(logger, level);
  }
  const installed = currentLogger();
  setGlobalErrorHandler(reportLoss);
  return () => {
    setGlobalErrorHandler(loggingErrorHandler());
    if (currentLogger() !== installed) return;
    if (previous === undefined) diag.disable();
    else install(previous, DiagLogLevel.ALL);
  };
}

function currentLogger(): DiagLogger | undefined {
  return (globalThis as { [API_GLOBALS]?: { diag?: DiagLogger } })[API_GLOBALS]?.diag;
}

function install(logger: DiagLogger, logLevel: DiagLogLevel): void {
  diag.setLogger(logger, { logLevel, suppressOverrideMessage: true });
}

function oncePerCause(logger: DiagLogger): DiagLogger {
  const seen = new Set<string>();
  const once =
    (log: DiagLogFunction): DiagLogFunction =>
    (...message) => {
      // Counts, ports and durations differ from one report of a cause to the next.
      const cause = message.map(String).join(' ').replace(/\d+/g, '#');
      if (seen.has(cause)) return;
      if (seen.size === REMEMBERED_CAUSES) seen.clear();
      seen.add(cause);
      log.apply(logger, message);
    };
  return {
    error: once(logger.error),
    warn: once(logger.warn),
    info: (...message) => logger.info(...message),
    debug: (...message) => logger.debug(...message),
    verbose: (...message) => logger.verbose(...message),
  };
}

/** Takes what the SDK would log as JSON with a stack, most often that an export failed. */
function reportLoss(error: unknown): void {
  diag.warn(
    `Telemetry is being lost: ${describe(error)}. Check that a collector takes OTLP over HTTP at ` +
      'OTEL_EXPORTER_OTLP_ENDPOINT (default: http://localhost:4318). This cause is reported once.',
  );
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with an AggregateError that has no message of its own.
  return (
    error.message || (error instanceof AggregateError ? error.errors.map(describe).join(', ') : error.name)
  );
}
