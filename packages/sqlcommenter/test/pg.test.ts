import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { QueryConfig, QueryResult } from 'pg';
import pg from 'pg';
import QueryStream from 'pg-query-stream';
import type { QueryTags } from '../src/index.js';
import { commentPg, uncomment } from '../src/index.js';
import { TracedServer, tagsOf, UNSAMPLED } from './traced-server.js';

const { Client, Pool, Query } = pg;
const { POSTGRESQL_LOG: LOG, POSTGRESQL_EMBEDDED: EMBEDDED } = process.env;

let server: TracedServer;
let pool: pg.Pool;
beforeAll(async () => {
  server = await TracedServer.start();
});
beforeEach(() => {
  pool = new Pool({ max: 2 });
});
afterEach(() => pool.end());
afterAll(() => server.stop());

/** The statement that the server was sent, which it tells by itself. */
const SENT = 'SELECT current_query() AS sent';
const sentOf = ({ rows }: QueryResult): string => rows[0].sent;
const ask = async (one: Pick<pg.Pool, 'query'>, config: string | QueryConfig = SENT): Promise<string> =>
  sentOf(await one.query(config));

/** The tags of a query in the last request. */
const requestTags = (more: QueryTags = {}): QueryTags => ({
  ...more,
  framework: 'node-http',
  route: '/orders/:id',
  traceparent: server.lastTraceparent(),
});

describe('[sql:roundtrip] the server sees the comment', () => {
  test('in the statement itself', async () => {
    commentPg(pool);
    const sent = await server.request(() => ask(pool));
    expect(sent).toBe(
      `${SENT} /*framework='node-http',route='%2Forders%2F%3Aid',traceparent='${server.lastTraceparent()}'*/`,
    );
  });

  test('in pg_stat_activity', async () => {
    commentPg(pool);
    const text = 'SELECT query AS sent FROM pg_stat_activity WHERE pid = pg_backend_pid()';
    expect(tagsOf(await server.request(() => ask(pool, text)))).toEqual(requestTags());
  });

  (LOG === undefined ? test.skip : test)('in its log, where log_statement = all', async () => {
    commentPg(pool);
    await server.request(() => ask(pool));
    const lines = readFileSync(LOG as string, 'utf8').split('\n');
    const line = lines.filter((one) => one.includes(server.lastTraceparent()));
    expect(line).toHaveLength(1);
    expect(tagsOf(line[0] as string)).toEqual(requestTags());
  });
});

