// A server span, a span of one's own inside of it, and the outbound request of that: three spans, one trace.
import { trace } from '@opentelemetry/api';
import { instrumentHttpClients } from '@otel-middleware/client';
import { opentelemetry } from '@otel-middleware/fastify';
import { initTelemetry } from '@otel-middleware/sdk';
import fastify from 'fastify';
import { printedSpans } from './printed-spans.js';

initTelemetry({ serviceName: 'checkout-api', traceExporter: printedSpans });
instrumentHttpClients();

const tracer = trace.getTracer('checkout');
const app = fastify();
await app.register(opentelemetry, { excludedUrls: 'healthz' });

app.get('/orders/:order_id/total', (request) =>
  tracer.startActiveSpan('compute_total', async (span) => {
    const { order_id } = request.params;
    span.setAttribute('order.id', order_id);
    try {
      const response = await fetch(`${process.env.PRICING_URL}/price/${order_id}`);
      const { amount } = await response.json();
      return { order_id, total: amount };
    } finally {
      span.end();
    }
  }),
);

console.log(await app.listen({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' }));
