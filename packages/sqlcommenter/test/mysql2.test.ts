import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool, PoolOptions } from 'mysql2';
import mysql from 'mysql2';
import promised from 'mysql2/promise';
import { commentMysql2, uncomment } from '../src/index.js';
import { TracedServer, tagsOf } from './traced-server.js';

const { MARIADB_PORT } = process.env;
const options: PoolOptions = {
  host: '127.0.0.1',
  port: Number(MARIADB_PORT),
  user: 'root',
  database: 'test',
};

/** The statement that the server is executing, which it tells by itself. */
const SENT = 'SELECT info AS sent FROM information_schema.processlist WHERE id = connection_id()';

let server: TracedServer;
beforeAll(async () => {
  server = await TracedServer.start();
});
afterAll(() => server.stop());

interface Queryable {
  query(...args: unknown[]): unknown;
  execute(...args: unknown[]): unknown;
}

/** The tags of a query in the last request. */
const requestTags = () => ({
  application: 'shop',
  framework: 'node-http',
  route: '/orders/:id',
  traceparent: server.lastTraceparent(),
});

const sentOf = (rows: unknown): string => (rows as { sent: string }[])[0]?.sent as string;
const ofPromise = async (result: unknown): Promise<string> => sentOf(((await result) as [unknown])[0]);
const ofCallback = (run: (done: (error: Error | null, rows: unknown) => void) => unknown): Promise<string> =>
  new Promise((resolve, reject) => {
    run((error, rows) => (error ? reject(error) : resolve(sentOf(rows))));
  });

/** An instrumented object, with the functions that query and close it. */
const kinds: Record<
  string,
  () => Promise<{ one: Queryable; promise: boolean; release?: () => void; end: () => unknown }>
> = {
  'a pool': async () => {
    const pool = commentMysql2(mysql.createPool(options), { application: 'shop' });
    return { one: pool as unknown as Queryable, promise: false, end: () => pool.end() };
  },
  'a pool with promises': async () => {
    const pool = commentMysql2(promised.createPool(options), { application: 'shop' });
    return { one: pool as unknown as Queryable, promise: true, end: () => pool.end() };
  },
  'what promise() makes of a pool': async () => {
    const pool = commentMysql2(mysql.createPool(options), { application: 'shop' });
    return { one: pool.promise() as unknown as Queryable, promise: true, end: () => pool.end() };
  },
  'a connection': async () => {
    const connection = commentMysql2(mysql.createConnection(options), { application: 'shop' });
    return { one: connection as unknown as Queryable, promise: false, end: () => connection.end() };
  },
  'a connection with promises': async () => {
    const connection = commentMysql2(await promised.createConnection(options), { application: 'shop' });
    return { one: connection as unknown as Queryable, promise: true, end: () => connection.end() };
  },
  'a connection of a pool': async () => {
    const pool = commentMysql2(promised.createPool(options), { application: 'shop' });
    const connection = await pool.getConnection();
    const end = (): unknown => {
      connection.release();
      return pool.end();
    };
    return { one: connection as unknown as Queryable, promise: true, end };
  },
};

const onMariadb = MARIADB_PORT === undefined ? describe.skip : describe;

