import { deepStrictEqual } from 'node:assert';
import { createServer } from 'node:http';
import Router from '@koa/router';
import { opentelemetry } from '@otel-middleware/koa';
import Koa from 'koa';
import { spansOfOneRequest } from './telemetry.js';

export async function consume(): Promise<void> {
  const router = new Router();
  router.get('/orders/:id', (ctx) => {
    ctx.body = ctx.params;
  });
  const app = new Koa();
  app.use(opentelemetry());
  app.use(router.routes());
  const spans = await spansOfOneRequest(createServer(app.callback()));
  deepStrictEqual(spans, ['SERVER GET /orders/:id @otel-middleware/koa']);
}
