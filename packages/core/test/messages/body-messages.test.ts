import { describe, expect, test } from '@jest/globals';
import { receivedChunks, sentChunks } from '../../src/messages/body-messages.js';
import type { Messages } from '../../src/messages/messages.js';

const encoder = new TextEncoder();

/** The arguments that message hooks would be called with. */
function recording(): { messages: Messages; seen: unknown[] } {
  const seen: unknown[] = [];
  return {
    seen,
    messages: {
      pass(direction, content, handler) {
        seen.push({ direction, ...content });
        return handler();
      },
    },
  };
}

describe('chunks as messages (message:hooks)', () => {
  test('those received are of type body, whatever they hold; empty ones are none', () => {
    const { messages, seen } = recording();
    const chunk = receivedChunks(messages);
    for (const size of [3, 0, 5]) chunk(size, unread);
    expect(seen).toEqual([
      { direction: 'receive', type: 'body', size: 3 },
      { direction: 'receive', type: 'body', size: 5 },
    ]);
  });

  test('of those sent, bytes are looked at in event streams only, and the head is asked once', () => {
    const { messages, seen } = recording();
    let asked = 0;
    const body = sentChunks(messages, () => {
      asked++;
      return false;
    });
    body(0, unread);
    expect(asked).toBe(0);
    body(2, unread);
    body(4, unread);
    expect(asked).toBe(1);
    const events = sentChunks(messages, () => true);
    for (const text of ['data: ', 'a\n\nda', 'ta: bc\n\n']) {
      const bytes = encoder.encode(text);
      events(bytes.length, () => bytes);
    }
    expect(seen).toEqual([
      { direction: 'send', type: 'body', size: 2 },
      { direction: 'send', type: 'body', size: 4 },
      { direction: 'send', type: 'event', size: 9 },
      { direction: 'send', type: 'event', size: 10 },
    ]);
  });
});

function unread(): never {
  throw new Error('The bytes were looked at.');
}
