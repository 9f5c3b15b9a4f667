import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Telemetry } from '@otel-middleware/conformance';
import * as undici from 'undici';
import { instrumentFetch } from '../src/index.js';
import { reached, unreached } from './expected.js';
import { Origin } from './origin.js';
import { recorded, recordingTo, rejection, useContextManager } from './traced.js';

let origin: Origin;
beforeAll(async () => {
  useContextManager();
  origin = await Origin.start();
});
afterAll(() => origin.close());
beforeEach(() => {
  origin.received.length = 0;
});

const hidden = { showsConnection: false };

/** Calls a wrapped fetch as `call` wants it, and says what was recorded and what arrived. */
async function calling<T>(call: (send: typeof fetch) => Promise<T>, fetching: unknown = fetch) {
  const telemetry = new Telemetry();
  const send = instrumentFetch(fetching as typeof fetch, recordingTo(telemetry));
  const { spans, lines, result } = await recorded(telemetry, () => call(send));
  return { spans, lines, result, received: [...origin.received] };
}

type Call = (send: typeof fetch, url: string) => Promise<Response>;
const json = { 'content-type': 'application/json', tracestate: 'old=1' };
const stream = () => new Blob(['{}']).stream();

/** Every way to say the same POST. */
const ways: Readonly<Record<string, Call>> = {
  'an URL and an object': (send, url) => send(url, { method: 'post', headers: json, body: '{}' }),
  'an URL object and pairs of headers': (send, url) =>
    send(new URL(url), { method: 'POST', headers: Object.entries(json), body: '{}' }),
  'a Headers object that is used again': (send, url) =>
    send(url, { method: 'POST', headers: new Headers(json), body: '{}' }),
  'a Request': (send, url) => send(new Request(url, { method: 'POST', headers: json, body: '{}' })),
  'a Request with a stream': (send, url) =>
    send(new Request(url, { method: 'POST', headers: json, body: stream(), duplex: 'half' } as RequestInit)),
  'a Request and null': (send, url) =>
    send(new Request(url, { method: 'POST', headers: json, body: '{}' }), null as never),
  'a Request and what differs from it': (send, url) =>
    send(new Request(url, { method: 'PUT', headers: { 'x-a': '1' }, body: '[]' }), {
      method: 'POST',
      headers: json,
      body: '{}',
    }),
  'a Request in place of the object': (send, url) =>
    send(url, new Request('http://other.invalid/', { method: 'POST', headers: json, body: '{}' }) as never),
};

describe('a call with', () => {
  test.each(Object.keys(ways))(
    '[client:span] %s arrives as it was meant, with our trace headers',
    async (way) => {
      const url = `${origin.url}/echo?way=${encodeURIComponent(way)}`;
      const { spans, lines, result, received } = await calling(async (send) =>
        (await ways[way]!(send, url)).text(),
      );
      expect(result).toBe('{}');
      expect(spans.map(({ attributes }) => attributes)).toEqual([reached(hidden, url, { method: 'POST' })]);
      const { traceId, spanId } = lines[0]!.spanContext;
      expect(
        received.map(({ method, headers }) => [
          method,
          headers['content-type'],
          headers.tracestate,
          headers.traceparent,
        ]),
      ).toEqual([['POST', 'application/json', undefined, `00-${traceId}-${spanId}-01`]]);
    },
  );

  test('[client:span] objects of the caller are not changed', async () => {
    const headers = new Headers(json);
    const init = Object.freeze({ method: 'POST', headers, body: '{}' });
    const request = new Request(`${origin.url}/echo`, { headers: json });
    await calling(async (send) => [await send(`${origin.url}/echo`, init), await send(request)]);
    expect([[...headers], [...request.headers]]).toEqual([Object.entries(json), Object.entries(json)]);
  });

  test('[client:span] options that only this fetch knows reach it', async () => {
    const seen: string[] = [];
    const dispatcher = new undici.Agent().compose((dispatch) => (options, handler) => {
      seen.push(options.path);
      return dispatch(options, handler);
    });
    const { spans } = await calling(
      (send) => send(`${origin.url}/ok?d=1`, { dispatcher } as object),
      undici.fetch,
    );
    expect([spans.length, seen]).toEqual([1, ['/ok?d=1']]);
  });

  test('[client:span] a request of undici for its own fetch', async () => {
    const request = new undici.Request(`${origin.url}/echo`, { method: 'POST', body: '{}' });
    const { result, spans } = await calling(
      async (send) => (await send(request as never)).text(),
      undici.fetch,
    );
    expect([result, spans.length]).toEqual(['{}', 1]);
  });

  test('[client:span] a method that fetch leaves as it is', async () => {
    // Node refuses it: only six methods are put into upper case, and this is none of them.
    const { spans } = await calling((send) => send(`${origin.url}/ok`, { method: 'patch' }));
    expect(spans.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'HTTP',
        reached(hidden, `${origin.url}/ok`, {
          method: '_OTHER',
          status: 400,
          attributes: { 'http.request.method_original': 'patch' },
        }),
      ],
    ]);
  });
});

