export type { HonoOptions } from './middleware.js';
export { opentelemetry } from './middleware.js';
