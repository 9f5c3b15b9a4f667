import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import websocketPlugin from '@fastify/websocket';
import { serve, upgradeWebSocket } from '@hono/node-server';
import { afterEach, expect, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import { createContextManager, Telemetry, until } from '@otel-middleware/conformance';
import { opentelemetry as fastifyTelemetry } from '@otel-middleware/fastify';
import { opentelemetry as honoTelemetry } from '@otel-middleware/hono';
import { instrumentListener } from '@otel-middleware/node-http';
import fastify from 'fastify';
import { Hono } from 'hono';
import { WebSocket, WebSocketServer } from 'ws';
import { instrumentWebSocketServer } from '../src/index.js';
import { afterTest, listen, recordingTo } from './traced-sockets.js';

context.setGlobalContextManager(createContextManager());

let telemetry = new Telemetry();
afterEach(() => {
  telemetry = new Telemetry();
});

/** Says hello on a socket, and waits for the answer. */
async function greet(port: number, path = '/rooms/7'): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  afterTest(() => socket.terminate());
  socket.on('open', () => socket.send('hello'));
  const [answer] = await once(socket, 'message');
  expect(String(answer)).toBe('hello');
}

/** The spans of one greeting: the handshake, and two messages that are linked to it. */
async function expectSpans(scope: string): Promise<void> {
  const { ended } = telemetry;
  await until(
    () => ended.length >= 3,
    () => `three spans, not ${ended.map(({ name }) => name)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(
    ended.map(({ name, attributes, instrumentationScope, links }) => [
      name,
      attributes['http.response.status_code'],
      instrumentationScope.name,
      links.map((link) => link.context.spanId),
    ]),
  ).toEqual([
    ['GET /rooms/:room', 101, scope, []],
    ['send text', undefined, expect.any(String), [ended[0]?.spanContext().spanId]],
    ['receive text', undefined, expect.any(String), [ended[0]?.spanContext().spanId]],
  ]);
  expect(telemetry.open.size).toBe(0);
}

test('[ws:handshake] [ws:messages] under @fastify/websocket the span is Fastify’s, with its route', async () => {
  const app = fastify();
  await app.register(fastifyTelemetry, recordingTo(telemetry) as object);
  await app.register(websocketPlugin);
  instrumentWebSocketServer(app.websocketServer, { ...recordingTo(telemetry), messageSpans: true });
  app.register((scope, _options, done) => {
    scope.get('/rooms/:room', { websocket: true }, (socket) => {
      socket.on('message', (data) => socket.send(String(data)));
    });
    done();
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  afterTest(() => app.close());
  await greet((app.server.address() as AddressInfo).port);
  await expectSpans('@otel-middleware/fastify');
});

test('[ws:handshake] [ws:messages] under Hono’s upgradeWebSocket the span is Hono’s, with its route', async () => {
  const wss = new WebSocketServer({ noServer: true });
  instrumentWebSocketServer(wss, { ...recordingTo(telemetry), messageSpans: true });
  const app = new Hono();
  app.use(honoTelemetry(recordingTo(telemetry) as object));
  app.get(
    '/rooms/:room',
    upgradeWebSocket(() => ({ onMessage: (event, socket) => socket.send(String(event.data)) })),
  );
  const server = serve({
    fetch: app.fetch,
    websocket: { server: wss as never },
    hostname: '127.0.0.1',
    port: 0,
  });
  await once(server, 'listening');
  afterTest(() => server.close());
  await greet((server.address() as AddressInfo).port);
  await expectSpans('@otel-middleware/hono');
});

test('[ws:handshake] [ws:messages] beside an instrumented listener each takes its own requests', async () => {
  const listener = instrumentListener(
    (_request, response) => void response.end('ok'),
    recordingTo(telemetry) as object,
  );
  const http = createServer(listener);
  const wss = new WebSocketServer({ server: http });
  instrumentWebSocketServer(wss, { ...recordingTo(telemetry), messageSpans: true, route: '/rooms/:room' });
  const active: unknown[] = [];
  wss.on('connection', (socket) => {
    socket.on('message', (data) => {
      active.push(trace.getActiveSpan()?.spanContext().spanId);
      socket.send(String(data));
    });
  });
  const port = await listen(http);
  await greet(port);
  await expectSpans('@otel-middleware/ws');
  expect(active).toEqual([telemetry.ended[2]?.spanContext().spanId]);
  await fetch(`http://127.0.0.1:${port}/orders`);
  await until(
    () => telemetry.ended.length === 4,
    () => 'the span of the request',
  );
  expect(telemetry.ended[3]?.instrumentationScope.name).toBe('@otel-middleware/node-http');
});
