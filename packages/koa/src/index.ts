export type { KoaOptions } from './middleware.js';
export { opentelemetry } from './middleware.js';
