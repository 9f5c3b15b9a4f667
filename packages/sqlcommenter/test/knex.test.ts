import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Knex } from 'knex';
import knexModule from 'knex';
import { commentKnex, uncomment } from '../src/index.js';
import { TracedServer, tagsOf } from './traced-server.js';

// CommonJS with named exports that Node does not see.
const { knex } = knexModule as unknown as { knex: typeof import('knex').knex };
const { PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, MARIADB_PORT } = process.env;

let server: TracedServer;
beforeAll(async () => {
  server = await TracedServer.start();
});
afterAll(() => server.stop());

/** Databases, and how each tells the statement that it is executing. */
const databases: Record<'pg' | 'mysql2', { config: Knex.Config; sent: string; skipped?: boolean }> = {
  pg: {
    config: {
      client: 'pg',
      connection: {
        host: PGHOST,
        port: Number(PGPORT),
        user: PGUSER,
        database: PGDATABASE,
        password: PGPASSWORD,
      },
    } as Knex.Config,
    sent: 'current_query()',
  },
  mysql2: {
    config: {
      client: 'mysql2',
      connection: { host: '127.0.0.1', port: Number(MARIADB_PORT), user: 'root', database: 'test' },
    },
    sent: '(SELECT info FROM information_schema.processlist WHERE id = connection_id())',
    skipped: MARIADB_PORT === undefined,
  },
};

describe.each(Object.entries(databases))('[sql:tags] commentKnex on %s', (_, { config, sent, skipped }) => {
  const onServer = skipped ? test.skip : test;
  let db: Knex;
  beforeEach(() => {
    db = knex({ ...config, pool: { min: 0, max: 3 } });
  });
  afterEach(() => db.destroy());

  const requestTags = () => ({
    framework: 'node-http',
    route: '/orders/:id',
    traceparent: server.lastTraceparent(),
  });
  const ask = async (builder: Knex | Knex.Transaction): Promise<string> =>
    (await builder.select(builder.raw(`${sent} AS sent`)))[0].sent;

  onServer('comments what builders make', async () => {
    expect(commentKnex(db)).toBe(db);
    expect(tagsOf(await server.request(() => ask(db)))).toEqual(requestTags());
  });

  onServer('comments raw queries with bindings', async () => {
    commentKnex(db);
    const rows = await server.request(() =>
      db.raw(`SELECT ${sent} AS sent, ? AS one, :one: AS two`.replace(':one:', '?'), [1, '--']),
    );
    const [row] = 'rows' in rows ? rows.rows : rows[0];
    expect(tagsOf(row.sent)).toEqual(requestTags());
    expect([Number(row.one), row.two]).toEqual([1, '--']);
  });

  onServer('comments streams', async () => {
    commentKnex(db);
    const rows = await server.request(async () => {
      const all: { sent: string }[] = [];
      for await (const row of db.select(db.raw(`${sent} AS sent`)).stream()) all.push(row);
      return all;
    });
    expect(rows.map((row) => tagsOf(row.sent))).toEqual([requestTags()]);
  });

  onServer('comments transactions, and those in them', async () => {
    commentKnex(db);
    const asked = await server.request(() =>
      db.transaction(async (outer) => [await ask(outer), await outer.transaction((inner) => ask(inner))]),
    );
    expect(asked.map(tagsOf)).toEqual([requestTags(), requestTags()]);
  });

  onServer('comments copies with parameters of the user’s', async () => {
    commentKnex(db);
    const copy = db.withUserParams({ tenant: 1 });
    expect(tagsOf(await server.request(() => ask(copy)))).toEqual(requestTags());
  });

  onServer('changes no result: inserts, updates, failures, events', async () => {
    const outcomes = async (): Promise<unknown[]> => {
      await db.schema.dropTableIfExists('knex_words');
      await db.schema.createTable('knex_words', (table) => {
        table.increments('id');
        table.string('text');
      });
      const seen: string[] = [];
      const note = (query: { sql: string }): void => void seen.push(query.sql);
      db.on('query', note);
      const results = [
        await db('knex_words').insert({ text: "it's -- new" }),
        await db
          .batchInsert('knex_words', [{ text: '/* a */' }, { text: '?' }], 1)
          .then(({ length }) => length),
        await db('knex_words').where({ id: 1 }).update({ text: '#' }),
        await db('knex_words').orderBy('id').select(),
        await db('knex_words').count({ all: '*' }).first(),
        await db('knex_words').where({ id: 2 }).del(),
        await db('nowhere')
          .select()
          .catch(({ message, code }: { message: string; code: string }) => ({ message, code })),
        seen,
      ];
      db.removeListener('query', note);
      await db.schema.dropTable('knex_words');
      return results;
    };
    const plain = await outcomes();
    commentKnex(db);
    expect(await server.request(outcomes)).toEqual(plain);
  });

  onServer('is undone, also for a transaction that has begun', async () => {
    const { client } = db;
    const before = Object.getPrototypeOf(client);
    commentKnex(db, { application: 'one' });
    commentKnex(db, { application: 'two' });
    const inside = await db.transaction(async (trx) => {
      expect(tagsOf(await ask(trx))).toEqual({ application: 'two' });
      expect(uncomment(db)).toBe(db);
      return server.request(() => ask(trx));
    });
    expect(tagsOf(inside)).toEqual({});
    expect(Object.getPrototypeOf(client)).toBe(before);
    expect(tagsOf(await server.request(() => ask(db)))).toEqual({});
  });
});

describe('[sql:tags] commentKnex', () => {
  test('gives a named statement of PostgreSQL what is constant', async () => {
    const db = commentKnex(knex(databases.pg.config), { application: 'shop' });
    const ask = async (): Promise<string> =>
      (await db.raw('SELECT current_query() AS sent').options({ name: 'sent' } as never)).rows[0].sent;
    expect(tagsOf(await server.request(ask))).toEqual({ application: 'shop' });
    expect(tagsOf(await ask())).toEqual({ application: 'shop' });
    await db.destroy();
  });

  test.each([
    ['nothing', undefined],
    ['another object', {}],
    ['another database', { client: { dialect: 'mssql', _query: () => {} } }],
  ])('refuses %s with the cure', (_, target) => {
    const call = (): unknown => commentKnex(target as never);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      '@otel-middleware/sqlcommenter: commentKnex must be given an instance of Knex for PostgreSQL, MySQL, MariaDB or SQLite.',
    );
  });
});
