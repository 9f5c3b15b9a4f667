import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { SpanKind, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { matrix, until } from '@otel-middleware/conformance';
import type { Message } from '@otel-middleware/core';
import { serverSpan } from '@otel-middleware/core';
import type { WebSocket } from 'ws';
import type { WebSocketServerOptions } from '../src/index.js';
import { handshake, TracedSockets } from './traced-sockets.js';

const activeId = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;

/** Options that note all messages. */
function noting(): { seen: Message[]; options: WebSocketServerOptions } {
  const seen: Message[] = [];
  const hook: WebSocketServerOptions['receiveHook'] = (_span, message) => void seen.push(message);
  return { seen, options: { receiveHook: hook, sendHook: hook } };
}

function message(direction: Message['direction'], type: string, index: number, size: number): Message {
  const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 }[type];
  return { direction, type, index, size, ...(opcode !== undefined && { opcode }) };
}

describe('[ws:messages] hooks', () => {
  test('see what is received, of every kind, and what the server answers by itself', async () => {
    const { seen, options } = noting();
    const sockets = await TracedSockets.start({ options });
    const socket = await sockets.open('/x');
    socket.send('häus');
    socket.send(Buffer.from([1, 2, 3]));
    socket.send('');
    socket.ping('pi');
    socket.pong('p');
    socket.close(4000, 'bye');
    await once(socket, 'close');
    await until(
      () => seen.length === 8,
      () => `8 messages, not ${JSON.stringify(seen)}`,
    );
    expect(seen.filter(({ direction }) => direction === 'receive')).toEqual([
      message('receive', 'text', 0, 5),
      message('receive', 'binary', 1, 3),
      message('receive', 'text', 2, 0),
      message('receive', 'ping', 3, 2),
      message('receive', 'pong', 4, 1),
      { ...message('receive', 'close', 5, 5), code: 4000 },
    ]);
    expect(seen.filter(({ direction }) => direction === 'send')).toEqual([
      message('send', 'pong', 0, 2),
      // Code and reason are sent back.
      { ...message('send', 'close', 1, 5), code: 4000 },
    ]);
  });

  test('see what is sent, in all the forms that send takes', async () => {
    const { seen, options } = noting();
    const sockets = await TracedSockets.start({ options });
    const accepted = once(sockets.wss, 'connection') as Promise<[WebSocket]>;
    const socket = await sockets.open('/x');
    const [server] = await accepted;
    const received: unknown[] = [];
    socket.on('message', (data, isBinary) => received.push([isBinary, String(data)]));
    let called = 0;
    const done = (): void => void called++;
    server.send('häus');
    server.send(42 as unknown as string, done);
    server.send(Buffer.from('ab'), { binary: false }, done);
    server.send(new Uint8Array([97, 98, 99]));
    server.send(new ArrayBuffer(4));
    server.send('text', { binary: true });
    server.ping('pi', undefined, done);
    server.pong();
    server.close(1000, 'done');
    await once(socket, 'close');
    // To a socket that is closing nothing is sent.
    server.send('late', () => {});
    expect(seen.filter(({ direction }) => direction === 'send')).toEqual([
      message('send', 'text', 0, 5),
      message('send', 'text', 1, 2),
      message('send', 'text', 2, 2),
      message('send', 'binary', 3, 3),
      message('send', 'binary', 4, 4),
      message('send', 'binary', 5, 4),
      message('send', 'ping', 6, 2),
      message('send', 'pong', 7, 0),
      { ...message('send', 'close', 8, 6), code: 1000 },
    ]);
    expect(received).toEqual([
      [false, 'häus'],
      [false, '42'],
      [false, 'ab'],
      [true, 'abc'],
      [true, '\0\0\0\0'],
      [true, 'text'],
    ]);
    expect(called).toBe(3);
  });

  test('are told the size of the content, whatever compression and fragments make of it', async () => {
    const { seen, options } = noting();
    const sockets = await TracedSockets.start({ options, server: { perMessageDeflate: { threshold: 0 } } });
    sockets.wss.on('connection', (server) => server.on('message', (data) => server.send(data)));
    const socket = await sockets.open('/x');
    expect(socket.extensions).toContain('permessage-deflate');
    socket.send('x'.repeat(1000), { fin: false });
    socket.send('x'.repeat(500), { fin: true });
    await once(socket, 'message');
    expect(seen).toEqual([message('receive', 'text', 0, 1500), message('send', 'binary', 0, 1500)]);
  });

  test('are given the handshake’s span, its request and its context', async () => {
    const given: unknown[] = [];
    const sockets = await TracedSockets.start({
      options: {
        receiveHook: (span, { type }, request) =>
          given.push([type, span.spanContext().spanId, activeId(), request.url]),
      },
    });
    const socket = await sockets.open('/rooms/7');
    socket.send('a');
    await until(
      () => given.length === 1,
      () => 'a message',
    );
    expect(given).toEqual([['text', sockets.spanId(0), sockets.spanId(0), '/rooms/7']]);
    expect(await sockets.spans(1)).toHaveLength(1);
  });

  test('see no close of a connection that broke', async () => {
    const { seen, options } = noting();
    const sockets = await TracedSockets.start({ options });
    const accepted = once(sockets.wss, 'connection') as Promise<[WebSocket]>;
    const socket = await sockets.open('/x');
    const [server] = await accepted;
    const closed = once(server, 'close');
    socket.terminate();
    expect((await closed)[0]).toBe(1006);
    expect(seen).toEqual([]);
  });
});

