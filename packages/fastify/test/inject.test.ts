import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

/** A program for plain Node, which prints the name, status code and error type of each span as JSON. */
const program = `
  import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
  import { opentelemetry } from '@otel-middleware/fastify';
  import fastify from 'fastify';

  const spans = [];
  const onEnd = ({ name, attributes }) => spans.push([name, attributes['http.response.status_code'], attributes['error.type']]);
  const processor = { onStart() {}, onEnd, async forceFlush() {}, async shutdown() {} };
  const app = fastify();
  await app.register(opentelemetry, { tracerProvider: new NodeTracerProvider({ spanProcessors: [processor] }) });
  app.get('/orders/:id', async () => 'an order');
  app.get('/broken', (_request, reply) => reply.raw.destroy());
  await app.inject('/orders/42');
  await app.inject({ method: 'POST', url: '/orders/42', payload: { some: 'body' } });
  await app.inject('/broken').catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(JSON.stringify(spans));
`;

test('inject makes spans like any other request, though nothing is ever sent', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: join(import.meta.dirname, '..'),
  });
  expect(JSON.parse(stdout)).toEqual([
    ['GET /orders/:id', 200, null],
    ['POST', 404, null],
    ['GET /broken', null, 'client_disconnected'],
  ]);
});
