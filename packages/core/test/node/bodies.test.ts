import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpRequest } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeServers, delay, send, serve, until } from '@otel-middleware/testbed/node-server';
import type { Messages } from '../../src/messages/messages.js';
import { UNSEEN_MESSAGES } from '../../src/messages/messages.js';
import type { BodySizes } from '../../src/node/bodies.js';
import { watchBodies } from '../../src/node/bodies.js';
import type { NodeRequestLike, NodeResponseLike } from '../../src/node/request-and-response.js';
import { NO_NEEDS } from '../../src/server/server-operation.js';

afterEach(closeServers);

/** Watches the bodies of an operation that needs their sizes alone. */
function countBodies(request: NodeRequestLike, response: NodeResponseLike): () => BodySizes {
  const needs = { ...NO_NEEDS, bodySizes: true };
  const operation = { ended: false, needs, messages: () => UNSEEN_MESSAGES };
  return watchBodies(operation, request, response) as () => BodySizes;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Serves one handler and gives the sizes of each request at its close. */
async function counting(
  handler: Handler,
): Promise<{ port: number; sizes: Promise<{ request: number; response: number }> }> {
  let tell: (sizes: { request: number; response: number }) => void;
  const sizes = new Promise<{ request: number; response: number }>((resolve) => {
    tell = resolve;
  });
  const port = await serve(
    createServer((request, response) => {
      const counted = countBodies(request, response);
      response.on('close', () => {
        const { requestBodySize, responseBodySize } = counted();
        tell({ request: requestBodySize, response: responseBodySize });
      });
      handler(request, response);
    }),
  );
  return { port, sizes };
}

describe('the response body (metric:size)', () => {
  test.each<[string, Handler, number, string]>([
    ['nothing', (_, response) => response.end(), 0, ''],
    ['end with text', (_, response) => response.end('abc'), 3, 'abc'],
    ['end with text of two bytes each', (_, response) => response.end('äöü'), 6, 'äöü'],
    ['end with text in latin1', (_, response) => response.end('\u00e4\u00f6', 'latin1'), 2, '\ufffd\ufffd'],
    ['end with text in hex', (_, response) => response.end('616263', 'hex'), 3, 'abc'],
    ['end with a buffer', (_, response) => response.end(Buffer.from('abcd')), 4, 'abcd'],
    ['end with bytes', (_, response) => response.end(new Uint8Array([97, 98])), 2, 'ab'],
    ['end with a callback alone', (_, response) => response.end(() => {}), 0, ''],
    ['end with text and callback', (_, response) => response.end('abc', () => {}), 3, 'abc'],
    [
      'several writes and an end',
      (_, response) => {
        response.write('ab');
        response.write('YQ==', 'base64');
        response.write('c', () => {});
        response.end('d');
      },
      5,
      'abacd',
    ],
    [
      'writes without an end of their own',
      (_, response) => {
        response.write('ab');
        response.end();
      },
      2,
      'ab',
    ],
    ['a pipe', (_, response) => Readable.from(['ab', Buffer.from('cd')]).pipe(response), 4, 'abcd'],
  ])('%s', async (_name, handler, size, body) => {
    const { port, sizes } = await counting(handler);
    const reply = await send(port);
    expect(reply.body).toBe(body);
    expect(await sizes).toEqual({ request: 0, response: size });
  });

  test.each<[string, Handler, string, number]>([
    ['HEAD', (_, response) => response.end('abc'), 'HEAD', 200],
    ['204', (_, response) => void response.writeHead(204).end('abc'), 'GET', 204],
    ['304', (_, response) => void response.writeHead(304).end('abc'), 'GET', 304],
  ])(
    'of %s is none, whatever the application writes (life:head-204-304)',
    async (_name, handler, method, status) => {
      const { port, sizes } = await counting(handler);
      expect(await send(port, '/', { method })).toMatchObject({ status, body: '' });
      expect(await sizes).toEqual({ request: 0, response: 0 });
    },
  );

  test('is what a later compression writes, not what it was given', async () => {
    const text = 'compressible '.repeat(1000);
    const { port, sizes } = await counting(async (_, response) => {
      response.setHeader('content-encoding', 'gzip');
      await pipeline(Readable.from([text]), createGzip(), response);
    });
    const request = httpRequest({ port, host: '127.0.0.1', agent: false }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const bytes = await buffer(response);
    expect(gunzipSync(bytes).toString()).toBe(text);
    expect(await sizes).toEqual({ request: 0, response: bytes.length });
  });

  test('that an end after the end adds is not sent and not counted', async () => {
    const { port, sizes } = await counting((_, response) => {
      response.on('error', () => {});
      response.end('abc');
      response.end('defgh');
    });
    expect((await send(port)).body).toBe('abc');
    expect(await sizes).toEqual({ request: 0, response: 3 });
  });
});

describe('the request body (metric:size)', () => {
  test.each([
    ['with a length', { 'Content-Length': '5' }, 'hello'],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }, 'hello'],
    ['of text of two bytes each', { 'Transfer-Encoding': 'chunked' }, 'äö'],
  ])('%s is what arrived, without its framing', async (_name, headers, body) => {
    const { port, sizes } = await counting(async (request, response) => {
      response.end(await buffer(request));
    });
    expect((await send(port, '/', { method: 'POST', headers, body })).body).toBe(body);
    expect(await sizes).toEqual({ request: Buffer.byteLength(body), response: Buffer.byteLength(body) });
  });

  test('is what had arrived when the client went away', async () => {
    let arrived = false;
    const { port, sizes } = await counting((request) =>
      request.on('data', () => {
        arrived = true;
      }),
    );
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false });
    request.on('error', () => {});
    request.write('12345');
    await until(() => arrived);
    request.destroy();
    expect(await sizes).toEqual({ request: 5, response: 0 });
  });
});

