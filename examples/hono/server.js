import { serve } from '@hono/node-server';
import { trace } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/hono';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';

const app = new Hono();
app.use(opentelemetry({ excludedUrls: 'healthz', captureRequestHeaders: ['x-tenant-id'] }));

app.get('/healthz', (c) => c.text('ok'));

const orders = new Hono();
orders.get('/orders/:id', (c) => {
  const total = trace.getTracer('orders').startActiveSpan('compute_total', (span) => {
    span.setAttribute('order.id', c.req.param('id'));
    span.end();
    return 42;
  });
  return c.json({ id: c.req.param('id'), total });
});
orders.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    for (const data of ['baked', 'packed', 'sent']) {
      await stream.writeSSE({ data });
      await stream.sleep(20);
    }
  }),
);
orders.get('/broken', () => {
  throw new Error('out of paper');
});
app.route('/tenants/:tenant', orders);
app.onError((_error, c) => c.json({ error: 'internal' }, 500));

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8080) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}/tenants/acme/orders/42`);
});
