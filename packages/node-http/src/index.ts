export type {
  ForwardedReader,
  ForwardedRequest,
  HandshakeSocket,
  WrittenHead,
} from '@otel-middleware/core/node';
export {
  bindEmitter,
  bindPrototype,
  findContext,
  forwardedRequest,
  nodeRequest,
  nodeResponse,
  onHeadWritten,
  operationOn,
} from '@otel-middleware/core/node';
export type { Trust, TrustProxy } from './forwarded.js';
export { compileTrust, forwardedBy } from './forwarded.js';
export type { ListenerOptions } from './listener.js';
export { instrumentListener } from './listener.js';
export type { NodeRequest, NodeResponse } from './node-messages.js';
export { watchEnd, watchResponse } from './response.js';
