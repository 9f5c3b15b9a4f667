import type { Messages } from './messages.js';

/** Takes the chunks of a body as they pass: their bytes, and what tells these if they have to be looked at. */
export type ChunkListener = (size: number, bytes: () => Uint8Array) => void;

/** What is to be called with each chunk of a request body that arrives. Empty ones are no messages. */
export function receivedChunks(messages: Messages): ChunkListener {
  return (size) => {
    if (size > 0) messages.pass('receive', { type: 'body', size }, nothing);
  };
}

/**
 * What is to be called with each chunk of a response body that is sent: the events of an event stream are the messages, and
 * of other bodies the chunks.
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

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COLON = 58;

/**
 * Tells the sizes of the events that end in a chunk, with the lines that end them; chunks may break events anywhere.
 * Comments alone, which keep connections alive, are no event.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function eventSizes(): (chunk: Uint8Array) => number[] {
  let size = 0;
  let hasField = false;
  let atLineStart = true;
  let afterReturn = false;
  return (chunk) => {
    const sizes: number[] = [];
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      if (byte === LINE_FEED && afterReturn) {
        // The second half of a line's end. If that has ended an event, the event is told already.
        afterReturn = false;
        if (size > 0) size++;
        continue;
      }
      size++;
      afterReturn = byte === CARRIAGE_RETURN;
      if (byte !== LINE_FEED && !afterReturn) {
        if (atLineStart && byte !== COLON) hasField = true;
        atLineStart = false;
        continue;
      }
      if (atLineStart) {
        if (afterReturn && chunk[index + 1] === LINE_FEED) size++;
        if (hasField) sizes.push(size);
        size = 0;
        hasField = false;
      }
      atLineStart = true;
    }
    return sizes;
  };
}

function nothing(): void {}
