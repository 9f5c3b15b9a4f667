import { deepStrictEqual } from 'node:assert';
import { createServer } from 'node:http';
import { instrumentListener } from '@otel-middleware/node-http';
import { spansOfOneRequest } from './telemetry.js';

export async function consume(): Promise<void> {
  const listener = instrumentListener((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
  });
  const spans = await spansOfOneRequest(createServer(listener));
  deepStrictEqual(spans, ['SERVER GET @otel-middleware/node-http']);
}
