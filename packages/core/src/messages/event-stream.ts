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
