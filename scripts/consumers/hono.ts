import { deepStrictEqual } from 'node:assert';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { opentelemetry } from '@otel-middleware/hono';
import { Hono } from 'hono';
import { spansOfOneRequest } from './telemetry.js';

export async function consume(): Promise<void> {
  const app = new Hono();
  app.use(opentelemetry());
  app.get('/orders/:id', (c) => c.json(c.req.param()));
  const spans = await spansOfOneRequest(createServer(getRequestListener(app.fetch)));
  deepStrictEqual(spans, ['SERVER GET /orders/:id @otel-middleware/hono']);
}
