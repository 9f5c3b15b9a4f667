import { describe, expect, test } from '@jest/globals';
import { eventSizes } from '../../src/messages/event-stream.js';

const encoder = new TextEncoder();

describe('the events of an event stream (message:hooks)', () => {
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
