import type { NodeRequest, NodeResponse } from './node-messages.js';

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
export function countBodies(request: NodeRequest, response: NodeResponse): () => BodySizes {
  let received = 0;
  let sent = 0;
  const readable = request as unknown as Readable;
  const { push } = readable;
  readable.push = function countedPush(...args) {
    received += sizeOf(args[0], args[1]);
    return push.apply(this, args);
  };
  const writable = response as unknown as Writable;
  const { write, end } = writable;
  writable.write = function countedWrite(...args) {
    // What follows the end is refused.
    if (!response.writableEnded) sent += sizeOf(args[0], args[1]);
    return write.apply(this, args);
  };
  writable.end = function countedEnd(...args) {
    // `end(chunk)` goes on to `write` in some versions of Node and not in others; only what is new is counted.
    const before = sent;
    const ended = response.writableEnded;
    const result = end.apply(this, args);
    if (!ended && sent === before) sent += sizeOf(args[0], args[1]);
    return result;
  };
  return () => ({ requestBodySize: received, responseBodySize: hasBody(request, response) ? sent : 0 });
}

interface Readable {
  push(...args: unknown[]): boolean;
}

interface Writable {
  write(...args: unknown[]): boolean;
  end(...args: unknown[]): unknown;
}

/** Node's own measure of text; there is no such response elsewhere. */
declare const Buffer: { byteLength(text: string, encoding: string): number };

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string')
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? encoding : 'utf8');
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}

/** Node accepts a body for responses that have none by definition, and drops it. */
function hasBody(request: NodeRequest, { statusCode }: NodeResponse): boolean {
  return request.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
}
