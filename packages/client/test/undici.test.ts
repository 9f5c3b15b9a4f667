import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Telemetry } from '@otel-middleware/conformance';
import * as undici from 'undici';
import { instrumentHttpClients } from '../src/index.js';
import { certificate } from './certificate.js';
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

const shown = { showsConnection: true };
const ERROR = 2;

/** Runs with all clients of the process instrumented. */
async function instrumented<T>(run: () => Promise<T>, options = {}) {
  const telemetry = new Telemetry();
  const { disable } = instrumentHttpClients({ ...recordingTo(telemetry), ...options });
  return recorded(telemetry, run).finally(disable);
}

async function send(url: string, options: object = {}) {
  const { statusCode, body } = await undici.request(url, options);
  return { status: statusCode, text: await body.text() };
}

test.each(['h2', 'https'] as const)('[client:span] [client:headers] a request by %s', async (protocol) => {
  const secure = await Origin.start(protocol);
  const dispatcher = new undici.Agent({ allowH2: true, connect: { ca: certificate.cert } });
  const url = `${secure.url}/ok`;
  const options = {
    captureResponseHeaders: ['x-shelf', 'set-cookie'],
    sanitizeHeaders: { replaceDefaults: true, names: [] },
  };
  const { spans, lines } = await instrumented(
    async () => [await send(url, { dispatcher }), await send(url, { dispatcher })],
    options,
  );
  await dispatcher.close();
  const spanIds = secure.takeSpanIds();
  await secure.close();
  const protocolVersion = protocol === 'h2' ? '2' : '1.1';
  const attributes = {
    'http.response.header.x-shelf': ['top'],
    'http.response.header.set-cookie': ['a=1', 'b=2'],
  };
  expect(spans.map((span) => span.attributes)).toEqual(
    Array(2).fill(reached(shown, url, { protocolVersion, attributes })),
  );
  expect(spanIds).toEqual(lines.map(({ spanContext }) => spanContext.spanId));
});

test.each([
  ['an object with lists', { 'x-tenant-id': ['a', 'b'], TraceParent: 'old', host: 'shop.example' }],
  ['a flat list', ['x-tenant-id', 'a', 'traceparent', 'old', 'X-Tenant-Id', 'b', 'Host', 'shop.example']],
  [
    'pairs',
    new Map([
      ['x-tenant-id', 'a, b'],
      ['traceparent', 'old'],
      ['host', 'shop.example'],
    ]),
  ],
])('[client:span] headers as %s', async (_, headers) => {
  const { spans, lines } = await instrumented(() => send(`${origin.url}/ok`, { headers }), {
    captureRequestHeaders: ['x-tenant-id', 'host'],
  });
  const [{ attributes }] = spans as [(typeof spans)[0]];
  expect([attributes['url.full'], attributes['server.address'], attributes['server.port']]).toEqual([
    'http://shop.example/ok',
    'shop.example',
    80,
  ]);
  expect([attributes['http.request.header.x-tenant-id']].flat().join(', ')).toBe('a, b');
  expect(origin.received.map((received) => [received.headers['x-tenant-id'], received.headers.host])).toEqual(
    [['a, b', 'shop.example']],
  );
  expect(origin.takeSpanIds()).toEqual(lines.map(({ spanContext }) => spanContext.spanId));
});

test('[client:span] an origin given as an URL object, with a path that looks like another host', async () => {
  const client = new undici.Client(new URL(origin.url));
  const { spans } = await instrumented(async () => {
    const { body } = await client.request({ path: '//evil.example/a?b', method: 'GET' });
    await body.dump();
  });
  await client.close();
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    reached(shown, origin.url, { url: `${origin.url}//evil.example/a?b` }),
  ]);
});

test('[client:span] a switch of protocols ends the span with its status', async () => {
  const { spans } = await instrumented(async () => {
    const { socket } = await undici.upgrade(`${origin.url}/socket`, { protocol: 'echo' });
    socket.destroy();
  });
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    reached(shown, `${origin.url}/socket`, { status: 101 }),
  ]);
});

