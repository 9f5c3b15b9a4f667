// Orders: what they cost, and whether they can be delivered, is for others to say.
import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { instrumentHttpClients } from '@otel-middleware/client';
import { addMetricAttributes, traceTask } from '@otel-middleware/core';
import { opentelemetry, opentelemetryErrors } from '@otel-middleware/express';
import express, { Router } from 'express';

instrumentHttpClients();

const ORDERS = { 42: 'bread', 43: 'butter', 44: 'wine' };
const tracer = trace.getTracer('orders');

const app = express();
app.use(opentelemetry({ excludedUrls: 'healthz' }));
app.get('/healthz', (_request, response) => response.send('ok'));

const orders = Router({ mergeParams: true });
orders.get('/:id', async (request, response) => {
  const { id, tenant } = request.params;
  const item = ORDERS[id];
  if (item === undefined) return response.status(404).json({ error: `there is no order ${id}` });
  addMetricAttributes({ 'shop.item': item });

  const { amount, inStock } = await computeTotal(item);
  if (!inStock) return response.status(409).json({ error: `${item} is sold out` });

  // Nobody waits for the mail, so it is a trace of its own, linked to this request.
  traceTask('send_confirmation', () => wait(30));
  response.json({ id, tenant, total: amount });
});
app.use('/tenants/:tenant/orders', orders);

app.use(opentelemetryErrors());
app.use((error, _request, response, _next) => response.status(502).json({ error: error.message }));

function computeTotal(item) {
  return tracer.startActiveSpan('compute_total', async (span) => {
    span.setAttribute('order.item', item);
    try {
      const { amount } = await ask(`${process.env.PRICING_URL}/prices/${item}`);
      const { left } = await ask(`${process.env.INVENTORY_URL}/stock/${item}`);
      return { amount, inStock: left > 0 };
    } finally {
      span.end();
    }
  });
}

async function ask(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${new URL(url).pathname} answered ${answer.status}`);
  return answer.json();
}

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
