import { deepStrictEqual } from 'node:assert';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { instrumentHandler } from '@otel-middleware/fetch-handler';
import { spansOfOneRequest } from './telemetry.js';

export async function consume(): Promise<void> {
  const handler = instrumentHandler((request: Request) => new Response(request.url));
  const spans = await spansOfOneRequest(createServer(getRequestListener(handler)));
  deepStrictEqual(spans, ['SERVER GET @otel-middleware/fetch-handler']);
}