describe('through a proxy', () => {
  test('[client:nested] the tunnel is no span, and the request is one', async () => {
    const secure = await Origin.start('https');
    const dispatcher = new undici.ProxyAgent({ uri: origin.url, requestTls: { ca: certificate.cert } });
    const { result, spans } = await instrumented(() => send(`${secure.url}/ok`, { dispatcher }));
    await dispatcher.close();
    await secure.close();
    expect(result.status).toBe(200);
    expect(
      spans.map(
        ({ attributes: { 'network.peer.address': _, 'network.peer.port': __, ...attributes } }) => attributes,
      ),
    ).toEqual([
      reached({ showsConnection: false }, `${secure.url}/ok`, {
        attributes: { 'network.protocol.version': '1.1' },
      }),
    ]);
  });

  test('[client:errors] a tunnel that is refused is an error, though undici calls it an abort', async () => {
    const dispatcher = new undici.ProxyAgent(`${origin.url}/`);
    const url = 'https://refused.invalid/ok';
    const { result, spans } = await instrumented(() => rejection(send(url, { dispatcher })));
    await dispatcher.close();
    expect(result).toHaveProperty('name', 'AbortError');
    expect(spans.map(({ attributes, status }) => [attributes, status])).toEqual([
      [
        unreached(url, { attributes: { 'error.type': 'AbortError' } }),
        { code: ERROR, message: expect.stringMatching(/^Proxy response \(403\)/) },
      ],
    ]);
  });
});

describe('a body that fails while it is sent', () => {
  test.each(['undici.request', 'fetch'])('[client:errors] is an error of %s', async (name) => {
    const url = `${origin.url}/echo`;
    async function* chunks() {
      yield new Uint8Array(8);
      throw new RangeError('the oven is too hot');
    }
    const { spans } = await instrumented(() =>
      rejection(
        name === 'fetch'
          ? fetch(url, { method: 'POST', body: chunks(), duplex: 'half' } as unknown as RequestInit)
          : send(url, { method: 'POST', body: chunks() }),
      ),
    );
    expect(spans.map(({ attributes, status }) => [attributes, status])).toEqual([
      [
        {
          ...reached(shown, url, { method: 'POST', attributes: { 'error.type': 'RangeError' } }),
          'http.response.status_code': undefined,
        },
        { code: ERROR, message: 'the oven is too hot' },
      ],
    ]);
  });
});

describe('what undici sends again by itself, on a connection that another request has opened', () => {
  const { redirect, retry } = undici.interceptors;
  test.each([
    ['a redirect', redirect({ maxRedirections: 2 }), '/redirect?to=/ok', [302, 200]],
    ['a retry', retry({ minTimeout: 5, maxTimeout: 10 }), '/flaky', [503, 200]],
  ])(
    '[client:redirect] %s stands under the span of its own caller',
    async (_, interceptor, target, statuses) => {
      const dispatcher = new undici.Agent({ connections: 1 }).compose(interceptor);
      const telemetry = new Telemetry();
      const { disable } = instrumentHttpClients(recordingTo(telemetry));
      await recorded(telemetry, () => send(`${origin.url}/ok`, { dispatcher }));
      origin.failTimes(1);
      const { spans, lines, parent } = await recorded(telemetry, () =>
        send(origin.url + target, { dispatcher }),
      );
      disable();
      expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual(statuses);
      expect(spans.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([undefined, 1]);
      expect(lines.map(({ parentSpanId }) => parentSpanId)).toEqual([parent?.spanId, parent?.spanId]);
    },
  );
});

test('[client:errors] a client that is destroyed fails its requests', async () => {
  const client = new undici.Client(origin.url);
  const { spans } = await instrumented(async () => {
    const asked = rejection(client.request({ path: '/slow', method: 'GET' }));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await client.destroy();
    await asked;
  });
  expect(spans.map(({ attributes }) => attributes['error.type'])).toEqual(['ClientDestroyedError']);
});
