// The way in: passes orders on, and streams what is new.
import { serve } from '@hono/node-server';
import { instrumentHttpClients } from '@otel-middleware/client';
import { opentelemetry } from '@otel-middleware/hono';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

instrumentHttpClients();

const app = new Hono();
app.use(
  opentelemetry({
    excludedUrls: 'healthz',
    captureRequestHeaders: ['x-tenant-id', 'authorization'],
    requestHook: (span, c) => span.setAttribute('shop.tenant', c.req.header('x-tenant-id') ?? 'unknown'),
  }),
);

app.get('/healthz', (c) => c.text('ok'));

const tenant = new Hono();
tenant.get('/orders/:id', async (c) => {
  const { tenant, id } = c.req.param();
  const answer = await fetch(`${process.env.ORDERS_URL}/tenants/${tenant}/orders/${id}`);
  return c.json(await answer.json(), answer.status);
});
tenant.get('/news', (c) =>
  streamSSE(c, async (stream) => {
    for (const data of ['baked', 'packed', 'sent']) {
      await stream.writeSSE({ data });
      await stream.sleep(20);
    }
  }),
);
app.route('/tenants/:tenant', tenant);

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8080) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