describe('what is no request', () => {
  test.each([
    ['an URL that cannot be parsed', 'http://[', /Failed to parse URL/],
    ['a relative URL', '/a?token=s3cret', /Failed to parse URL/],
    ['a scheme of another kind', 'ftp://127.0.0.1/a', /fetch failed|not implemented/],
    ['nothing', undefined, /parse URL/],
  ])('[client:errors] %s is refused by fetch itself, and is no span', async (_, input, message) => {
    const { result, spans } = await calling((send) => rejection(send(input as string)));
    expect([String(result), spans]).toEqual([expect.stringMatching(message), []]);
  });

  test('[client:span] a data URL is read, and is no span', async () => {
    const { result, spans } = await calling(async (send) => (await send('data:text/plain,hi')).text());
    expect([result, spans]).toEqual(['hi', []]);
  });

  test('[client:errors] a request that was given up before it began is none', async () => {
    const { spans, received } = await calling((send) =>
      rejection(send(`${origin.url}/ok`, { signal: AbortSignal.abort() })),
    );
    expect([spans, received]).toEqual([[], []]);
  });
});

describe('an error', () => {
  test('[client:errors] of a URL with credentials tells neither them nor the query', async () => {
    const url = origin.url.replace('//', '//user:pa%73s@');
    const { result, spans } = await calling((send) => rejection(send(`${url}/ok?token=s3cret#top`)));
    expect(String(result)).toContain('user:pa%73s@');
    const message = `Request cannot be constructed from a URL that includes credentials: ${url.replace('user:pa%73s', 'REDACTED:REDACTED')}/ok?REDACTED`;
    expect(spans).toEqual([
      {
        name: 'GET',
        kind: 'CLIENT',
        attributes: unreached(`${origin.url}/ok`, {
          url: `${url.replace('user:pa%73s', 'REDACTED:REDACTED')}/ok?token=s3cret#top`,
          attributes: { 'error.type': 'TypeError' },
        }),
        status: { code: 2, message },
        exceptions: [['TypeError', message]],
      },
    ]);
  });

  test.each([
    ['a rejection', () => Promise.reject(new RangeError('no more'))],
    [
      'a throw',
      () => {
        throw new RangeError('no more');
      },
    ],
  ])('[client:errors] %s of the wrapped function reaches the caller as it is', async (_, fetching) => {
    const { result, spans } = await calling(async (send) => {
      try {
        return await send(`${origin.url}/ok`);
      } catch (error) {
        return error;
      }
    }, fetching);
    expect(result).toEqual(new RangeError('no more'));
    expect(spans.map(({ attributes, exceptions }) => [attributes['error.type'], exceptions])).toEqual([
      ['RangeError', [['RangeError', 'no more']]],
    ]);
  });

  test.each([undefined, null, 'word', 7, Object.freeze({ name: 'Jane Doe' })])(
    '[client:errors] %p for an error breaks nothing',
    async (thrown) => {
      const { result, spans } = await calling(
        (send) => rejection(send(`${origin.url}/ok`)),
        () => Promise.reject(thrown),
      );
      expect([result, spans.map(({ attributes }) => attributes['error.type'])]).toEqual([thrown, ['_OTHER']]);
    },
  );
});

test('[client:span] the wrapped function is called with the `this` that the caller gave', async () => {
  const client = {
    base: origin.url,
    fetch: instrumentFetch(function (this: { base: string }, path: string, init?: RequestInit) {
      return fetch(this.base + path, init);
    } as never as typeof fetch),
  };
  expect((await client.fetch('/ok')).status).toBe(200);
});

test('[client:span] a response that fetch does not show the status of has none', async () => {
  const { spans } = await calling(
    (send) => send(`${origin.url}/ok`),
    () => Promise.resolve(Response.error()),
  );
  expect(spans.map(({ attributes, status }) => [attributes, status])).toEqual([
    [unreached(`${origin.url}/ok`), { code: 0 }],
  ]);
});

test('[client:span] a body is streamed to the reader as it arrives', async () => {
  const { result } = await calling(async (send) => {
    const response = await send(`${origin.url}/half`);
    const reader = response.body!.getReader();
    return new TextDecoder().decode((await reader.read()).value);
  });
  expect(result).toBe('half');
});
