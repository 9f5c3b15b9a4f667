import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** A request as Node's servers hand it out: HTTP/1, or HTTP/2 through the compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response as Node's servers hand it out: HTTP/1, or HTTP/2 through the compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse;
