import { eventSizes } from './event-stream.js';
import type { Messages } from './messages.js';

/** Takes the chunks of a body as they pass: their bytes, and what tells these if they have to be looked at. */
export type ChunkListener = (size: number, bytes: () => Uint8Array) => void;

/** Makes the listener for the chunks of a request body. Empty chunks are not messages. */
export function receivedChunks(messages: Messages): ChunkListener {
  return (size) => {
    if (size > 0) messages.pass('receive', { type: 'body', size }, nothing);
  };
}

/**
 * Makes the listener for the chunks of a response body. In an event stream the events are the messages, in other bodies the
 * chunks.
 *
 * @param isEventStream - asked once, with the first chunk, when the head is known.
 */
export function sentChunks(messages: Messages, isEventStream: () => boolean): ChunkListener {
  let listener: ChunkListener | undefined;
  return (size, bytes) => {
    if (size === 0) return;
    listener ??= isEventStream() ? sentEvents(messages) : sentBody(messages);
    listener(size, bytes);
  };
}

function sentBody(messages: Messages): ChunkListener {
  return (size) => messages.pass('send', { type: 'body', size }, nothing);
}

function sentEvents(messages: Messages): ChunkListener {
  const sizesIn = eventSizes();
  return (_size, bytes) => {
    for (const size of sizesIn(bytes())) messages.pass('send', { type: 'event', size }, nothing);
  };
}

function nothing(): void {}
