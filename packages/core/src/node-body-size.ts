import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

/** Body sizes in bytes, as far as the connection got. */
export interface BodySizes {
  readonly requestBodySize: number;
  readonly responseBodySize: number;
}

/**
 * Counts the bytes of the request body that arrive and of the response body that are written, and returns the function
 * that tells them. What a compression middleware registered later writes is counted, not what it was given.
 *
 * Only for requests whose sizes are wanted: it puts itself before `push` of the request and `write` and `end` of the
 * response, which keep their results, callbacks and backpressure.
 */
export function countBodies(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): () => BodySizes {
  let received = 0;
  let sent = 0;
  const { push } = request;
  request.push = function countedPush(chunk: unknown, encoding?: BufferEncoding): boolean {
    received += sizeOf(chunk, encoding);
    return push.call(this, chunk, encoding);
  };
  const writable = response as { write(...args: unknown[]): boolean; end(...args: unknown[]): unknown };
  const { write, end } = writable;
  writable.write = function countedWrite(...args) {
    sent += sizeOf(args[0], args[1]);
    return write.apply(this, args);
  };
  writable.end = function countedEnd(...args) {
    // `end(chunk)` goes on to `write` in some versions of Node and not in others; only what is new is counted.
    const before = sent;
    const result = end.apply(this, args);
    if (sent === before) sent += sizeOf(args[0], args[1]);
    return result;
  };
  return () => ({ requestBodySize: received, responseBodySize: hasBody(request, response) ? sent : 0 });
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}

/** Node accepts a body for responses that have none by definition, and drops it. */
function hasBody(request: { method?: string | undefined }, { statusCode }: { statusCode: number }): boolean {
  return request.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
}
