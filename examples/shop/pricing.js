// Prices, behind a prefix.
import { opentelemetry } from '@otel-middleware/fastify';
import fastify from 'fastify';

const PRICES = { bread: 12.5, butter: 3 };

const app = fastify();
await app.register(opentelemetry);

app.get('/healthz', { config: { opentelemetry: false } }, async () => 'ok');

function prices(scope, _options, done) {
  scope.get('/:item', async (request) => {
    const { item } = request.params;
    if (!(item in PRICES)) throw new RangeError(`no price list has ${item}`);
    return { item, amount: PRICES[item] };
  });
  done();
}
app.register(prices, { prefix: '/prices' });

console.log(await app.listen({ port: Number(process.env.PORT ?? 8080), host: '127.0.0.1' }));