describe('[sql:tags] every form of a query', () => {
  class Statement {
    readonly #sql = SENT;
    readonly values: unknown[] = [];
    get text(): string {
      return this.#sql;
    }
  }

  const withCallback = (run: (done: (error: Error | null, result: QueryResult) => void) => unknown) =>
    new Promise<string>((resolve, reject) => {
      run((error, result) => (error ? reject(error) : resolve(sentOf(result))));
    });

  const forms: Record<string, (client: pg.Pool | pg.PoolClient) => Promise<string>> = {
    'a text': (client) => ask(client),
    'a text with values': async (client) => sentOf(await client.query(`${SENT}, $1::int`, [1])),
    'a configuration': (client) => ask(client, { text: SENT, values: [] }),
    'a configuration with values beside it': async (client) =>
      sentOf(await client.query({ text: `${SENT}, $1::int` }, [1])),
    'an object of a class': (client) => ask(client, new Statement() as unknown as QueryConfig),
    'rows as arrays': async (client) =>
      (await client.query({ text: SENT, rowMode: 'array' })).rows[0]?.[0] as string,
    'a text with a callback': (client) => withCallback((done) => client.query(SENT, done)),
    'a text with values and a callback': (client) =>
      withCallback((done) => client.query(`${SENT}, $1::int`, [1], done)),
    'a configuration with a callback': (client) =>
      withCallback((done) => client.query({ text: SENT }, done as never)),
    'several statements': async (client) => {
      const results = (await client.query(`SELECT 1; ${SENT};`)) as unknown as QueryResult[];
      return sentOf(results[1] as QueryResult);
    },
  };

  test.each(Object.entries(forms))('of a pool: %s', async (_, form) => {
    commentPg(pool);
    expect(tagsOf(await server.request(() => form(pool)))).toEqual(requestTags());
  });

  test.each(Object.entries(forms))('of a client of a pool: %s', async (_, form) => {
    commentPg(pool);
    const client = await pool.connect();
    try {
      expect(tagsOf(await server.request(() => form(client)))).toEqual(requestTags());
    } finally {
      client.release();
    }
  });

  test.each(Object.entries(forms))('of a client: %s', async (_, form) => {
    const client = commentPg(new Client());
    await client.connect();
    try {
      expect(tagsOf(await server.request(() => form(client as unknown as pg.PoolClient)))).toEqual(
        requestTags(),
      );
    } finally {
      await client.end();
    }
  });

  test('a Query of pg, with events', async () => {
    const client = await commentPg(pool).connect();
    const rows: { sent: string }[] = [];
    await server.request(
      () =>
        new Promise((resolve, reject) => {
          const query = client.query(new Query(SENT) as never) as unknown as NodeJS.EventEmitter;
          query
            .on('row', (row) => rows.push(row))
            .on('end', resolve)
            .on('error', reject);
        }),
    );
    client.release();
    expect(rows.map(({ sent }) => tagsOf(sent))).toEqual([requestTags()]);
  });

  test('a stream', async () => {
    const client = await commentPg(pool).connect();
    const rows = await server.request(async () => {
      const stream = client.query(new QueryStream(`${SENT}, $1::int`, [1])) as unknown as AsyncIterable<{
        sent: string;
      }>;
      const all: { sent: string }[] = [];
      for await (const row of stream) all.push(row);
      return all;
    });
    client.release();
    expect(rows.map(({ sent }) => tagsOf(sent))).toEqual([requestTags()]);
  });

  test('queries in a transaction', async () => {
    commentPg(pool);
    const sent = await server.request(async () => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        const inside = await ask(client);
        await client.query('COMMIT;');
        return inside;
      } finally {
        client.release();
      }
    });
    expect(tagsOf(sent)).toEqual(requestTags());
  });

  test('in an unsampled request tell no trace', async () => {
    commentPg(pool, { application: 'shop' });
    expect(tagsOf(await server.request(() => ask(pool), { headers: UNSAMPLED }))).toEqual({
      application: 'shop',
      framework: 'node-http',
      route: '/orders/:id',
    });
  });

  test('outside a request is as it was', async () => {
    commentPg(pool);
    expect(await ask(pool)).toBe(SENT);
  });

  test('fails as it would, and what is no query is refused by pg itself', async () => {
    const failure = (): Promise<unknown> =>
      pool.query('SELECT * FROM nowhere').catch((error) => ({ ...error }));
    const before = await failure();
    commentPg(pool);
    expect(await server.request(failure)).toEqual(before);
    const client = await pool.connect();
    const refused = 'Client was passed a null or undefined query';
    expect(() => client.query(undefined as never)).toThrow(refused);
    client.release();
    await expect(pool.query(undefined as never)).rejects.toThrow(refused);
  });

  test('leaves configurations as they were', async () => {
    commentPg(pool);
    const config = Object.freeze({ text: SENT });
    expect(tagsOf(await server.request(() => ask(pool, config)))).toEqual(requestTags());
    expect(config).toEqual({ text: SENT });
  });
});

describe('[sql:tags] queries that wait for a client', () => {
  test('tell of their own request, not of that which gives the client back', async () => {
    const single = commentPg(new Pool({ max: 1 }));
    try {
      const first = await single.connect();
      const waiting = server.request(() => ask(single), { route: '/waiting' });
      const outside = ask(single);
      while (single.waitingCount < 2) await new Promise((resolve) => setTimeout(resolve, 1));
      await server.request(() => first.release(), { route: '/releasing' });
      expect(tagsOf(await waiting).route).toBe('/waiting');
      expect(await outside).toBe(SENT);
    } finally {
      await single.end();
    }
  });
});

(EMBEDDED ? describe.skip : describe)('[sql:tags] named statements', () => {
  const named = (name = 'sent'): QueryConfig => ({ name, text: SENT });

  test('get what is constant, and are prepared once', async () => {
    const single = commentPg(new Pool({ max: 1 }), { application: 'shop' });
    try {
      const text = `${SENT} /*application='shop'*/`;
      expect(await server.request(() => ask(single, named()))).toBe(text);
      expect(await server.request(() => ask(single, named()))).toBe(text);
      expect(await ask(single, named())).toBe(text);
      const { rows } = await single.query('SELECT statement FROM pg_prepared_statements');
      expect(rows).toEqual([{ statement: text }]);
    } finally {
      await single.end();
    }
  });

  test('are as they were when nothing is constant', async () => {
    commentPg(pool);
    expect(await server.request(() => ask(pool, named()))).toBe(SENT);
  });

  test('keep the text that they were prepared with, with other options and without comments, too', async () => {
    const client = new Client();
    await client.connect();
    try {
      expect(await ask(client, named('before'))).toBe(SENT);
      commentPg(client, { application: 'one' });
      expect(await ask(client, named('before'))).toBe(SENT);
      expect(await ask(client, named('one'))).toBe(`${SENT} /*application='one'*/`);
      commentPg(client, { application: 'two' });
      expect(await ask(client, named('one'))).toBe(`${SENT} /*application='one'*/`);
      expect(await ask(client, named('two'))).toBe(`${SENT} /*application='two'*/`);
      uncomment(client);
      expect(await ask(client, named('two'))).toBe(`${SENT} /*application='two'*/`);
      expect(await ask(client, named('three'))).toBe(SENT);
      expect(await server.request(() => ask(client))).toBe(SENT);
      // What pg says of a name that comes with another text is still said.
      const other = { name: 'two', text: 'SELECT 2' };
      await expect(client.query(other)).rejects.toThrow("'two' was used for a different statement");
    } finally {
      await client.end();
    }
  });
});

