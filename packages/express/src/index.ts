export type { ExpressInstrumentationOptions } from './opentelemetry.js';
export { opentelemetry, opentelemetryErrors } from './opentelemetry.js';