describe('[ws:messages] message spans', () => {
  test('are linked to the handshake, in a trace of their own, and active in the listeners of their message', async () => {
    const sockets = await TracedSockets.start({ options: { messageSpans: true, route: '/rooms/:room' } });
    const active: unknown[] = [];
    sockets.wss.on('connection', (server) => {
      server.on('message', (data) => {
        active.push(activeId(), serverSpan()?.spanContext().spanId);
        server.send(data, { binary: false });
      });
    });
    const socket = await sockets.open('/rooms/7');
    socket.send('hello');
    await once(socket, 'message');
    const [server, sent, received] = await sockets.spans(3);
    const own = (name: string, direction: string) => ({
      name,
      kind: SpanKind.INTERNAL,
      attributes: {
        'otel_middleware.message.direction': direction,
        'otel_middleware.message.type': 'text',
        'otel_middleware.message.index': 0,
        'otel_middleware.message.size': 5,
        'otel_middleware.message.opcode': 1,
      },
      status: { code: 0 },
      events: [],
      links: [{ ...ids(sockets, 0), attributes: {} }],
      parent: undefined,
      scope: server?.scope,
    });
    // What a message is answered with is a child of its span.
    expect(sent).toEqual({ ...own('send text', 'send'), parent: { ...ids(sockets, 2), remote: false } });
    expect(received).toEqual(own('receive text', 'receive'));
    expect(active).toEqual([sockets.spanId(2), sockets.spanId(0)]);
    expect(new Set([0, 1, 2].map((index) => ids(sockets, index).traceId)).size).toBe(2);
  });

  test('record what a listener throws, which goes on as without us', async () => {
    const sockets = await TracedSockets.start({ options: { messageSpans: true } });
    const error = new RangeError('too loud');
    const thrown: unknown[] = [];
    sockets.wss.on('connection', (server) => {
      const { emit } = server;
      // In place of the process, which an error of a listener would end.
      server.emit = function (event, ...args) {
        try {
          return emit.call(this, event, ...args);
        } catch (caught) {
          thrown.push(caught);
          return true;
        }
      };
      server.on('message', () => {
        throw error;
      });
    });
    (await sockets.open('/x')).send('hello');
    const [, received] = await sockets.spans(2);
    expect(thrown).toEqual([error]);
    expect(received?.status).toEqual({ code: 2, message: 'too loud' });
    expect(received?.attributes['error.type']).toBe('RangeError');
    expect(received?.events.map(({ name }) => name)).toEqual(['exception']);
  });

  test('tell of what breaks the protocol', async () => {
    const sockets = await TracedSockets.start({
      options: { messageSpans: true },
      server: { maxPayload: 10 },
    });
    const active: unknown[] = [];
    sockets.wss.on('connection', (server) => server.on('error', () => active.push(activeId())));
    const socket = await sockets.open('/x');
    socket.send('x'.repeat(11));
    await once(socket, 'close');
    await until(
      () => active.length === 1,
      () => 'an error',
    );
    const spans = await sockets.spans(2);
    const error = spans.find(({ name }) => name === 'receive error');
    expect(error?.status).toEqual({ code: 2, message: 'Max payload size exceeded' });
    expect(error?.attributes).toEqual({
      'otel_middleware.message.direction': 'receive',
      'otel_middleware.message.type': 'error',
      'otel_middleware.message.index': 0,
      'otel_middleware.message.size': 0,
      'error.type': 'RangeError',
    });
    expect(error?.events[0]?.attributes['exception.message']).toBe('Max payload size exceeded');
    expect(active).toEqual([sockets.spanId(spans.findIndex(({ name }) => name === 'receive error'))]);
  });
});

