export type { BodySizes } from './node-bodies.js';
export { observeBodies } from './node-bodies.js';
export { emitWithin } from './node-event-context.js';
export type { HandshakeSocket, WrittenHead } from './node-handshake.js';
export { onHandshake } from './node-handshake.js';
export type { NodeRequest, NodeResponse } from './node-messages.js';
export type { ForwardedRequest } from './node-request.js';
export { forwardedRequest, nodeRequest } from './node-request.js';
export { endOnClose, nodeResponse } from './node-response.js';
