// What is left on the shelves.
import Router from '@koa/router';
import { opentelemetry } from '@otel-middleware/koa';
import Koa from 'koa';

const STOCK = { bread: 7, butter: 0, wine: 3 };

const app = new Koa();
app.use(opentelemetry({ excludedUrls: 'healthz' }));

const stock = new Router({ prefix: '/stock' });
stock.get('/:item', (ctx) => {
  const { item } = ctx.params;
  ctx.body = { item, left: STOCK[item] ?? 0 };
});
const health = new Router().get('/healthz', (ctx) => {
  ctx.body = 'ok';
});
app.use(health.routes()).use(stock.routes());

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
