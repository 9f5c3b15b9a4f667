export type { NodeRequest, NodeResponse } from './node-messages.js';
export type { ForwardedRequest } from './node-request.js';
export { nodeRequest } from './node-request.js';
export { endOnClose, nodeResponse } from './node-response.js';
