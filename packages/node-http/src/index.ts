export { nodeResponse } from '@otel-middleware/core/node';
export type { Trust, TrustProxy } from './forwarded.js';
export { compileTrust, forwardedOf } from './forwarded.js';
export type { ListenerOptions } from './listener.js';
export { instrumentListener } from './listener.js';
export type { NodeRequest } from './request.js';
export { nodeRequest } from './request.js';
export type { NodeResponse } from './response.js';
export { observeEnd, observeResponse } from './response.js';
