import { deepStrictEqual } from 'node:assert';
import { createServer } from 'node:http';
import { opentelemetry } from '@otel-middleware/express';
import express from 'express';
import { spansOfOneRequest } from './telemetry.js';

export async function consume(): Promise<void> {
  const app = express();
  app.use(opentelemetry());
  app.get('/orders/:id', (request, response) => {
    response.json({ id: request.params.id });
  });
  const spans = await spansOfOneRequest(createServer(app));
  deepStrictEqual(spans, ['SERVER GET /orders/:id @otel-middleware/express']);
}
