import { afterEach, expect } from '@jest/globals';
import { trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-node';
import type { Ask } from '@otel-middleware/testbed/ask';
import { askServer } from '@otel-middleware/testbed/ask';
import { endedSpans, forgetSpans } from '@otel-middleware/testbed/recorded-spans';
import type { FastifyInstance, FastifyPluginCallback } from 'fastify';

export { endedSpans, tracerProvider } from '@otel-middleware/testbed/recorded-spans';

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections();
    await app.close();
  }
  forgetSpans();
});

/** Lets an application listen on a loopback port until the test ends. */
export async function listen(app: FastifyInstance): Promise<Ask> {
  apps.push(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return askServer(app.server);
}

/** A plugin, and so a scope of its own, that does nothing but `build`. */
export function scope(build: (app: FastifyInstance) => void): FastifyPluginCallback {
  return (app, _options, done) => {
    build(app);
    done();
  };
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
