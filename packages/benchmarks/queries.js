// What a comment costs inside a request: to make it, and in a whole query, with and without in turn. The database is the one
// that PG* variables name, else PostgreSQL embedded in this process.
//
//   --rounds N   how often each is measured (default: 21)
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { setHttpRoute } from '@otel-middleware/core';
import { instrumentListener } from '@otel-middleware/node-http';
import { commentPg, commentQuery, uncomment } from '@otel-middleware/sqlcommenter';
import pg from 'pg';
import { quantile, spread } from './quantiles.js';
import { TRACE } from './scenarios.js';
import { registerTelemetry } from './telemetry.js';
import { nanoseconds } from './timing.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '21' } } });
const rounds = Number(values.rounds);

const STATEMENTS = {
  'short, with a parameter': 'SELECT pieces FROM stock WHERE item = $1',
  '1 kB, with text and names in quotes': `SELECT ${'"a" AS "b", \'text\' AS "c", '.repeat(37)} 1 FROM "t" WHERE id = $1`,
  '10 kB, without quotes': `SELECT * FROM t WHERE id IN (${'$1, '.repeat(2500)} 1)`,
};
const OPTIONS = { application: 'inventory' };

function measureComments() {
  for (const [name, sql] of Object.entries(STATEMENTS)) {
    const work = () => commentQuery(sql, OPTIONS);
    nanoseconds(work, 10_000);
    const times = Array.from({ length: rounds }, () => nanoseconds(work, 10_000) / 1000);
    console.log(`to make it: ${name}`.padEnd(50), `${spread(times)} µs`);
  }
}

/** Microseconds that a query takes, one after the other. */
async function queried(database, calls) {
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++)
    await database.query(STATEMENTS['short, with a parameter'], ['bread']);
  return Number(process.hrtime.bigint() - start) / 1000 / calls;
}

async function measureQueries(database) {
  const times = { without: [], with: [] };
  await queried(database, 500);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? ['without', 'with'] : ['with', 'without'];
    for (const name of order) {
      if (name === 'with') commentPg(database, OPTIONS);
      else uncomment(database);
      times[name].push(await queried(database, 500));
    }
  }
  for (const [name, all] of Object.entries(times))
    console.log(`a whole query, ${name} comment`.padEnd(50), `${spread(all)} µs`);
  const ratios = times.with.map((time, round) => time / times.without[round]);
  console.log('with ÷ without, round by round'.padEnd(50), quantile(ratios, 0.5).toFixed(3));
}

registerTelemetry();
const embedded = process.env.PGHOST === undefined;
const database = embedded ? await PGlite.create() : new pg.Client();
if (!embedded) await database.connect();
await database.query('CREATE TEMPORARY TABLE stock (item text PRIMARY KEY, pieces int)');
await database.query("INSERT INTO stock VALUES ('bread', 7)");
console.log(
  `Node ${process.version}, ${embedded ? 'PGlite' : 'the server of PG*'}, medians and quartiles of ${rounds} rounds\n`,
);

const server = createServer(
  instrumentListener(async (_request, response) => {
    setHttpRoute('/stock/:item');
    measureComments();
    await measureQueries(database);
    response.end();
  }),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const traceparent = `${TRACE}-01`;
await (await fetch(`http://127.0.0.1:${server.address().port}/`, { headers: { traceparent } })).text();
server.close();
await (embedded ? database.close() : database.end());
process.exit(0);
