// A shop in one service: orders ask for prices over HTTP, and so continue their own trace.
import { context, propagation, trace } from '@opentelemetry/api';
import { addMetricAttributes } from '@otel-middleware/core';
import { opentelemetry, opentelemetryErrors } from '@otel-middleware/express';
import express, { Router } from 'express';

const PRICES = { 42: 12.5, 43: 7 };
const tracer = trace.getTracer('shop');
const app = express();

app.use(
  opentelemetry({
    excludedUrls: 'healthz',
    captureRequestHeaders: ['x-tenant-id', 'authorization'],
    requestHook: (span, request) => span.setAttribute('tenant.id', request.get('x-tenant-id') ?? 'unknown'),
  }),
);

app.get('/healthz', (_request, response) => response.send('ok'));

const orders = Router({ mergeParams: true });
orders.get('/:id/total', async (request, response) => {
  const { id } = request.params;
  addMetricAttributes({ 'shop.currency': 'EUR' });
  const total = await tracer.startActiveSpan('compute_total', async (span) => {
    span.setAttribute('order.id', id);
    const amount = await priceOf(id);
    span.end();
    return amount;
  });
  response.json({ id, total });
});
app.use('/tenants/:tenant/orders', orders);

app.get('/price/:id', (request, response) => {
  const amount = PRICES[request.params.id];
  if (amount === undefined) throw new Error(`no price for order ${request.params.id}`);
  response.json({ amount });
});

app.use(opentelemetryErrors());
app.use((_error, _request, response, _next) => response.status(500).json({ error: 'internal' }));

async function priceOf(id) {
  const headers = {};
  propagation.inject(context.active(), headers);
  const response = await fetch(`http://127.0.0.1:${server.address().port}/price/${id}`, { headers });
  return response.ok ? (await response.json()).amount : null;
}

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
