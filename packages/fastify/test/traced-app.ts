import { once } from 'node:events';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect } from '@jest/globals';
import type { TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
// Jest maps this name to that of the same package of SDK 3, where the provider is called otherwise.
import * as sdk from '@opentelemetry/sdk-trace-node';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';

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

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections();
    await app.close();
  }
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

/** Lets an application listen on a loopback port until the test ends; every request has a connection of its own. */
export async function listen(app: FastifyInstance): Promise<Ask> {
  apps.push(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
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

/** A plugin, and so a scope of its own, that does nothing but `build`. */
export function scope(build: (app: FastifyInstance) => void): FastifyPluginCallback {
  return (app, _options, done) => {
    build(app);
    done();
  };
}

/** The spans that have ended, when there are as many as expected; what comes right after them is not missed. */
export async function endedSpans(count: number): Promise<readonly ReadableSpan[]> {
  for (let waited = 0; ended.length < count && waited < 2000; waited += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  return [...ended];
}

/** The one span that has ended. */
export async function onlySpan(): Promise<ReadableSpan> {
  const spans = await endedSpans(1);
  expect(spans).toHaveLength(1);
  return spans[0] as ReadableSpan;
}

/** The id of the span that is active here. */
export function activeSpanId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().spanId;
}
