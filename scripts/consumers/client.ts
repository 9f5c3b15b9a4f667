import { deepStrictEqual } from 'node:assert';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { instrumentFetch, instrumentHttpClients } from '@otel-middleware/client';
import { endedSpans } from './telemetry.js';

export async function consume(): Promise<void> {
  const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders/42`;
  const span = 'CLIENT GET @otel-middleware/client';
  await (await instrumentFetch(fetch)(url)).text();
  deepStrictEqual(endedSpans(), [span]);
  const clients = instrumentHttpClients();
  await (await fetch(url)).text();
  clients.disable();
  await (await fetch(url)).text();
  deepStrictEqual(endedSpans(), [span]);
  server.close();
  server.closeAllConnections();
}
