import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeServers, send, sendBytes, serve } from '@otel-middleware/testbed/node-server';
import type { ForwardedRequest, NodeRequestLike } from '../../src/node.js';
import { forwardedRequest, nodeRequest } from '../../src/node.js';

afterEach(closeServers);

const getter = nodeRequest<NodeRequestLike>(
  (request) => request,
  () => undefined,
);

/** Everything that the getter reads of one request that a real server has received. */
function reading(names: readonly string[] = []) {
  const read = (request: NodeRequestLike) => ({
    keys: getter.keys(request),
    values: Object.fromEntries(names.map((name) => [name, getter.headerValues(request, name)])),
    joined: Object.fromEntries(names.map((name) => [name, getter.get(request, name)])),
    method: getter.method(request),
    target: getter.target(request),
    scheme: getter.scheme(request),
    authority: getter.authority(request),
    protocolVersion: getter.protocolVersion?.(request),
    clientAddress: getter.clientAddress?.(request),
    clientPort: getter.clientPort?.(request),
    peerAddress: getter.peerAddress?.(request),
    peerPort: getter.peerPort?.(request),
    localAddress: getter.localAddress?.(request),
    localPort: getter.localPort?.(request),
    transport: getter.transport?.(request),
  });
  const seen: ReturnType<typeof read>[] = [];
  return { seen, note: (request: NodeRequestLike) => void seen.push(read(request)) };
}

async function readOf(bytes: string, names: readonly string[] = []) {
  const { seen, note } = reading(names);
  const port = await serve(
    createServer((request, response) => {
      note(request);
      response.end();
    }),
  );
  await sendBytes(port, bytes);
  return { ...seen[0], port };
}