describe('nothing else changes (message:hooks)', () => {
  test('write tells of backpressure, drain follows, callbacks are called, results are those of Node', async () => {
    const calls: unknown[] = [];
    const { port, sizes } = await counting((_, response) => {
      const big = Buffer.alloc(1024 * 1024);
      const accepted = response.write(big, () => calls.push('written'));
      response.once('drain', () => {
        calls.push('drain');
        const result = response.end('x', 'utf8', () => calls.push('ended'));
        calls.push(result === response);
      });
      calls.push(accepted);
    });
    const { body } = await send(port);
    expect(body).toHaveLength(1024 * 1024 + 1);
    await sizes;
    expect(calls[0]).toBe(false);
    expect(calls.slice(1).sort()).toEqual(['drain', 'ended', 'written', true].sort());
  });

  test('a request body can be paused, and its push tells of backpressure', async () => {
    const { port, sizes } = await counting(async (request, response) => {
      request.pause();
      await delay(50);
      const { readableLength } = request;
      response.end(`${readableLength < 2_000_000} ${(await buffer(request)).length}`);
    });
    const body = 'x'.repeat(3_000_000);
    expect((await send(port, '/', { method: 'POST', body })).body).toBe('true 3000000');
    expect((await sizes).request).toBe(3_000_000);
  });

  test('requests on one connection are counted each for itself', async () => {
    const seen: unknown[] = [];
    const port = await serve(
      createServer((request, response) => {
        const counted = countBodies(request, response);
        response.on('close', () => seen.push({ ...counted() }));
        request.resume().on('end', () => response.end(request.url));
      }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const [path, body] of [
      ['/a', '1'],
      ['/bb', '22'],
    ] as const) {
      const request = httpRequest({ port, host: '127.0.0.1', path, method: 'POST', agent }).end(body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await buffer(response);
    }
    await until(() => seen.length === 2);
    agent.destroy();
    expect(seen).toEqual([
      { requestBodySize: 1, responseBodySize: 2 },
      { requestBodySize: 2, responseBodySize: 3 },
    ]);
  });
});

test('HTTP/2 bodies are counted once, though end goes through write there (metric:size)', async () => {
  const seen: unknown[] = [];
  const port = await serve(
    createHttp2Server((request, response) => {
      const counted = countBodies(request, response);
      response.on('close', () => seen.push({ ...counted() }));
      request.resume().on('end', () => {
        response.write('ab');
        response.end('äc', 'utf8');
      });
    }),
  );
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ':method': 'POST' });
  stream.end('12345');
  expect((await buffer(stream)).toString()).toBe('abäc');
  session.close();
  await until(() => seen.length === 1);
  expect(seen).toEqual([{ requestBodySize: 5, responseBodySize: 5 }]);
});

