import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import { Diagnostics, until } from '@otel-middleware/conformance';
import type { Message } from '@otel-middleware/core';
import WebSocket from 'ws';
import type { WebSocketServerOptions } from '../src/index.js';
import { instrumentWebSocketServer } from '../src/index.js';
import { afterTest, handshake, recordingTo, TracedSockets } from './traced-sockets.js';

/** By the name that every version of `ws` 8 has. */
const { createWebSocketStream } = WebSocket as unknown as {
  createWebSocketStream(socket: WebSocket): Duplex;
};

const diagnostics = new Diagnostics();
beforeEach(() => diagnostics.register());
afterEach(() => {
  expect(diagnostics.take()).toEqual([]);
  diagnostics.unregister();
});

/** The server's end of the first connection, and the client's. */
async function pair(
  options: WebSocketServerOptions,
  server: object = {},
): Promise<{ sockets: TracedSockets; own: WebSocket; client: WebSocket }> {
  const sockets = await TracedSockets.start({ options, server });
  const accepted = once(sockets.wss, 'connection') as Promise<[WebSocket]>;
  const client = await sockets.open('/x');
  const [own] = await accepted;
  return { sockets, own, client };
}

function noting(): { seen: unknown[]; options: WebSocketServerOptions } {
  const seen: unknown[] = [];
  const note = (_span: unknown, { direction, type, size, opcode }: Message): void =>
    void seen.push([direction, type, size, opcode]);
  return { seen, options: { receiveHook: note, sendHook: note } };
}

describe('[ws:messages] what is sent has its real size and opcode', () => {
  test('a ping and a pong with nothing but a callback', async () => {
    const { seen, options } = noting();
    const { own } = await pair(options);
    await new Promise((resolve) => own.ping(resolve as () => void));
    await new Promise((resolve) => own.pong(resolve as () => void));
    expect(seen).toEqual([
      ['send', 'ping', 0, 9],
      ['send', 'pong', 0, 10],
    ]);
  });

  test('bytes in an array', async () => {
    const { seen, options } = noting();
    const { own, client } = await pair(options);
    own.send([100, 200, 7]);
    const [data] = await once(client, 'message');
    expect(data).toHaveLength(3);
    expect(seen).toEqual([['send', 'binary', 3, 2]]);
  });

  test('fragments: the first has the opcode of its type, the others that of a continuation', async () => {
    const { seen, options } = noting();
    const { own, client } = await pair(options);
    const texts: string[] = [];
    client.on('message', (data) => texts.push(String(data)));
    own.send('one ', { fin: false });
    own.send('two ', { fin: false });
    own.send('three', { fin: true });
    own.send('four');
    await until(
      () => texts.length === 2,
      () => `two messages, not ${texts}`,
    );
    expect(texts).toEqual(['one two three', 'four']);
    expect(seen).toEqual([
      ['send', 'text', 4, 1],
      ['send', 'text', 4, 0],
      ['send', 'text', 5, 0],
      ['send', 'text', 4, 1],
    ]);
  });

  test('what a stream writes, compressed', async () => {
    const { seen, options } = noting();
    const sockets = await TracedSockets.start({ options, server: { perMessageDeflate: { threshold: 0 } } });
    sockets.wss.on('connection', (own) => {
      const duplex = createWebSocketStream(own);
      duplex.pipe(duplex);
    });
    const client = await sockets.open('/x');
    client.send('y'.repeat(100_000));
    const [data] = await once(client, 'message');
    expect(data).toHaveLength(100_000);
    expect(seen).toEqual([
      ['receive', 'text', 100_000, 1],
      ['send', 'binary', 100_000, 2],
    ]);
  });

  test('what is refused by ws fails as without us, and is on its span', async () => {
    const { sockets, own } = await pair({ messageSpans: true });
    expect(() => own.ping('x'.repeat(126))).toThrow(RangeError);
    expect(() => own.close(1006)).toThrow(TypeError);
    const [, ping, close] = await sockets.spans(3);
    expect([ping?.name, ping?.attributes['error.type']]).toEqual(['send ping', 'RangeError']);
    expect([close?.name, close?.attributes['error.type']]).toEqual(['send close', 'TypeError']);
  });
});

