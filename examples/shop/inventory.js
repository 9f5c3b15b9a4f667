// What is left on the shelves, in a PostgreSQL that is embedded in this process.
import { PGlite } from '@electric-sql/pglite';
import Router from '@koa/router';
import { opentelemetry } from '@otel-middleware/koa';
import { commentPg } from '@otel-middleware/sqlcommenter';
import Koa from 'koa';

const database = commentPg(await PGlite.create());
await database.exec(`
  CREATE TABLE stock (item text PRIMARY KEY, pieces int NOT NULL);
  INSERT INTO stock VALUES ('bread', 7), ('butter', 0), ('wine', 3);
  -- The log of an embedded database goes to its client.
  SET log_statement = 'all';
  SET client_min_messages = 'log';
`);
const logged = { onNotice: ({ severity, message }) => console.log(`${severity}:  ${message}`) };

const app = new Koa();
app.use(opentelemetry({ excludedUrls: 'healthz' }));

const stock = new Router({ prefix: '/stock' });
stock.get('/:item', async (ctx) => {
  const { item } = ctx.params;
  const { rows } = await database.query('SELECT pieces FROM stock WHERE item = $1', [item], logged);
  ctx.body = { item, left: rows[0]?.pieces ?? 0 };
});
const health = new Router().get('/healthz', (ctx) => {
  ctx.body = 'ok';
});
app.use(health.routes()).use(stock.routes());

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
