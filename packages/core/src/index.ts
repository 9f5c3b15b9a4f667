export type { HttpRequestGetter, HttpResponseGetter } from './http/getter.js';
export type { HeaderNames } from './http/headers.js';
export type { HostAndPort } from './http/host.js';
export { forwardedNode, parseAuthority, plainAddress } from './http/host.js';
export type { ResponseOutcome } from './http/outcome.js';
export { serverTimingPropagator, traceResponsePropagator } from './http/response-propagators.js';
export type { ChunkListener } from './messages/body-messages.js';
export { receivedChunks, sentChunks } from './messages/body-messages.js';
export type { Message, MessageContent, MessageHook, Messages } from './messages/messages.js';
export type { ExcludedUrls } from './options/excluded-urls.js';
export {
  addMetricAttributes,
  serverRequest,
  serverSpan,
  setHttpRoute,
  traceTask,
} from './server/current-request.js';
export type { HttpServerInstrumentation, HttpServerInstrumentationConfig } from './server/instrumentation.js';
export { createHttpServerInstrumentation } from './server/instrumentation.js';
export type { HttpServerOptions, OptIn, RequestHook, ResponseHook } from './server/options.js';
export type {
  OperationKind,
  OperationNeeds,
  ServerOperation,
  ServerRequest,
} from './server/server-operation.js';
