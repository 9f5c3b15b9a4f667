export type { Exchange, Middleware } from './fifth.js';
export type { FifthOptions } from './opentelemetry.js';
export { opentelemetry } from './opentelemetry.js';