onMariadb('[sql:tags] commentMysql2', () => {
  describe.each(Object.entries(kinds))('on %s', (_, make) => {
    test('comments queries with what the request is', async () => {
      const { one, promise, end } = await make();
      const forms: (() => Promise<string>)[] = promise
        ? [
            () => ofPromise(one.query(SENT)),
            () => ofPromise(one.query(`${SENT} AND ? = 1`, [1])),
            () => ofPromise(one.query({ sql: SENT })),
            () => ofPromise(one.query({ sql: `${SENT} AND ? = 1`, values: [1] })),
            () => ofPromise(one.query({ sql: `${SENT} AND :one = 1`, namedPlaceholders: true }, { one: 1 })),
          ]
        : [
            () => ofCallback((done) => one.query(SENT, done)),
            () => ofCallback((done) => one.query(`${SENT} AND ? = 1`, [1], done)),
            () => ofCallback((done) => one.query({ sql: SENT }, done)),
            () =>
              new Promise((resolve, reject) => {
                const query = one.query(SENT) as NodeJS.EventEmitter;
                query.on('result', (row) => resolve(sentOf([row]))).on('error', reject);
              }),
          ];
      for (const form of forms) expect(tagsOf(await server.request(form))).toEqual(requestTags());
      await end();
    });

    test('comments what is prepared with what is constant, so that it is prepared once', async () => {
      const { one, promise, end } = await make();
      const execute = (): Promise<string> =>
        promise
          ? ofPromise(one.execute(`${SENT} AND ? = 1`, [1]))
          : ofCallback((done) => one.execute(`${SENT} AND ? = 1`, [1], done));
      const status = "SHOW STATUS LIKE 'Prepared_stmt_count'";
      const first = await server.request(execute);
      expect(tagsOf(first)).toEqual({ application: 'shop' });
      expect(await server.request(execute)).toBe(first);
      expect(await execute()).toBe(first);
      if (promise)
        expect(((await one.query(status)) as [unknown])[0]).toEqual([
          expect.objectContaining({ Value: '1' }),
        ]);
      await end();
    });
  });

  test('comments prepare and unprepare alike', async () => {
    const connection = commentMysql2(mysql.createConnection(options), { application: 'shop' });
    const count = async (): Promise<string> => {
      const [rows] = await connection.promise().query("SHOW STATUS LIKE 'Prepared_stmt_count'");
      return (rows as { Value: string }[])[0]?.Value as string;
    };
    const before = Number(await count());
    await server.request(() => connection.promise().prepare('SELECT 1'));
    expect(Number(await count())).toBe(before + 1);
    connection.unprepare('SELECT 1');
    expect(Number(await count())).toBe(before);
    await connection.promise().end();
  });

  test('tells of the request of a query that waits, not of that which gives the connection back', async () => {
    const pool = commentMysql2(promised.createPool({ ...options, connectionLimit: 1 }));
    const first = await pool.getConnection();
    const waiting = server.request(() => ofPromise(pool.query(SENT)), { route: '/waiting' });
    const outside = ofPromise(pool.query(SENT));
    const { _connectionQueue: queue } = pool.pool as unknown as { _connectionQueue: { length: number } };
    while (queue.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await server.request(() => first.release(), { route: '/releasing' });
    expect(tagsOf(await waiting).route).toBe('/waiting');
    expect(await outside).toBe(SENT);
    await pool.end();
  });

  test('leaves alone what has a comment, and fails as it would', async () => {
    const connection = await promised.createConnection(options);
    const failure = (): Promise<unknown> =>
      connection.query('SELECT * FROM nowhere').catch(({ message, code }) => ({ message, code }));
    const before = await failure();
    commentMysql2(connection);
    expect(await server.request(failure)).toEqual(before);
    for (const sql of [`${SENT} # mine`, `${SENT} -- mine`, `${SENT} /* mine */`])
      expect(await server.request(() => ofPromise(connection.query(sql)))).toBe(sql);
    await connection.end();
  });

  test('is undone: pool and connections are as they were', async () => {
    const pool: Pool = mysql.createPool(options);
    commentMysql2(pool);
    const connection = await pool.promise().getConnection();
    connection.release();
    expect(uncomment(pool)).toBe(pool);
    const own = [pool, connection.connection].flatMap((one) =>
      ['query', 'execute', 'prepare', 'unprepare'].filter((name) => Object.hasOwn(one, name)),
    );
    expect([own, pool.listenerCount('acquire')]).toEqual([[], 0]);
    expect(await server.request(() => ofPromise(pool.promise().query(SENT)))).toBe(SENT);
    await pool.promise().end();
  });
});

onMariadb('[sql:roundtrip] statements of MySQL have the same outcome with a comment', () => {
  const statements = [
    'SELECT 1;',
    'SELECT 1--1',
    String.raw`SELECT 'it\'s -- fine', "say \"#\"" AS said`,
    "SELECT 'it''s # fine'",
    'SELECT 1 AS `#`, 2 AS `a``-- b`',
    "SELECT '/*', '*/' -- and a comment",
    'SELECT /*! 1 + */ 1',
    'SELECT JSON_EXTRACT(\'{"--": 1}\', \'$."--"\') AS json',
    "SELECT x'4D', b'101', _utf8mb4'--'",
    'SELECT ? AS one, ? AS two',
    "INSERT INTO words VALUES (1, '-- #')",
    'CREATE TEMPORARY TABLE more AS SELECT * FROM words',
    'SELECT 1; SELECT 2;',
    'SELEC 1',
    "SELECT 'a",
    'SELECT `a',
  ];

  test.each(statements)('%j', async (sql) => {
    const connection = await promised.createConnection({ ...options, multipleStatements: true });
    const outcome = async (): Promise<unknown> => {
      await connection.query('CREATE OR REPLACE TEMPORARY TABLE words (id int, text text)');
      await connection.query('DROP TEMPORARY TABLE IF EXISTS more');
      try {
        const [rows, fields] = await connection.query(sql, ['--', "it's"]);
        return { rows, names: [fields].flat(2).map((field) => field?.name) };
      } catch (error) {
        const { message, code } = error as { message: string; code: string };
        // The server quotes what is left of the statement, with the comment.
        return { message: message.split(" near '")[0], code };
      }
    };
    const plain = await outcome();
    commentMysql2(connection, { application: "it's */ shop" });
    expect(await server.request(outcome)).toEqual(plain);
    await connection.end();
  });
});

describe('[sql:tags] commentMysql2', () => {
  test.each([[undefined], [null], [{}], [{ query: () => {} }]])('refuses %j with the cure', (target) => {
    const call = (): unknown => commentMysql2(target as never);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      '@otel-middleware/sqlcommenter: commentMysql2 must be given a pool or a connection of mysql2.',
    );
  });
});
