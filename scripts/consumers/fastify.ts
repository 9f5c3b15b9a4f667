import { deepStrictEqual } from 'node:assert';
import { opentelemetry } from '@otel-middleware/fastify';
import { fastify } from 'fastify';
import { spansOfOneRequest } from './telemetry.js';

export async function consume(): Promise<void> {
  const app = fastify();
  await app.register(opentelemetry);
  app.get('/orders/:id', async (request) => request.params);
  await app.ready();
  const spans = await spansOfOneRequest(app.server);
  deepStrictEqual(spans, ['SERVER GET /orders/:id @otel-middleware/fastify']);
}