describe('HTTP/1', () => {
  test('what every object inherits is no header (header:capture)', async () => {
    const names = ['constructor', '__proto__', 'toString'];
    const { values } = await readOf('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', names);
    expect(names.map((name) => values?.[name])).toEqual([undefined, undefined, undefined]);
  });

  test('values are the caller’s own, which a change of the request does not reach (header:values)', async () => {
    const seen: unknown[] = [];
    const listener: RequestListener = (request, response) => {
      const values = getter.headerValues(request, 'set-cookie');
      request.headers['set-cookie']?.push('b=2');
      seen.push(values, request.headers['set-cookie']);
      response.end();
    };
    await sendBytes(
      await serve(createServer(listener)),
      'GET / HTTP/1.1\r\nHost: h\r\nSet-Cookie: a=1\r\nConnection: close\r\n\r\n',
    );
    expect(seen).toEqual([['a=1'], ['a=1', 'b=2']]);
  });

  test('method, target, scheme, authority and version are as received (attribute:path, attribute:protocol)', async () => {
    const read = await readOf('PURGE //a/../b?q=%20#f HTTP/1.0\r\nHost: Shop.Example:81\r\n\r\n');
    expect(read).toMatchObject({
      method: 'PURGE',
      target: '//a/../b?q=%20#f',
      scheme: 'http',
      authority: 'Shop.Example:81',
      protocolVersion: '1.0',
    });
  });

  test.each([
    ['OPTIONS * HTTP/1.1\r\nHost: h\r\n', '*', 'h'],
    ['GET http://other/p HTTP/1.1\r\nHost: h\r\n', 'http://other/p', 'h'],
    ['GET / HTTP/1.0\r\n', '/', undefined],
    ['GET / HTTP/1.1\r\nHost:\r\n', '/', ''],
  ])('%j has the target %j and the authority %j (attribute:host)', async (head, target, authority) => {
    expect(await readOf(`${head}Connection: close\r\n\r\n`)).toMatchObject({ target, authority });
  });

  test('addresses and ports are those of the socket, on both ends (attribute:peer)', async () => {
    const { port, peerPort, clientPort, ...read } = await readOf(
      'GET / HTTP/1.0\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n',
    );
    expect(read).toMatchObject({
      clientAddress: '127.0.0.1',
      peerAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
      localPort: port,
      transport: 'tcp',
    });
    expect(peerPort).toBeGreaterThan(1023);
    expect(clientPort).toBe(peerPort);
  });

  test('IPv4 over a dual-stack socket is written as IPv4 (attribute:peer)', async () => {
    const { seen, note } = reading();
    const server = createServer((request, response) => {
      note(request);
      response.end();
    });
    server.listen(0, '::');
    await once(server, 'listening');
    await send((server.address() as AddressInfo).port);
    server.close();
    expect(seen[0]).toMatchObject({
      clientAddress: '127.0.0.1',
      peerAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
    });
  });

  test('a server on a UNIX socket has no addresses, and nothing throws (attribute:no-nullish)', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'socket-'));
    const { seen, note } = reading();
    const server = createServer((request, response) => {
      note(request);
      response.end();
    });
    server.listen(join(folder, 's'));
    await once(server, 'listening');
    await send(join(folder, 's'));
    server.close();
    rmSync(folder, { recursive: true });
    expect(seen[0]).toMatchObject({ transport: 'unix', method: 'GET', target: '/' });
    for (const name of [
      'clientAddress',
      'clientPort',
      'peerAddress',
      'peerPort',
      'localAddress',
      'localPort',
    ] as const) {
      expect(seen[0]?.[name]).toBeUndefined();
    }
  });

  describe('header values are one per field received (header:values)', () => {
    const fields = [
      'Host: h',
      'X-One: a',
      'X-Comma: a, b',
      'x-many: a',
      'X-MANY: b, c',
      'Cookie: a=1; b=2',
      'Cookie: c=3',
      'User-Agent: first',
      'User-Agent: second',
      'X-Latin: \u00e9\u00ff',
      'X-Empty:',
      'X-Semicolon: a;b',
    ];
    test.each<[string, string[] | undefined, string | undefined]>([
      ['x-one', ['a'], 'a'],
      ['x-comma', ['a, b'], 'a, b'],
      ['x-many', ['a', 'b, c'], 'a, b, c'],
      ['cookie', ['a=1; b=2', 'c=3'], 'a=1; b=2; c=3'],
      ['user-agent', ['first'], 'first'],
      ['x-latin', ['\u00e9\u00ff'], '\u00e9\u00ff'],
      ['x-empty', [''], ''],
      ['x-semicolon', ['a;b'], 'a;b'],
      ['x-absent', undefined, undefined],
    ])('%s: %j', async (name, values, joined) => {
      const read = await readOf(`GET / HTTP/1.0\r\n${fields.join('\r\n')}\r\n\r\n`, [name]);
      expect([read.values?.[name], read.joined?.[name]]).toEqual([values, joined]);
      expect(read.keys).toEqual([
        'host',
        'x-one',
        'x-comma',
        'x-many',
        'cookie',
        'user-agent',
        'x-latin',
        'x-empty',
        'x-semicolon',
      ]);
    });
  });

  test('a doubled traceparent reaches the propagator as one value that is not valid (propagation:invalid)', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const read = await readOf(
      `GET / HTTP/1.0\r\ntraceparent: ${traceparent}\r\nTraceParent: ${traceparent}\r\n\r\n`,
      ['traceparent'],
    );
    expect(read.joined?.traceparent).toBe(`${traceparent}, ${traceparent}`);
  });
});

test('the target is what it was before a framework rewrote it (attribute:path)', () => {
  expect(getter.target({ url: '/rest', originalUrl: '/mount/rest?a' } as unknown as IncomingMessage)).toBe(
    '/mount/rest?a',
  );
});

