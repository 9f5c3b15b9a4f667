import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { ResponseOutcome } from '@otel-middleware/core';
import { isEventStream, isLive, watchBody, watchRequestBody } from '../src/body.js';

const encoder = new TextEncoder();

/** A body of numbered chunks, made one at a time as they are asked for; tells what was done to it. */
function numbered(chunks: number, { breaks = false, first = 0 } = {}) {
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
        controller.enqueue(encoder.encode(String(first + seen.pulled++)));
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

test('[metric:size] texts and buffers, as Bun takes them in streams, go on as they are and count as their bytes', async () => {
  const sent = ['é', new Uint8Array([1, 2]).buffer, new Uint8Array([3]), 7];
  const body = new ReadableStream({
    start(controller) {
      for (const chunk of sent) controller.enqueue(chunk);
      controller.close();
    },
  });
  const sizes: number[] = [];
  const ends: ResponseOutcome[] = [];
  const { body: watched } = watchBody(new Response(body), {
    onChunk: (chunk) => sizes.push(new Uint8Array(chunk).byteLength),
    onEnd: (outcome) => ends.push(outcome),
  });
  const read: unknown[] = [];
  for await (const chunk of watched as ReadableStream<unknown>) read.push(chunk);
  expect(read).toEqual(sent);
  expect([sizes, ends]).toEqual([[2, 2, 1, 0], [{ responseBodySize: 5 }]]);
});

describe('[message:hooks] the body of a request that is watched', () => {
  function watchedRequest(body: ReadableStream<Uint8Array>) {
    const init = { method: 'POST', headers: { 'x-shelf': 'top' }, body, duplex: 'half' };
    const request = new Request('http://shop.example/upload?x=1', init as RequestInit);
    const sizes: number[] = [];
    watchRequestBody(request, ({ byteLength }) => sizes.push(byteLength));
    return { request, sizes };
  }

  test('is told of chunk by chunk, as it is read and not before', async () => {
    const { body, seen } = numbered(12);
    const { request, sizes } = watchedRequest(body);
    await sleep(20);
    expect([seen.pulled, request.bodyUsed]).toEqual([0, false]);
    expect(await request.text()).toBe('01234567891011');
    expect([sizes, request.bodyUsed]).toEqual([[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2], true]);
    await expect(request.text()).rejects.toThrow('Body is unusable');
  });

  test.each<[string, (request: Request) => Promise<unknown>]>([
    ['json', (request) => request.json()],
    ['text', async (request) => JSON.parse(await request.text())],
    ['arrayBuffer', async (request) => JSON.parse(new TextDecoder().decode(await request.arrayBuffer()))],
    ['blob', async (request) => JSON.parse(await (await request.blob()).text())],
    ['body', async (request) => JSON.parse(await new Response(request.body).text())],
    ['a clone', (request) => request.clone().json()],
  ])('is read through %s', async (_way, read) => {
    const { request, sizes } = watchedRequest(numbered(3, { first: 1 }).body);
    expect([await read(request), sizes]).toEqual([123, [1, 1, 1]]);
  });

  test('keeps the rest of the request, and a clone has it too', () => {
    const { request } = watchedRequest(numbered(1).body);
    for (const { method, url, headers } of [request, request.clone()])
      expect([method, url, headers.get('x-shelf')]).toEqual([
        'POST',
        'http://shop.example/upload?x=1',
        'top',
      ]);
  });

  test('goes on to whoever takes the request as it is, who is told nothing of', async () => {
    const { request, sizes } = watchedRequest(numbered(3).body);
    expect([await new Request(request).text(), sizes]).toEqual(['012', []]);
  });

  test('tells its source that the reader has left, before the first chunk too', async () => {
    for (const chunks of [0, 1]) {
      const { body, seen } = numbered(3);
      const reader = watchedRequest(body).request.body?.getReader();
      for (let read = 0; read < chunks; read++) await reader?.read();
      await reader?.cancel('enough');
      expect([seen.pulled, seen.cancelled]).toEqual([chunks, 'enough']);
    }
  });

  test('breaks as its source breaks', async () => {
    const { request } = watchedRequest(numbered(1, { breaks: true }).body);
    await expect(request.text()).rejects.toEqual(new RangeError('the oven is too hot'));
  });

  test.each([
    ['none', new Request('http://shop.example/')],
    ['one that somebody reads', lockedRequest()],
  ])('is left alone where there is %s', (_kind, request) => {
    watchRequestBody(request, () => {});
    expect(Object.getOwnPropertyNames(request)).toEqual([]);
  });
});

function lockedRequest(): Request {
  const request = new Request('http://shop.example/', { method: 'POST', body: 'text' });
  request.body?.getReader();
  return request;
}

test('[message:hooks] a compressed event stream is no row of events', () => {
  const type = { 'content-type': 'Text/Event-Stream; charset=utf-8' };
  expect(isEventStream(new Response('', { headers: type }))).toBe(true);
  expect(isEventStream(new Response('', { headers: { ...type, 'content-encoding': 'gzip' } }))).toBe(false);
  expect(isEventStream(new Response('text'))).toBe(false);
});
