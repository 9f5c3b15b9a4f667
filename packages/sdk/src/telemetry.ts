import { diag } from '@opentelemetry/api';
import { callWithTimeout, globalErrorHandler } from '@opentelemetry/core';
import { reportEachCauseOnce } from './diagnostics.js';
import type { TelemetryOptions } from './options.js';
import { checkOptions } from './options.js';
import { flushAtProcessEnd } from './process-end.js';
import type { Pipeline, Sdk } from './sdk.js';
import { startSdk } from './sdk.js';

/** Set while telemetry runs; global, because two copies of this package must know of each other. */
const RUNNING = Symbol.for('@otel-middleware/sdk.running.1');
const DEFAULT_SHUTDOWN_TIMEOUT_MILLIS = 5000;

/** The telemetry of this process, as started by `initTelemetry`. */
export interface Telemetry {
  /** Hands over all spans that have ended and the metrics as they are; resolves just as `shutdown` does. */
  forceFlush(): Promise<void>;
  /**
   * Flushes, stops and unregisters the SDK, after which `initTelemetry` may be called again.
   *
   * It resolves when all is handed over, or has failed, or after `shutdownTimeoutMillis`; it never rejects,
   * and what was lost is said through `diag`. Every further call answers with the same promise.
   */
  shutdown(): Promise<void>;
}

/**
 * Starts OpenTelemetry traces and metrics for this process, as the options and the `OTEL_*` variables say.
 *
 * Call it before the first request is served; instrumentation may be set up earlier. It registers a tracer
 * provider, a meter provider, a context manager and a propagator with the API, and flushes when the process
 * ends. With `OTEL_SDK_DISABLED=true` only the latter two are there, and context passes through.
 *
 * Throws for an unknown or ill-typed option, and when telemetry, or another SDK, runs in this process
 * already. A variable that cannot be used is never a reason to throw: its default is taken, with one warning.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function initTelemetry(options: TelemetryOptions = {}): Telemetry {
  checkOptions(options);
  const processWide = globalThis as { [RUNNING]?: true };
  if (processWide[RUNNING]) {
    throw new Error(
      'initTelemetry: telemetry runs in this process already. Call it once, here or by --import of ' +
        '@otel-middleware/sdk/register; to start anew, await shutdown() of the first.',
    );
  }
  const timeoutMillis = options.shutdownTimeoutMillis ?? DEFAULT_SHUTDOWN_TIMEOUT_MILLIS;
  const stopReporting = reportEachCauseOnce();
  let sdk: Sdk;
  try {
    sdk = startSdk(options, timeoutMillis);
  } catch (error) {
    stopReporting();
    throw error;
  }
  processWide[RUNNING] = true;

  let ending: Promise<void> | undefined;
  const telemetry: Telemetry = {
    forceFlush: () => ending ?? settle('forceFlush', sdk.pipelines, timeoutMillis),
    shutdown: () => {
      ending ??= settle('shutdown', sdk.pipelines, timeoutMillis).then(() => {
        stopFlushing();
        sdk.unregister();
        stopReporting();
        delete processWide[RUNNING];
      });
      return ending;
    },
  };
  const stopFlushing = flushAtProcessEnd(telemetry);
  return telemetry;
}

async function settle(
  action: keyof Pipeline,
  pipelines: readonly Pipeline[],
  timeoutMillis: number,
): Promise<void> {
  const work = Promise.allSettled(pipelines.map(async (pipeline) => pipeline[action]()));
  try {
    for (const outcome of await callWithTimeout(work, timeoutMillis)) {
      if (outcome.status === 'rejected') globalErrorHandler(outcome.reason);
    }
  } catch {
    diag.warn(`Telemetry may be lost: ${action} did not finish within ${timeoutMillis} ms.`);
  }
}
