import { trace } from '@opentelemetry/api';
import { opentelemetry, opentelemetryErrors } from '@otel-middleware/express';
import express, { Router } from 'express';

const app = express();
app.use(opentelemetry({ excludedUrls: 'healthz', captureRequestHeaders: ['x-tenant-id'] }));

app.get('/healthz', (_request, response) => response.send('ok'));

const orders = Router({ mergeParams: true });
orders.get('/orders/:id', (request, response) => {
  const total = trace.getTracer('orders').startActiveSpan('compute_total', (span) => {
    span.setAttribute('order.id', request.params.id);
    span.end();
    return 42;
  });
  response.json({ id: request.params.id, total });
});
orders.get('/broken', () => {
  throw new Error('out of paper');
});
app.use('/tenants/:tenant', orders);

app.use(opentelemetryErrors());
app.use((_error, _request, response, _next) => response.status(500).json({ error: 'internal' }));

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/tenants/acme/orders/42`);
});
