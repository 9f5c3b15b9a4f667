import { describe, expect, test } from '@jest/globals';
import { eventSizes, receivedChunks, sentChunks } from '../src/body-messages.js';
import type { Messages } from '../src/messages.js';

const encoder = new TextEncoder();

/** What the hooks of messages would be called with. */
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

describe('the events of an event stream (msg:hooks)', () => {
  test.each<[string, number[]]>([
    ['data: a\n\n', [9]],
    ['data: a\r\n\r\n', [11]],
    ['data: a\r\r', [9]],
    ['id: 1\nevent: x\ndata: a\ndata: b\n\ndata: c\n\n', [32, 9]],
    ['\n\ndata: a\n\n', [9]],
    [': keep-alive\n\n', []],
    [': comment\ndata: a\n\n', [19]],
    ['retry: 10\n\n: ping\n\ndata: ä\n\n', [11, 10]],
    ['data\n\n', [6]],
    ['data: cut off\n', []],
    ['', []],
  ])('%j has events of %j bytes', (text, sizes) => {
    expect(eventSizes()(encoder.encode(text))).toEqual(sizes);
  });

  test.each([
    'data: a\n\nid: 2\ndata: ä\n\n: c\n\ndata: b\n\n',
    'data: a\n\ndata: b\n\n',
    'data: a\r\rdata: b\r\r',
  ])('%j may be broken anywhere', (text) => {
    const bytes = encoder.encode(text);
    const whole = eventSizes()(bytes);
    for (let at = 0; at <= bytes.length; at++) {
      const sizes = eventSizes();
      expect([...sizes(bytes.subarray(0, at)), ...sizes(bytes.subarray(at))]).toEqual(whole);
    }
  });

  test('lines that end with two characters may be broken between these, where the last one is not counted', () => {
    const bytes = encoder.encode('data: a\r\n\r\ndata: b\r\n\r\n');
    for (let at = 0; at <= bytes.length; at++) {
      const sizes = eventSizes();
      const found = [...sizes(bytes.subarray(0, at)), ...sizes(bytes.subarray(at))];
      expect(found).toEqual([at === 10 ? 10 : 11, at === 21 ? 10 : 11]);
    }
  });
});

describe('chunks as messages (msg:hooks)', () => {
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