describe('HTTP/2', () => {
  async function readOverHttp2(headers: Record<string, string | string[]>, names: readonly string[] = []) {
    const { seen, note } = reading(names);
    const port = await serve(
      createHttp2Server((request, response) => {
        note(request);
        response.end();
      }),
    );
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/a?b', ...headers });
    stream.resume();
    await once(stream, 'close');
    session.close();
    return { ...seen[0], port };
  }

  test('pseudo headers are the request line, and no headers (life:h2, attribute:host)', async () => {
    const read = await readOverHttp2({ ':authority': 'shop.example:444', 'x-a': '1' });
    expect(read).toMatchObject({
      method: 'GET',
      target: '/a?b',
      scheme: 'http',
      authority: 'shop.example:444',
      protocolVersion: '2',
      keys: ['x-a'],
      clientAddress: '127.0.0.1',
      peerAddress: '127.0.0.1',
      localPort: read.port,
      transport: 'tcp',
    });
    expect(read.peerPort).toBeGreaterThan(1023);
  });

  test('Host stands in where there is no authority (attribute:host)', async () => {
    expect((await readOverHttp2({ host: 'old.example' })).authority).toBe('old.example');
  });

  test('repeated fields and cookies are one value each (header:values)', async () => {
    const read = await readOverHttp2({ 'x-many': ['a', 'b, c'], cookie: ['a=1', 'b=2'] }, [
      'x-many',
      'cookie',
    ]);
    expect(read.values).toEqual({ 'x-many': ['a', 'b, c'], cookie: ['a=1', 'b=2'] });
    expect(read.joined).toEqual({ 'x-many': 'a, b, c', cookie: 'a=1; b=2' });
  });
});

describe('what a trusted proxy tells (attribute:proxy-trusted)', () => {
  const request = {
    httpVersion: '1.1',
    headers: { host: 'direct:1' },
    rawHeaders: [],
    socket: { remoteAddress: '::ffff:10.0.0.1', remotePort: 9, once: () => {}, removeListener: () => {} },
  } as NodeRequestLike;
  const read = (told: Partial<ForwardedRequest> | undefined) => {
    const nothing = { address: undefined, port: undefined, proto: undefined, host: undefined };
    const trusting = nodeRequest<NodeRequestLike>(
      (each) => each,
      () => told && { ...nothing, ...told },
    );
    return [
      trusting.scheme(request),
      trusting.authority(request),
      trusting.clientAddress?.(request),
      trusting.clientPort?.(request),
      trusting.peerAddress?.(request),
      trusting.peerPort?.(request),
    ];
  };

  test.each<[string, Partial<ForwardedRequest> | undefined, unknown[]]>([
    ['nothing, as none is trusted', undefined, ['http', 'direct:1', '10.0.0.1', 9]],
    ['nothing that is valid', {}, ['http', 'direct:1', '10.0.0.1', 9]],
    ['a scheme', { proto: 'https' }, ['https', 'direct:1', '10.0.0.1', 9]],
    ['a host', { host: 'shop.example' }, ['http', 'shop.example', '10.0.0.1', 9]],
    [
      'an address and its port',
      { address: '203.0.113.7', port: 4711 },
      ['http', 'direct:1', '203.0.113.7', 4711],
    ],
    [
      'an address, whose port is not that of the proxy',
      { address: '203.0.113.7' },
      ['http', 'direct:1', '203.0.113.7', undefined],
    ],
  ])('%s', (_name, told, expected) => {
    expect(read(told)).toEqual([...expected, '10.0.0.1', 9]);
  });
});

test.each<[string | undefined, string | undefined, string | undefined, ForwardedRequest]>([
  [
    undefined,
    undefined,
    undefined,
    { address: undefined, port: undefined, proto: undefined, host: undefined },
  ],
  ['203.0.113.7:1', 'HTTPS', 'h:2', { address: '203.0.113.7', port: 1, proto: 'https', host: 'h:2' }],
  ['[::1]', 'http', '[::1]', { address: '::1', port: undefined, proto: 'http', host: '[::1]' }],
  ['unknown', 'ftp', 'a b', { address: undefined, port: undefined, proto: undefined, host: undefined }],
  ['', '', '', { address: undefined, port: undefined, proto: undefined, host: undefined }],
])('of %j, %j and %j what is valid is told (attribute:proxy-trusted)', (client, proto, host, told) => {
  expect(forwardedRequest(client, proto, host)).toEqual(told);
});
