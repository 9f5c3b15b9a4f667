export type { ExpressOptions } from './opentelemetry.js';
export { opentelemetry, opentelemetryErrors } from './opentelemetry.js';
