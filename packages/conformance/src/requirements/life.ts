import type { Requirement } from './requirement.js';
import { family, SERVERS } from './requirement.js';
import { SOURCES } from './source-links.js';

/** Beginning and end of the span. */
export const life: readonly Requirement[] = family('life', SERVERS, {
  streamed: [
    'The span lasts until the last byte of a streamed body, server-sent events included.',
    SOURCES.serverSentEvents,
  ],
  once: [
    'However a response ends, its span ends once, and nothing stays behind after any number of requests.',
  ],
  'after-response': [
    'Work after the response is not in the duration, and span and metric have the same one.',
    SOURCES.httpMetrics,
  ],
  'head-204-304': [
    'Responses without a body end their span: to HEAD, with 204 and with 304.',
    SOURCES.noContent,
  ],
  trailers: ['A response with trailers makes one span.', SOURCES.trailers],
  continue: ['`Expect: 100-continue` makes one span with the final status.', SOURCES.expect],
  'early-hints': ['Informational responses make no span and are not the status.', SOURCES.earlyHints],
  'keep-alive': [
    'Requests that share a connection, one after the other, at once or pipelined, each have their own trace and parent.',
    SOURCES.pipelining,
  ],
  body: ['A handler behind a body parser runs inside the context of the request.'],
  hijack: ['A handler that takes the raw response, or destroys it, makes one span with the right end.'],
  upgrade: ['An upgraded connection is the concern of its handshake.', SOURCES.webSocket, ['ws']],
  h2: ['HTTP/2 servers make the same spans, with protocol version `2`.', SOURCES.http2],
  'server-close': ['A server that closes while requests are in flight loses none of their spans.'],
});
