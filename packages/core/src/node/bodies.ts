import type { ChunkListener } from '../messages/body-messages.js';
import { receivedChunks, sentChunks } from '../messages/body-messages.js';
import type { ServerOperation } from '../server/server-operation.js';
import type { NodeRequestLike, NodeResponseLike } from './request-and-response.js';
import { hasBody, sentHeader } from './response.js';

/** Body sizes in bytes, as far as the connection got. */
export interface BodySizes {
  readonly requestBodySize: number;
  readonly responseBodySize: number;
}

/**
 * Watches the chunks of the request body as they arrive and of the response body as they are written, as far as the
 * operation asks for their sizes or for messages. What a compression middleware registered later writes is watched, not
 * what it was given.
 *
 * Where that is asked for, it puts itself before `push` of the request, or before `write` and `end` of the response, which
 * keep their results, callbacks and backpressure.
 *
 * @returns what tells the sizes, if they are counted.
 */
export function watchBodies(
  operation: Pick<ServerOperation<never>, 'ended' | 'messages' | 'needs'>,
  request: NodeRequestLike,
  response: NodeResponseLike,
): (() => BodySizes) | undefined {
  const { bodySizes, receives, sends } = operation.needs;
  if (!bodySizes && !receives && !sends) return undefined;
  const messages = receives || sends ? operation.messages() : undefined;
  const received = receives && messages !== undefined ? receivedChunks(messages) : undefined;
  const sent =
    sends && messages !== undefined ? sentChunks(messages, () => isEventStream(response)) : undefined;
  const sizes = { requestBodySize: 0, responseBodySize: 0 };
  if (bodySizes || received !== undefined)
    onReceived(request, (size, bytes) => {
      sizes.requestBodySize += size;
      if (!operation.ended) received?.(size, bytes);
    });
  if (bodySizes || sent !== undefined)
    onSent(response, (size, bytes) => {
      if (!hasBody(request, response)) return;
      sizes.responseBodySize += size;
      if (!operation.ended) sent?.(size, bytes);
    });
  return bodySizes ? () => sizes : undefined;
}

interface Readable {
  push(...args: unknown[]): boolean;
}

interface Writable {
  write(...args: unknown[]): boolean;
  end(...args: unknown[]): unknown;
}

function onReceived(request: NodeRequestLike, listener: ChunkListener): void {
  const readable = request as unknown as Readable;
  const { push } = readable;
  readable.push = function observedPush(...args) {
    reportChunk(listener, args);
    return push.apply(this, args);
  };
}

/** Calls the listener after each write, when the head was made at the latest. */
function onSent(response: NodeResponseLike, listener: ChunkListener): void {
  const writable = response as unknown as Writable;
  const { write, end } = writable;
  let writes = 0;
  writable.write = function observedWrite(...args) {
    writes++;
    // What follows the end is refused.
    const refused = response.writableEnded;
    const result = write.apply(this, args);
    if (!refused) reportChunk(listener, args);
    return result;
  };
  writable.end = function observedEnd(...args) {
    const before = writes;
    const refused = response.writableEnded;
    const result = end.apply(this, args);
    // `end(chunk)` goes on to `write` in some versions of Node and not in others; only what is new is told.
    if (!refused && writes === before) reportChunk(listener, args);
    return result;
  };
}

/** Node's own measure of text; there is no such body elsewhere. */
declare const Buffer: {
  byteLength(text: string, encoding: string): number;
  from(text: string, encoding: string): Uint8Array;
};

function reportChunk(listener: ChunkListener, [chunk, second]: readonly unknown[]): void {
  if (typeof chunk === 'string') {
    const encoding = typeof second === 'string' ? second : 'utf8';
    listener(Buffer.byteLength(chunk, encoding), () => Buffer.from(chunk, encoding));
  } else if (chunk instanceof Uint8Array) listener(chunk.byteLength, () => chunk);
}

/** Compressed events cannot be told apart. */
function isEventStream(response: NodeResponseLike): boolean {
  return (
    /^text\/event-stream\b/i.test(sentHeader(response, 'content-type') ?? '') &&
    sentHeader(response, 'content-encoding') === undefined
  );
}
