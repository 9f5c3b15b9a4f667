export type { FastifyOptions, RequestTelemetry } from './plugin.js';
export { opentelemetry } from './plugin.js';
