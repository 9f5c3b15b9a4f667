import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Telemetry } from '@otel-middleware/conformance';
import { instrumentListener } from '@otel-middleware/node-http';
import type { WebSocketServerOptions } from '../src/index.js';
import { instrumentWebSocketServer } from '../src/index.js';
import { handshake, listen, recordingTo, TracedSockets, WebSocketServer } from './traced-sockets.js';

/** A server whose upgrades go through `upgrade` before they reach `ws`, as those do that are authenticated. */
async function upgradedBy(
  upgrade: (request: IncomingMessage, socket: Socket, proceed: () => void) => unknown,
  options: WebSocketServerOptions = {},
): Promise<TracedSockets & { readonly wss: InstanceType<typeof WebSocketServer> }> {
  const telemetry = new Telemetry();
  const sockets = await TracedSockets.start({ telemetry, mode: 'noServer', options });
  const http = createServer();
  http.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    upgrade(request, socket as Socket, () =>
      sockets.wss.handleUpgrade(request, socket, head, (webSocket) =>
        sockets.wss.emit('connection', webSocket, request),
      ),
    );
  });
  sockets.port = await listen(http);
  return sockets;
}

/** A promise for a moment that another function tells. */
function withResolver(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}

async function outcome(sockets: TracedSockets): Promise<unknown> {
  const [span, ...others] = await sockets.spans(1);
  expect(others).toEqual([]);
  expect(sockets.telemetry.open.size).toBe(0);
  return {
    status: span?.attributes['http.response.status_code'],
    error: span?.attributes['error.type'],
    events: span?.events.map(({ name }) => name),
  };
}

test('[ws:handshake] a client that was gone before the server began the handshake', async () => {
  const begun = withResolver();
  const sockets = await upgradedBy(async (_request, socket, proceed) => {
    begun.resolve();
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume();
    await closed;
    await sleep(5);
    proceed();
  });
  const client = connect(sockets.port, '127.0.0.1');
  client.write(handshake('/x'));
  await begun.promise;
  client.resetAndDestroy();
  expect(await outcome(sockets)).toEqual({ status: undefined, error: 'client_disconnected', events: [] });
});

test('[ws:handshake] a listener of `headers` that throws: nothing was sent', async () => {
  const error = new RangeError('headers');
  const thrown: unknown[] = [];
  const sockets = await upgradedBy((_request, socket, proceed) => {
    try {
      proceed();
    } catch (caught) {
      thrown.push(caught);
      socket.destroy();
    }
  });
  sockets.wss.on('headers', () => {
    throw error;
  });
  await sockets.raw(handshake('/x'));
  expect(await outcome(sockets)).toEqual({ status: undefined, error: 'RangeError', events: ['exception'] });
  expect(thrown).toEqual([error]);
});

test('[ws:handshake] a reset while it is verified ends as that of any other request does', async () => {
  const telemetry = new Telemetry();
  const served = withResolver();
  const listener = instrumentListener(() => served.resolve(), recordingTo(telemetry) as object);
  const port = await listen(createServer(listener));
  const sent = request({ port, host: '127.0.0.1' }).end();
  sent.on('error', () => {});
  await served.promise;
  (sent.socket as Socket).resetAndDestroy();
  const plain = await TracedSockets.start({ telemetry });
  const verifying = withResolver();
  const verifyClient = (_info: unknown, _done: unknown): void => verifying.resolve();
  const sockets = await TracedSockets.start({ server: { verifyClient } as object });
  const client = connect(sockets.port, '127.0.0.1');
  client.write(handshake('/x'));
  await verifying.promise;
  client.resetAndDestroy();
  expect(await outcome(sockets)).toEqual(await outcome(plain));
});

test('[ws:handshake] a server that is closing refuses with 503', async () => {
  const sockets = await upgradedBy((_request, _socket, proceed) => {
    sockets.wss.close();
    proceed();
  });
  expect(await sockets.raw(handshake('/x'))).toBe(503);
  expect(await outcome(sockets)).toEqual({ status: 503, error: '503', events: [] });
});

test('[ws:handshake] the socket that the application destroys, with its reason', async () => {
  const sockets = await TracedSockets.start({
    server: {
      verifyClient: ({ req }: { req: IncomingMessage }, _done: unknown) =>
        req.socket.destroy(new TypeError('no store')),
    } as object,
  });
  await sockets.raw(handshake('/x'));
  expect(await outcome(sockets)).toEqual({ status: undefined, error: 'TypeError', events: ['exception'] });
});

test('[ws:handshake] two servers on one listener never make two spans of one upgrade', async () => {
  const telemetry = new Telemetry();
  const http = createServer();
  const accepting: unknown[] = [];
  for (const path of ['/a', '/b']) {
    const wss = new WebSocketServer({ noServer: true, path });
    instrumentWebSocketServer(wss, { ...recordingTo(telemetry), route: path });
    http.on('upgrade', (request, socket, head) => {
      if (wss.shouldHandle(request)) wss.handleUpgrade(request, socket, head, () => accepting.push(path));
    });
  }
  const sockets = await TracedSockets.start({ telemetry });
  sockets.port = await listen(http);
  await sockets.open('/a');
  await sockets.open('/b');
  expect((await sockets.spans(2)).map(({ name }) => name)).toEqual(['GET /a', 'GET /b']);
  expect(accepting).toEqual(['/a', '/b']);
});

test.each(['HTTP/1.0 401 Unauthorized', 'HTTP/1.1 429 Slow Down'])(
  '[ws:handshake] a refusal by the application, in bytes: %s',
  async (statusLine) => {
    const sockets = await TracedSockets.start({
      server: {
        verifyClient: ({ req }: { req: IncomingMessage }, _done: unknown) =>
          req.socket.end(Buffer.from(`${statusLine}\r\nConnection: close\r\n\r\n`)),
      } as object,
    });
    const status = Number(statusLine.slice(9, 12));
    expect(await sockets.raw(handshake('/x'))).toBe(status);
    expect(await outcome(sockets)).toEqual({ status, error: undefined, events: [] });
  },
);
