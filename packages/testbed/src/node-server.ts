import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, Server } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Http2Server, Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

const running = new Set<Server | Http2Server>();
const sessions = new Set<Http2Session>();

/** Serves on a free port of the loopback address. */
export async function serve(server: Server | Http2Server): Promise<number> {
  running.add(server);
  server.on('session', (session: Http2Session) => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Ends every server and its connections. */
export async function closeServers(): Promise<void> {
  for (const session of sessions) session.destroy();
  sessions.clear();
  for (const server of running) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
    running.delete(server);
  }
}

export interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

/** Makes a request over HTTP/1.1, on a connection of its own. */
export async function send(
  to: number | string,
  path = '/',
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: OutgoingHttpHeaders; body?: string } = {},
): Promise<Reply> {
  const where = typeof to === 'number' ? { host: '127.0.0.1', port: to } : { socketPath: to };
  const request = httpRequest({ ...where, path, method, headers, agent: false }).end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const { statusCode: status, headers: received, rawHeaders } = response;
  return { status, headers: received, rawHeaders, body: await text(response) };
}

/** Writes bytes to a server and reads until it closes the connection. */
export async function sendBytes(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes, 'latin1');
  return text(socket);
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until something has come to pass, at most ten seconds; what must hold then is for the test to say. */
export async function until(come: () => boolean): Promise<void> {
  const limit = Date.now() + 10_000;
  while (!come() && Date.now() < limit) await delay(3);
}