describe('messages (message:hooks)', () => {
  /** Serves one handler with its messages watched; returns the port and what hooks would be shown. */
  async function watching(handler: Handler): Promise<{ port: number; seen: unknown[] }> {
    const seen: unknown[] = [];
    const needs = { ...NO_NEEDS, receives: true, sends: true };
    const messages: Messages = {
      pass(direction, { type, size }, handled) {
        seen.push([direction, type, size]);
        return handled();
      },
    };
    const port = await serve(
      createServer((request, response) => {
        expect(watchBodies({ ended: false, needs, messages: () => messages }, request, response)).toBe(
          undefined,
        );
        handler(request, response);
      }),
    );
    return { port, seen };
  }

  test.each<[string, Handler, unknown[]]>([
    [
      'written in three ways',
      (_, response) => {
        response.write('ab');
        response.write(Buffer.from('cde'));
        response.write('');
        response.end('YQ==', 'base64');
      },
      [
        ['send', 'body', 2],
        ['send', 'body', 3],
        ['send', 'body', 1],
      ],
    ],
    [
      'of an event stream whose type is given with the head, its events in pieces',
      (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
        response.write('id: 1\n');
        response.write('data: a\n\n: ping\n\n');
        response.end('data: b\n\n');
      },
      [
        ['send', 'event', 15],
        ['send', 'event', 9],
      ],
    ],
    [
      'of an event stream that is compressed',
      (_, response) => {
        response.setHeader('content-type', 'text/event-stream');
        response.setHeader('content-encoding', 'gzip');
        response.end(gzipSync('data: a\n\n'));
      },
      [['send', 'body', gzipSync('data: a\n\n').length]],
    ],
    ['dropped with a 204', (_, response) => response.writeHead(204).end('dropped'), []],
    [
      'refused after the end',
      (_, response) =>
        response
          .end('a')
          .on('error', () => {})
          .write('b'),
      [['send', 'body', 1]],
    ],
  ])('are the chunks %s', async (_case, handler, expected) => {
    const { port, seen } = await watching(handler);
    await send(port);
    expect(seen).toEqual(expected);
  });

  test('are told apart from trailers, in a pipeline and by async iteration', async () => {
    const { port, seen } = await watching(async (request, response) => {
      const chunks: string[] = [];
      for await (const chunk of request.setEncoding('utf8')) chunks.push(chunk as string);
      response.writeHead(200, { trailer: 'x-checksum' });
      response.addTrailers({ 'x-checksum': '42' });
      await pipeline(Readable.from([chunks.join(''), 'ok'], { objectMode: false }), response);
    });
    const socket = connectSocket(port, '127.0.0.1');
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-in: 1\r\n\r\n',
    );
    const answer = await text(socket);
    expect(answer.endsWith('\r\n\r\n3\r\nabc\r\n2\r\nok\r\n0\r\nx-checksum: 42\r\n\r\n')).toBe(true);
    expect(seen).toEqual([
      ['receive', 'body', 3],
      ['send', 'body', 3],
      ['send', 'body', 2],
    ]);
  });
});
