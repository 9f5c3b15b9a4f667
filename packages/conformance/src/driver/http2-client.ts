import { connect, constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Exchange, RequestInit } from '../expect/exchange.js';
import { USER_AGENT } from '../expect/exchange.js';

/** A request over HTTP/2. */
export interface Http2Request extends RequestInit {
  readonly target: string;
  /** Resets the stream when the first chunk of the body has arrived. */
  readonly resetAfterChunk?: boolean;
}

/** The time after which a client gives up a stream without a response, in milliseconds. */
const PATIENCE = 1000;

/** Makes requests at once over one HTTP/2 connection without TLS. */
export async function sendHttp2(
  { address, port }: AddressInfo,
  requests: readonly Http2Request[],
): Promise<readonly Exchange[]> {
  const session = connect(`http://${address}:${port}`);
  await new Promise((resolve, reject) => session.once('connect', resolve).once('error', reject));
  const client = { address: session.socket.localAddress as string, port: session.socket.localPort as number };
  const exchanges = await Promise.all(
    requests.map(({ method = 'GET', target, headers = {}, body, endpoint, resetAfterChunk }) => {
      const sent = { host: `${address}:${port}`, 'user-agent': USER_AGENT, ...headers };
      const stream = session.request({
        ...(headers as Record<string, string | string[]>),
        'user-agent': USER_AGENT,
        ':method': method,
        ':path': target,
      });
      return new Promise<Exchange>((resolve) => {
        let status: number | undefined;
        let text = '';
        stream.setEncoding('latin1');
        stream.setTimeout(PATIENCE, () => stream.close(constants.NGHTTP2_CANCEL));
        stream.on('response', (head) => {
          status = head[':status'];
        });
        stream.on('data', (chunk: string) => {
          text += chunk;
          if (resetAfterChunk) stream.close(constants.NGHTTP2_CANCEL);
        });
        stream.on('error', () => {});
        stream.on('close', () => {
          const complete = stream.rstCode === constants.NGHTTP2_NO_ERROR;
          const request = { method, target, version: '2', headers: sent } as const;
          resolve({
            endpoint,
            sent: request,
            client,
            status,
            informational: [],
            headers: {},
            trailers: {},
            body: text,
            complete,
          });
        });
        stream.end(body);
      });
    }),
  );
  session.close();
  return exchanges;
}
