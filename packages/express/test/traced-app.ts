import { once } from 'node:events';
import type { OutgoingHttpHeaders, RequestListener } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect } from '@jest/globals';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { NodeTracerProvider, ReadableSpan } from '@opentelemetry/sdk-trace-node';
// Jest maps this name to `@opentelemetry/sdk-trace` where SDK line 3 is under test; its provider has another name there.
import * as sdk from '@opentelemetry/sdk-trace-node';
import { opentelemetry } from '@otel-middleware/express';
import type { Express, IRouter, RequestHandler } from 'express';
import express from 'express';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const ended: ReadableSpan[] = [];
const { TracerProvider = sdk.NodeTracerProvider } = sdk as { TracerProvider?: typeof NodeTracerProvider };

// What handlers throw is not to be printed.
process.env.NODE_ENV = 'test';

/** A real SDK that keeps the spans that have ended. */
export const tracerProvider: NodeTracerProvider = new TracerProvider({
  spanProcessors: [
    {
      onStart() {},
      onEnd: (span) => void ended.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    },
  ],
});

/** Express 4 has another path syntax, and takes no notice of promises. */
export const isExpress4: boolean = 'lazyrouter' in express();

/** Router 2.0 to 2.2, which Express 5.0 to 5.2 came with, keep no text of paths. */
export const keepsNoPaths: boolean =
  !isExpress4 && !('rawPath' in (express().get('/', () => {}).router.stack[0] as object));

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** The response as a client got it. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

type Ask<Answered> = (line: string, headers?: OutgoingHttpHeaders) => Promise<Answered>;

/** Serves a listener on a loopback port until the test ends; gives the way to ask it: `GET /orders/42`. */
export async function serveListener(listener: RequestListener): Promise<Ask<Answer>> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return async (line, headers = {}) => {
    const [method, path] = line.split(' ') as [string, string];
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }).end();
    const [response] = await once(request, 'response');
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return { status: response.statusCode, body };
  };
}

/** Waits for so many spans to have ended, and takes them. */
export async function endedSpans(count: number): Promise<ReadableSpan[]> {
  for (let waited = 0; ended.length < count && waited < 2000; waited++)
    await new Promise((resolve) => setTimeout(resolve, 1));
  return ended.splice(0);
}

/** Serves an application whose requests each make one span, which comes with the answer. */
export async function serve(app: RequestListener): Promise<Ask<Answer & { readonly span: ReadableSpan }>> {
  const ask = await serveListener(app);
  return async (line, headers) => {
    const answered = await ask(line, headers);
    const spans = await endedSpans(1);
    expect(spans).toHaveLength(1);
    return { ...answered, span: spans[0] as ReadableSpan };
  };
}

/** A path as Express takes it: its types do not know of arrays in arrays. */
export type Path = string | RegExp | readonly Path[];

export const answer: RequestHandler = (_request, response) => void response.send('ok');
export const pass: RequestHandler = (_request, _response, next) => next();
export const fail: RequestHandler = () => {
  throw new Error('the oven is too hot');
};

/** Adds routes that answer. */
export function routes<Router extends IRouter>(on: Router, ...paths: readonly Path[]): Router {
  for (const path of paths) on.get(path as string, answer);
  return on;
}

/** A router with routes that answer. */
export function router(...paths: readonly Path[]): IRouter {
  return routes(express.Router(), ...paths);
}

/** Serves an application behind the middleware; gives status and route of each request line, with which the name agrees. */
export async function routing(
  build: (app: Express) => void,
): Promise<(line: string) => Promise<readonly unknown[]>> {
  const app = express();
  app.use(opentelemetry({ tracerProvider }));
  build(app);
  const ask = await serve(app);
  return async (line) => {
    const { status, span } = await ask(line);
    const route = span.attributes['http.route'];
    expect(span.name).toBe([line.split(' ', 1)[0], route].filter(Boolean).join(' '));
    return [status, route];
  };
}
