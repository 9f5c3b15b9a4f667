import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { Hono } from 'hono';

const exporter = new InMemorySpanExporter();

/** The provider of all applications under test; what it makes is told by {@link endedSpans}. */
export const tracerProvider: NodeTracerProvider = new NodeTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter)],
});

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());

/** The spans that have ended since the last call. */
export function endedSpans(): readonly ReadableSpan[] {
  const spans = exporter.getFinishedSpans();
  exporter.reset();
  return spans;
}

/** Serves an application on loopback while `run` runs, and returns the spans that ended by the time the server has closed. */
export async function served(
  app: Pick<Hono, 'fetch'>,
  run: (url: string) => Promise<unknown>,
): Promise<readonly ReadableSpan[]> {
  endedSpans();
  const server = await new Promise<Server>((resolve) => {
    const listening = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () =>
      resolve(listening as Server),
    );
  });
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
    // A response that is destroyed tells so after its socket is gone.
    await setImmediate();
  }
  return endedSpans();
}

/** Asks for targets one after the other, each on a connection of its own; tells name, route and status of each span. */
export async function asked(
  app: Pick<Hono, 'fetch'>,
  ...targets: readonly string[]
): Promise<readonly unknown[][]> {
  const spans = await served(app, async (url) => {
    for (const target of targets) {
      const [method = 'GET', path] = target.includes(' ') ? target.split(' ') : ['GET', target];
      const response = await fetch(url + path, { method, headers: { connection: 'close' } });
      await response.text();
    }
  });
  return spans.map(({ name, attributes }) => [
    name,
    attributes['http.route'],
    attributes['http.response.status_code'],
  ]);
}
