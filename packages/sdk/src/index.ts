export type { TelemetryOptions } from './options.js';
export type { Telemetry } from './telemetry.js';
export { initTelemetry } from './telemetry.js';
export { TraceContextPropagator } from './trace-context.js';
