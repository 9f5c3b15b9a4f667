import { trace } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/fastify';
import fastify from 'fastify';

const app = fastify();
await app.register(opentelemetry, { captureRequestHeaders: ['x-tenant-id'] });

app.get('/healthz', { config: { opentelemetry: false } }, async () => 'ok');

function orders(tenant, _options, done) {
  tenant.get('/orders/:id', async (request) => {
    const total = trace.getTracer('orders').startActiveSpan('compute_total', (span) => {
      span.setAttribute('order.id', request.params.id);
      span.end();
      return 42;
    });
    return { id: request.params.id, total };
  });
  tenant.get('/broken', async () => {
    throw new Error('out of paper');
  });
  done();
}
app.register(orders, { prefix: '/tenants/:tenant' });

const address = await app.listen({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' });
console.log(`${address}/tenants/acme/orders/42`);
