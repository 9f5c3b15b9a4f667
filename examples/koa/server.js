import Router from '@koa/router';
import { trace } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/koa';
import Koa from 'koa';

const app = new Koa();
app.silent = true;
app.use(opentelemetry({ excludedUrls: 'healthz', captureRequestHeaders: ['x-tenant-id'] }));

const orders = new Router();
orders.get('/orders/:id', (ctx) => {
  const total = trace.getTracer('orders').startActiveSpan('compute_total', (span) => {
    span.setAttribute('order.id', ctx.params.id);
    span.end();
    return 42;
  });
  ctx.body = { id: ctx.params.id, total };
});
orders.get('/broken', () => {
  throw new Error('out of paper');
});

const router = new Router();
router.get('/healthz', (ctx) => {
  ctx.body = 'ok';
});
router.use('/tenants/:tenant', orders.routes());
app.use(router.routes());

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/tenants/acme/orders/42`);
});
