import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { ResponseOutcome } from '@otel-middleware/core';
import { isLive, watchBody } from '../src/body.js';

const encoder = new TextEncoder();

/** A body of numbered chunks, made one at a time as they are asked for; tells what was done to it. */
function numbered(chunks: number, { breaks = false } = {}) {
  const seen = { pulled: 0, cancelled: undefined as unknown };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await sleep(1);
        if (seen.pulled === chunks) {
          if (breaks) controller.error(new RangeError('the oven is too hot'));
          else controller.close();
          return;
        }
        controller.enqueue(encoder.encode(String(seen.pulled++)));
      },
      cancel(reason) {
        seen.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

function watched(response: Response): { response: Response; ends: ResponseOutcome[] } {
  const ends: ResponseOutcome[] = [];
  return { response: watchBody(response, { onEnd: (outcome) => ends.push(outcome) }), ends };
}

describe('[life:streamed] which bodies are watched', () => {
  const stream = () => new ReadableStream();
  const typed = (type: string) => ({ headers: { 'content-type': type } });
  test.each([
    ['server-sent events', new Response(stream(), typed('text/event-stream')), true],
    ['with a charset', new Response(stream(), typed('Text/Event-Stream; charset=utf-8')), true],
    ['lines of JSON', new Response(stream(), typed('application/x-ndjson')), true],
    [
      'a chunked coding',
      new Response(stream(), { headers: { 'transfer-encoding': 'chunked', 'content-type': 'text/plain' } }),
      true,
    ],
    ['a stream without a type', new Response(stream()), true],
    ['a stream with another type', new Response(stream(), typed('text/html')), false],
    ['a type that begins alike', new Response(stream(), typed('text/event-streaming')), false],
    ['a text', new Response('text'), false],
    ['JSON', Response.json({}), false],
    ['a form', new Response(new URLSearchParams('a=1')), false],
    [
      'bytes with their length',
      new Response(encoder.encode('bytes'), { headers: { 'content-length': '5' } }),
      false,
    ],
    ['nothing', new Response(null, { status: 204 }), false],
  ])('%s', (_kind, response, live) => {
    expect(isLive(response)).toBe(live);
  });
});

describe('[life:streamed] [error:abort] [error:mid-stream] a watched body', () => {
  test('keeps every chunk, the head, and tells its end once, with its size', async () => {
    const { body } = numbered(3);
    const { response, ends } = watched(
      new Response(body, {
        status: 201,
        statusText: 'Baked',
        headers: [
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      }),
    );
    expect([response.status, response.statusText, response.headers.getSetCookie()]).toEqual([
      201,
      'Baked',
      ['a=1', 'b=2'],
    ]);
    expect(ends).toEqual([]);
    expect(await response.text()).toBe('012');
    expect(ends).toEqual([{ responseBodySize: 3 }]);
  });

  test('is not asked for before its reader asks', async () => {
    const { body, seen } = numbered(100);
    const { response } = watched(new Response(body));
    await sleep(20);
    expect(seen.pulled).toBe(0);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.read();
    await sleep(20);
    expect(seen.pulled).toBe(2);
  });

  test('tells its source that the reader has left', async () => {
    const { body, seen } = numbered(100);
    const { response, ends } = watched(new Response(body));
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel('enough');
    expect([seen.cancelled, ends]).toEqual(['enough', [{ aborted: true, responseBodySize: 1 }]]);
  });

  test('breaks as its source breaks', async () => {
    const { response, ends } = watched(new Response(numbered(2, { breaks: true }).body));
    const broken = new RangeError('the oven is too hot');
    await expect(response.text()).rejects.toEqual(broken);
    expect(ends).toEqual([{ aborted: true, error: broken, responseBodySize: 2 }]);
  });

  test('that somebody reads already is left to them', async () => {
    const locked = new Response(numbered(1).body);
    locked.body?.getReader();
    const { response, ends } = watched(locked);
    expect([response === locked, ends]).toEqual([true, [{}]]);
  });
});