test('[ws:messages] without options the context is active in all listeners, and only emit is ours', async () => {
  const sockets = await TracedSockets.start();
  const found: unknown[] = [];
  const own: string[][] = [];
  const events = ['message', 'ping', 'pong', 'close'];
  const before = new Set<string>();
  sockets.wss.on('connection', (server) => {
    const noteOwn = () =>
      own.push(['emit', 'send', 'ping', 'pong', 'close'].filter((name) => Object.hasOwn(server, name)));
    noteOwn();
    for (const event of events)
      server.on(event, () => {
        before.add(event);
        found.push(activeId());
      });
    noteOwn();
  });
  const socket = await sockets.open('/x');
  socket.send('a');
  socket.ping();
  socket.pong();
  socket.close();
  await once(socket, 'close');
  await until(
    () => before.size === events.length,
    () => `all events, not ${[...before]}`,
  );
  expect(found).toEqual(Array(events.length).fill(sockets.spanId(0)));
  expect(own).toEqual([[], ['emit']]);
});

test('[ws:messages] ten thousand connections, ended in all ways, leave nothing behind', async () => {
  const [whole, batch] = matrix.first ? [10_000, 100] : [600, 100];
  const sockets = await TracedSockets.start({
    options: { messageSpans: true, excludedUrls: '^/excluded' },
    server: {
      maxPayload: 10,
      verifyClient: ({ req }: { req: { url: string } }) => !req.url.startsWith('/refused'),
    } as object,
  });
  sockets.wss.on('connection', (server, { url }) => {
    server.on('error', () => {});
    if (url === '/server') server.close();
    else if (url === '/terminated') server.terminate();
    else server.on('message', () => server.send('hello'));
  });
  const ends: readonly ((socket: WebSocket) => void)[] = [
    (socket) => socket.close(),
    (socket) => socket.terminate(),
    (socket) => socket.send('x'.repeat(11)),
    (socket) => {
      socket.send('hello');
      socket.on('message', () => socket.close(4000));
    },
  ];
  const paths = ['/server', '/terminated', '/refused', '/excluded', '/a', '/b', '/c', '/d'];
  const { ended, open } = sockets.telemetry;
  for (let begun = 0; begun < whole; begun += batch) {
    await Promise.all(
      Array.from({ length: batch }, async (_, index) => {
        const path = paths[index % paths.length] as string;
        const end = ends[index % ends.length] as (typeof ends)[number];
        if (index % 10 === 9)
          return void (await sockets.raw(handshake(path, { 'Sec-WebSocket-Version': '9' })));
        const socket = sockets.begin(path);
        socket.on('error', () => {});
        socket.on('open', () => end(socket));
        await new Promise((resolve) => socket.on('close', resolve));
      }),
    );
  }
  await until(
    () => sockets.wss.clients.size === 0 && open.size === 0,
    () => `an end, not ${sockets.wss.clients.size} sockets and ${open.size} spans`,
  );
  const handshakes = ended.filter(({ kind }) => kind === SpanKind.SERVER).length;
  const excluded = ended.filter(({ attributes }) => String(attributes['url.path']).startsWith('/excluded'));
  // Every eighth is for an excluded path.
  const begunExcluded = Array.from({ length: batch }, (_, index) => index % 8 === 3).filter(Boolean).length;
  expect(excluded).toEqual([]);
  expect(handshakes).toBe(whole - (begunExcluded * whole) / batch);
  await sleep(0);
  const [count, http] = await connections(sockets);
  expect([count, http]).toEqual([0, 0]);
  expect(sockets.wss.listenerCount('headers')).toBe(1);
}, 120_000);

/** Open connections of the server, and listeners on it that are more than it began with. */
function connections({ wss }: TracedSockets): Promise<[number, number]> {
  const { _server: server } = wss as unknown as {
    _server: {
      getConnections(found: (error: unknown, count: number) => void): void;
      listenerCount(event: string): number;
    };
  };
  return new Promise((resolve) => {
    setTimeout(
      () => server.getConnections((_error, count) => resolve([count, server.listenerCount('upgrade') - 1])),
      50,
    );
  });
}

function ids({ telemetry }: TracedSockets, index: number): { traceId: string; spanId: string } {
  const { traceId, spanId } = (telemetry.ended[index] as ReadableSpan).spanContext();
  return { traceId, spanId };
}