(EMBEDDED ? describe.skip : describe)('[sql:tags] comments that come and go', () => {
  test('pile up nothing on a connection with prepared statements, which still refuses what is no query', async () => {
    const client = new Client();
    await client.connect();
    /** The number of our functions that a query passes through. */
    const depth = async (): Promise<number> => {
      let frames = 0;
      const config = {
        name: 'deep',
        text: SENT,
        // Read by pg itself, below all of ours.
        get rowMode() {
          frames = new Error().stack?.split('\n').filter((line) => line.includes('instances.ts')).length ?? 0;
          return undefined;
        },
      };
      await client.query(config);
      return frames;
    };
    try {
      Error.stackTraceLimit = 50;
      const depths: number[] = [];
      for (let cycle = 0; cycle < 3; cycle++) {
        commentPg(client, { application: 'shop' });
        await depth();
        uncomment(client);
        depths.push(await depth());
      }
      expect(depths).toEqual([1, 1, 1]);
      expect(() => client.query(undefined as never)).toThrow('Client was passed a null or undefined query');
    } finally {
      Error.stackTraceLimit = 10;
      await client.end();
    }
  });
});

describe('[sql:tags] commentPg', () => {
  test('returns what it was given, and takes effect on connections that are there', async () => {
    await pool.query('SELECT 1');
    expect(commentPg(pool)).toBe(pool);
    expect(tagsOf(await server.request(() => ask(pool)))).toEqual(requestTags());
  });

  test('given the same pool again, replaces the options', async () => {
    commentPg(pool, { application: 'one' });
    await pool.query('SELECT 1');
    commentPg(pool, { application: 'two', route: false });
    const sent = await server.request(() => ask(pool));
    const { route: _, ...tags } = requestTags({ application: 'two' });
    expect(tagsOf(sent)).toEqual(tags);
  });

  test('leaves other pools alone', async () => {
    commentPg(new Pool({ max: 1 }));
    expect(await server.request(() => ask(pool))).toBe(SENT);
  });

  test('is undone: pool and clients are as they were', async () => {
    const client = await pool.connect();
    client.release();
    commentPg(pool);
    expect(await server.request(() => ask(pool))).not.toBe(SENT);
    expect(Object.hasOwn(client, 'query')).toBe(true);
    expect(uncomment(pool)).toBe(pool);
    expect([Object.hasOwn(pool, 'query'), Object.hasOwn(client, 'query')]).toEqual([false, false]);
    expect([pool.listenerCount('acquire'), await server.request(() => ask(pool))]).toEqual([0, SENT]);
    expect(uncomment(pool)).toBe(pool);
  });

  test('is undone beneath what was put on top of it', async () => {
    commentPg(pool);
    const { query } = pool;
    let calls = 0;
    pool.query = function (this: pg.Pool, ...args: never[]) {
      calls += 1;
      return Reflect.apply(query, this, args);
    } as never;
    uncomment(pool);
    expect(await server.request(() => ask(pool))).toBe(SENT);
    expect(calls).toBe(1);
  });

  test('forgets clients that the pool has closed', async () => {
    const client = await commentPg(pool).connect();
    expect(client.listenerCount('end')).toBe(1);
    client.release(true);
    await new Promise((resolve) => client.once('end', resolve));
    uncomment(pool);
    expect(Object.hasOwn(client, 'query')).toBe(true);
  });

  test.each([[undefined], [null], [{}], ['postgres://localhost']])('refuses %j with the cure', (target) => {
    const call = (): unknown => commentPg(target as never);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      '@otel-middleware/sqlcommenter: commentPg must be given a Pool, a Client or a PoolClient of pg.',
    );
  });

  test('refuses unknown options, and leaves the pool alone then', () => {
    expect(() => commentPg(pool, { dialect: 'mysql' } as never)).toThrow('no option "dialect"');
    expect(Object.hasOwn(pool, 'query')).toBe(false);
  });
});
