import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { commentPg } from '../src/index.js';
import { TracedServer, tagsOf } from './traced-server.js';

let server: TracedServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await TracedServer.start();
  pool = new pg.Pool({ max: 2 });
});
afterAll(async () => {
  await pool.end();
  await server.stop();
});

const sent = sql<string>`current_query()`;

describe('[sql:tags] Drizzle over a commented pool', () => {
  const requestTags = () => ({
    application: 'shop',
    framework: 'node-http',
    route: '/orders/:id',
    traceparent: server.lastTraceparent(),
  });
  const database = () => drizzle({ client: commentPg(pool, { application: 'shop' }) });

  test('comments builders, raw queries and transactions', async () => {
    const db = database();
    const words = pgTable('drizzle_words', { id: integer(), text: text() });
    await db.execute(sql`CREATE TABLE drizzle_words (id int, text text)`);
    const seen = await server.request(async () => {
      await db.insert(words).values({ id: 1, text: "it's -- new" });
      const [built] = await db.select({ sent, text: words.text }).from(words);
      const raw = await db.execute<{ sent: string }>(sql`SELECT ${sent} AS sent, ${1}::int AS one`);
      const inside = await db.transaction(async (trx) => trx.select({ sent }).from(words));
      return [built?.sent, raw.rows[0]?.sent, inside[0]?.sent, built?.text];
    });
    await db.execute(sql`DROP TABLE drizzle_words`);
    expect(seen.pop()).toBe("it's -- new");
    expect(seen.map((one) => tagsOf(one as string))).toEqual([requestTags(), requestTags(), requestTags()]);
  });

  const { POSTGRESQL_EMBEDDED: EMBEDDED } = process.env;
  (EMBEDDED ? test.skip : test)('comments its prepared statements with what is constant', async () => {
    const db = database();
    const prepared = db.select({ sent }).from(sql`(VALUES (1)) AS one`).prepare('sent');
    const ask = async (): Promise<string> => (await prepared.execute())[0]?.sent as string;
    expect(tagsOf(await server.request(ask))).toEqual({ application: 'shop' });
    expect(tagsOf(await ask())).toEqual({ application: 'shop' });
  });
});
