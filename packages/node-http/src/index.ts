export type { Trust, TrustProxy } from './forwarded.js';
export { instrumentListener } from './listener.js';
export type { ListenerOptions } from './listener.js';
export { nodeRequest } from './request.js';
export type { NodeRequest } from './request.js';
export { nodeResponse, observeResponse } from './response.js';
export type { NodeResponse } from './response.js';
