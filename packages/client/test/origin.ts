import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { certificate } from './certificate.js';

/** A request as it arrived. */
export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

type Answer = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void;

/** The response for each path. */
const answers: Readonly<Record<string, Answer>> = {
  ok: (_, response) => {
    response.setHeader('X-Shelf', 'top');
    response.setHeader('Set-Cookie', ['a=1', 'b=2']);
    response.end('ok');
  },
  status: (_, response, query) => response.writeHead(Number(query.get('code'))).end(),
  redirect: (_, response, query) =>
    response.writeHead(Number(query.get('code') ?? 302), { location: query.get('to') ?? '' }).end(),
  echo: (request, response) => void request.pipe(response),
  slow: () => {},
  late: (_, response, query) => void setTimeout(() => response.end('late'), Number(query.get('millis'))),
  reset: ({ socket }) => socket.resetAndDestroy(),
  close: ({ socket }) => socket.destroy(),
  half: ({ socket }, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('half');
    setTimeout(() => socket.destroy(), 10);
  },
  circle: (_, response) => response.writeHead(302, { location: '/circle' }).end(),
  hints: (_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    setTimeout(() => response.end('hinted'), 5);
  },
};

/** A real server on the loopback interface, which can also misbehave. */
export class Origin {
  readonly url: string;
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #failures = 0;

  static async start(protocol: 'http' | 'https' | 'h2' = 'http', host = '127.0.0.1'): Promise<Origin> {
    let origin: Origin | undefined;
    const listener: RequestListener = (request, response) => origin?.answer(request, response);
    const server = {
      http: () => createServer(listener),
      https: () => createHttpsServer(certificate, listener),
      h2: () => createSecureServer(certificate, listener as never),
    }[protocol]();
    server.listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const authority = host.includes(':') ? `[${host}]` : host;
    origin = new Origin(server, `${protocol === 'http' ? 'http' : 'https'}://${authority}:${port}`);
    return origin;
  }

  constructor(server: Server, url: string) {
    this.url = url;
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('connect', ({ url = '' }: IncomingMessage, socket: Socket) => {
      const [host = '', port] = url.split(':');
      if (host.endsWith('.invalid')) socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      else if (host.endsWith('.example')) socket.end('HTTP/1.1 200 OK\r\n\r\n');
      else {
        const target = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        target.pipe(socket).pipe(target);
      }
    });
    server.on('upgrade', (_, socket: Socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    });
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** The id of the span that each request carried, since the last call. */
  takeSpanIds(): (string | undefined)[] {
    return this.received.splice(0).map(({ headers }) => String(headers.traceparent).split('-')[2]);
  }

  /** Answers that many requests for `/flaky` with 503 before it is well again. */
  failTimes(times: number): void {
    this.#failures = times;
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: target = '', headers } = request;
    this.received.push({ method, target, headers });
    const { pathname, searchParams } = new URL(target, this.url);
    if (pathname === '/flaky') response.writeHead(this.#failures-- > 0 ? 503 : 200).end('well');
    else (answers[pathname.slice(1)] ?? answers.ok)?.(request, response, searchParams);
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }
}

/** An URL at which nothing listens: that of a server which has been closed. */
export async function closedUrl(): Promise<string> {
  const origin = await Origin.start();
  await origin.close();
  return origin.url;
}
