export type { ExpressOptions } from './middleware.js';
export { opentelemetry, opentelemetryErrors } from './middleware.js';
