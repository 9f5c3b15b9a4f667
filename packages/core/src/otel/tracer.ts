import type { TextMapPropagator, Tracer, TracerProvider } from '@opentelemetry/api';
// biome-ignore lint/suspicious/noDeprecatedImports: in both API lines, and the only way to ask what a proxy delegates to.
import { diag, ProxyTracerProvider, propagation, trace } from '@opentelemetry/api';
import { SCHEMA_URL } from './semconv.js';

/** The delegate of the API's proxy provider while no SDK is registered. */
const NO_SDK = new ProxyTracerProvider().getDelegate();

/** The global on which every copy of the OpenTelemetry API, major version 1, keeps what is registered. */
const API_GLOBAL = Symbol.for('opentelemetry.js.api.1');

/**
 * Resolves the tracer of the provider that is in force now, and again when another takes its place.
 *
 * The provider is asked, not `trace.getTracer`, which takes no schema URL in API 1.9.
 */
export function tracerSource(
  scope: { readonly name: string; readonly version: string },
  provider: TracerProvider | undefined,
): () => Tracer {
  let current: TracerProvider | undefined;
  let tracer: Tracer;
  return () => {
    const inForce = provider ?? trace.getTracerProvider();
    if (inForce !== current) {
      current = inForce;
      tracer = inForce.getTracer(scope.name, scope.version, { schemaUrl: SCHEMA_URL });
    }
    return tracer;
  };
}

/**
 * Tells whether nothing is registered that a request could be of interest to: no tracer provider, no propagator and no
 * metrics SDK, neither globally nor by option. The answer changes when an SDK starts later.
 */
export function isIdle(
  options: {
    readonly tracerProvider: TracerProvider | undefined;
    readonly propagator: TextMapPropagator | undefined;
  },
  metricsEnabled: boolean,
): boolean {
  if (metricsEnabled || options.tracerProvider !== undefined || options.propagator !== undefined)
    return false;
  const provider: TracerProvider & { getDelegate?(): TracerProvider } = trace.getTracerProvider();
  if (provider.getDelegate?.() !== NO_SDK || propagation.fields().length > 0) return false;
  warnOfSecondApi();
  return true;
}

let warned = false;

/**
 * Warns once when an SDK is registered with a copy of the API that this one cannot see, because it is newer than the
 * registered one: spans would be lost without a word.
 */
function warnOfSecondApi(): void {
  const registered = (
    globalThis as { [API_GLOBAL]?: { trace?: unknown; metrics?: unknown; version?: string } }
  )[API_GLOBAL];
  if (warned || registered?.trace === undefined) return;
  warned = true;
  const message =
    `An OpenTelemetry SDK is registered with @opentelemetry/api ${registered.version}, but this instrumentation resolved a ` +
    'newer copy, which cannot see it: no spans are made. Install one version of @opentelemetry/api for both.';
  diag.warn(message);
  // The logger of `diag` is registered with the other copy as well, so it may be out of reach in just this case.
  const { process } = globalThis as { process?: { emitWarning?(message: string, type: string): void } };
  process?.emitWarning?.(message, 'OpenTelemetryWarning');
}
