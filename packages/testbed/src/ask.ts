import { once } from 'node:events';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { Server } from 'node:net';

/** A response as a client received it. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as a test writes it: `GET /orders/42`, its headers, and the chunks of its body. */
export type Ask = (line: string, headers?: OutgoingHttpHeaders, body?: readonly string[]) => Promise<Answer>;

/** Returns the way to ask a server that listens on loopback; every request has a connection of its own. */
export function askServer(server: Server): Ask {
  const { port } = server.address() as { port: number };
  return async (line, headers = {}, body = []) => {
    const [method, path] = line.split(' ') as [string, string];
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false });
    const answered = once(request, 'response');
    for (const chunk of body) {
      request.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    request.end();
    const [response] = await answered;
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode, headers: response.headers, body: text };
  };
}
