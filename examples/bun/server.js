import { setHttpRoute } from '@otel-middleware/core';
import { instrumentHandler } from '@otel-middleware/fetch-handler';
import { initTelemetry } from '@otel-middleware/sdk';

initTelemetry();

async function handler(request) {
  const { pathname } = new URL(request.url);
  if (pathname === '/healthz') return new Response('ok');
  const order = /^\/orders\/(\w+)$/.exec(pathname);
  if (order === null) return new Response('not found', { status: 404 });
  // There is no router here, so the template is told by hand.
  setHttpRoute('/orders/:id');
  return Response.json({ id: order[1] });
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: process.env.PORT ?? 8080,
  fetch: instrumentHandler(handler, { excludedUrls: 'healthz', captureRequestHeaders: ['x-tenant-id'] }),
});
console.log(`http://127.0.0.1:${server.port}/orders/42`);
