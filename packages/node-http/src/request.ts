import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { HttpRequestGetter } from '@otel-middleware/core';
import { nodeRequest as messageGetter } from '@otel-middleware/core/node';
import type { Trust } from './forwarded.js';
import { forwardedOf } from './forwarded.js';

/** A request as Node's servers hand it out: HTTP/1, or HTTP/2 through the compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/**
 * Reads the Node request behind a framework's request, with the proxies that the application trusts.
 *
 * @param raw - finds the Node request; every framework keeps it somewhere.
 * @param trust - the proxies whose forwarding headers are believed for this request; `undefined` for none.
 */
export function nodeRequest<Req>(
  raw: (request: Req) => NodeRequest,
  trust: (request: Req) => Trust | undefined,
): HttpRequestGetter<Req> {
  return messageGetter(raw, (request) => {
    const trusts = trust(request);
    return trusts === undefined ? undefined : forwardedOf(raw(request), trusts);
  });
}