describe('[ws:messages] what breaks a connection', () => {
  test('is shown to hooks, and nothing is asked of the span that has ended', async () => {
    const { seen, options } = noting();
    const { own, client } = await pair(options, { maxPayload: 10 });
    const failed = once(own, 'error');
    client.send('x'.repeat(11));
    await failed;
    expect(seen[1] ?? seen[0]).toEqual(['receive', 'error', 0, undefined]);
  });

  test('is recorded once, also when nobody listens', async () => {
    const { sockets, own, client } = await pair({ messageSpans: true }, { maxPayload: 10 });
    const { emit } = own;
    const thrown: unknown[] = [];
    // In place of the process, which an error that nobody listens to would end.
    own.emit = function (event: string, ...args: unknown[]) {
      try {
        return emit.call(this, event, ...args);
      } catch (error) {
        return thrown.push(error) > 0;
      }
    };
    client.send('x'.repeat(11));
    await once(client, 'close');
    await until(
      () => thrown.length === 1,
      () => 'an error',
    );
    const span = (await sockets.spans(2)).find(({ name }) => name === 'receive error');
    expect(span?.events).toHaveLength(1);
    expect(span?.status.message).toContain('Max payload size exceeded');
  });
});

describe('[ws:messages] what a message causes is in its trace', () => {
  test('a broadcast: children of the message, linked to the handshakes of their sockets', async () => {
    const sockets = await TracedSockets.start({ options: { messageSpans: true } });
    sockets.wss.on('connection', (own) =>
      own.on('message', async (data) => {
        await sleep(1);
        for (const member of sockets.wss.clients) member.send(String(data));
      }),
    );
    const [ada, bob] = [await sockets.open('/ada'), await sockets.open('/bob')];
    const heard = Promise.all([once(ada, 'message'), once(bob, 'message')]);
    ada.send('hello');
    await heard;
    await sockets.spans(5);
    const handshakes = ['/ada', '/bob'].map(
      (path) =>
        sockets.telemetry.ended.find(({ attributes }) => attributes['url.path'] === path)?.spanContext()
          .spanId,
    );
    const received = sockets.telemetry.ended.find(({ name }) => name === 'receive text');
    const sent = sockets.telemetry.ended.filter(({ name }) => name === 'send text');
    expect(sent.map(({ links }) => links.map(({ context }) => context.spanId))).toEqual(
      handshakes.map((id) => [id]),
    );
    const cause = received?.spanContext().spanId;
    expect(sent.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([cause, cause]);
  });

  test('without a cause they begin a trace: from a listener of `connection`, from a timer', async () => {
    const sockets = await TracedSockets.start({ options: { messageSpans: true } });
    sockets.wss.on('connection', (own) => {
      own.send('welcome');
      setTimeout(() => {
        for (const member of sockets.wss.clients) member.send('tick');
      }, 20);
    });
    await sockets.open('/x');
    await sockets.open('/y');
    await sockets.spans(8);
    const parents = sockets.telemetry.ended
      .filter(({ name }) => name === 'send text')
      .map(({ parentSpanContext }) => parentSpanContext);
    expect(parents).toEqual(Array(6).fill(undefined));
  });

  test('a span of the application around a send is its parent', async () => {
    const { sockets, own } = await pair({ messageSpans: true });
    const tracer = sockets.telemetry.tracerProvider.getTracer('application');
    tracer.startActiveSpan('notify', (span) => {
      own.send('hello');
      span.end();
    });
    await sockets.spans(3);
    const [, sent, notify] = sockets.telemetry.ended;
    expect([sent?.name, sent?.parentSpanContext?.spanId]).toEqual([
      'send text',
      notify?.spanContext().spanId,
    ]);
    expect(trace.getActiveSpan()).toBeUndefined();
  });
});

test('[ws:messages] instrumented twice, a message has one span, and hooks of both', async () => {
  const calls: string[] = [];
  const sockets = await TracedSockets.start({
    options: { messageSpans: true, receiveHook: () => void calls.push('first') },
  });
  instrumentWebSocketServer(sockets.wss, {
    ...recordingTo(sockets.telemetry),
    messageSpans: true,
    receiveHook: () => void calls.push('second'),
  });
  const client = await sockets.open('/x');
  client.send('hello');
  await sockets.spans(2);
  await sleep(20);
  expect(sockets.telemetry.ended.map(({ name }) => name)).toEqual(['GET', 'receive text']);
  expect(calls.sort()).toEqual(['first', 'second']);
});

test('[ws:messages] frames that came with the handshake are shown like any other', async () => {
  const { seen, options } = noting();
  const sockets = await TracedSockets.start({ options });
  const client = connect(sockets.port, '127.0.0.1');
  afterTest(() => client.destroy());
  const text = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
  client.write(Buffer.concat([Buffer.from(handshake('/x')), text]));
  await until(
    () => seen.length > 0,
    () => 'a message',
  );
  expect(seen).toEqual([['receive', 'text', 2, 1]]);
});
