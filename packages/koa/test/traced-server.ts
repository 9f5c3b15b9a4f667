import { once } from 'node:events';
import type { IncomingHttpHeaders, OutgoingHttpHeaders, RequestListener } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import type { TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
// Jest maps this name to that of the same package of SDK 3, where the provider is called otherwise.
import * as sdk from '@opentelemetry/sdk-trace-node';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const ended: ReadableSpan[] = [];
const { TracerProvider = sdk.NodeTracerProvider } = sdk as { TracerProvider?: typeof sdk.NodeTracerProvider };

/** A provider of the real SDK that keeps its spans in memory; they are forgotten after each test. */
export const tracerProvider: ApiTracerProvider = new TracerProvider({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: (span) => void ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
  ended.length = 0;
});

/** What a client got. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as a test writes it: `GET /orders/42`, and what goes with it. */
export type Ask = (line: string, headers?: OutgoingHttpHeaders, body?: readonly string[]) => Promise<Answer>;

/** Serves a listener on a loopback port until the test ends; every request has a connection of its own. */
export async function serve(listener: RequestListener): Promise<Ask> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
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

/** The spans that have ended, when there are as many as expected; what comes later would be missed. */
export async function endedSpans(count: number): Promise<readonly ReadableSpan[]> {
  for (let waited = 0; ended.length < count && waited < 2000; waited += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return [...ended];
}
