import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach } from '@jest/globals';
import type { MeterProvider } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import type { PlainSpan } from '@otel-middleware/conformance';
import {
  createContextManager,
  createPropagator,
  plainSpan,
  Telemetry,
  until,
} from '@otel-middleware/conformance';
import type { ClientOptions, WebSocketServer as Server, ServerOptions } from 'ws';
import WebSocket from 'ws';
import type { InstrumentedWebSocketServer, WebSocketServerOptions } from '../src/index.js';
import { instrumentWebSocketServer } from '../src/index.js';

/** By the name that every version of `ws` 8 has. */
export const WebSocketServer: typeof Server = (WebSocket as unknown as { Server: typeof Server }).Server;

context.setGlobalContextManager(createContextManager());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Calls back when the test is over. */
export function afterTest(close: () => unknown): void {
  closers.push(close);
}

/** The trace that every client comes from. */
export const PARENT: { readonly traceId: string; readonly spanId: string } = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
};
const TRACEPARENT: string = `00-${PARENT.traceId}-${PARENT.spanId}-01`;

/** The server that a test wants. */
export interface Setting {
  readonly options?: WebSocketServerOptions;
  readonly server?: Omit<ServerOptions, 'port' | 'server' | 'noServer'>;
  /** The object that takes the upgrades. Default: `server`. */
  readonly mode?: 'server' | 'port' | 'noServer';
  readonly telemetry?: Telemetry;
}

/** A server of `ws` on a loopback port until the test ends, instrumented, and what it has recorded. */
export class TracedSockets {
  readonly wss: Server;
  readonly telemetry: Telemetry;
  readonly instrumented: InstrumentedWebSocketServer;
  port = 0;

  private constructor(wss: Server, telemetry: Telemetry, options: WebSocketServerOptions) {
    this.wss = wss;
    this.telemetry = telemetry;
    this.instrumented = instrumentWebSocketServer(wss, { ...recordingTo(telemetry), ...options });
  }

  static async start({
    options = {},
    server = {},
    mode = 'server',
    telemetry,
  }: Setting = {}): Promise<TracedSockets> {
    const http = createServer();
    const listening = {
      port: { host: '127.0.0.1', port: 0 },
      server: { server: http },
      noServer: { noServer: true },
    }[mode];
    const wss = new WebSocketServer({ ...server, ...listening });
    const sockets = new TracedSockets(wss, telemetry ?? new Telemetry(), options);
    if (mode === 'noServer')
      http.on('upgrade', (request, socket, head) =>
        wss.handleUpgrade(request, socket, head, (webSocket) => wss.emit('connection', webSocket, request)),
      );
    afterTest(() => {
      for (const client of wss.clients) client.terminate();
      wss.close();
    });
    if (mode === 'port') {
      await once(wss, 'listening');
      sockets.port = (wss.address() as AddressInfo).port;
    } else sockets.port = await listen(http);
    return sockets;
  }

  /** Opens a socket; rejects when that is refused. */
  async open(path: string, options: ClientOptions = {}): Promise<WebSocket> {
    const socket = this.begin(path, options);
    await once(socket, 'open');
    return socket;
  }

  /** Begins to open a socket; it is ended with the test. */
  begin(path: string, { headers, ...options }: ClientOptions = {}): WebSocket {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}${path}`, {
      headers: { traceparent: TRACEPARENT, ...headers },
      ...options,
    });
    afterTest(() => socket.terminate());
    return socket;
  }

  /** Sends bytes to the server; returns the status code of what it answers before it closes. */
  async raw(request: string): Promise<number> {
    const socket: Socket = connect(this.port, '127.0.0.1');
    afterTest(() => socket.destroy());
    socket.write(request.replace('Host: 127.0.0.1', `Host: 127.0.0.1:${this.port}`));
    return Number((await text(socket)).slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
  }

  /** Waits until so many spans have ended, and a moment longer for one too many. */
  async spans(count: number): Promise<readonly PlainSpan[]> {
    const { ended } = this.telemetry;
    await until(
      () => ended.length >= count,
      () => `${count} spans, not ${ended.length}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    return ended.map(plainSpan);
  }

  spanId(index: number): string | undefined {
    return this.telemetry.ended[index]?.spanContext().spanId;
  }
}

/** Options that lead to `telemetry` alone. */
export function recordingTo(telemetry: Telemetry): WebSocketServerOptions {
  const { tracerProvider, meterProvider } = telemetry;
  return { tracerProvider, meterProvider: meterProvider as MeterProvider, propagator: createPropagator() };
}

/** Listens on a loopback port until the test ends. */
export async function listen(server: HttpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A handshake as bytes, with headers in place of, or beside, the usual ones. */
export function handshake(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): string {
  const all = {
    Host: '127.0.0.1',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    traceparent: TRACEPARENT,
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
}
