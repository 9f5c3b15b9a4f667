import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FieldDef } from 'pg';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { commentPg, uncomment } from '../src/index.js';
import { statements } from './statements.js';
import { TracedServer, tagsOf } from './traced-server.js';

let server: TracedServer;
let client: pg.Client;
beforeAll(async () => {
  server = await TracedServer.start();
  client = new pg.Client();
  await client.connect();
  await client.query('DROP TABLE IF EXISTS words');
  await client.query('CREATE TABLE words (id int PRIMARY KEY, text text)');
  await client.query("INSERT INTO words VALUES (1, 'one'), (2, 'two'), (3, 'three')");
});
afterAll(async () => {
  await client.query('DROP TABLE words');
  await client.end();
  await server.stop();
});

/** All that comes of a statement, which leaves no trace. */
async function outcome(sql: string, values?: readonly unknown[]): Promise<unknown> {
  await client.query('BEGIN');
  try {
    const results = await client.query(sql, values as unknown[]);
    return [results].flat().map(({ command, rowCount, fields, rows }) => ({
      command,
      rowCount,
      fields: fields.map(({ name, dataTypeID }: FieldDef) => [name, dataTypeID]),
      rows,
    }));
  } catch (error) {
    const { message, code, position, severity } = error as pg.DatabaseError;
    return { message, code, position, severity };
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Calls with comments on. */
async function commented<T>(work: () => Promise<T>): Promise<T> {
  commentPg(client, { application: "it's */ shop" });
  try {
    return await server.request(work);
  } finally {
    uncomment(client);
  }
}

describe('[sql:roundtrip] statements have the same outcome with a comment', () => {
  test('of which there are more than a hundred', () => {
    expect(statements.length).toBeGreaterThan(100);
    expect(new Set(statements.map(String)).size).toBe(statements.length);
  });

  test.each(statements.map((one) => [one]))('%j', async (one) => {
    const [sql, values] = typeof one === 'string' ? [one] : one;
    const plain = await outcome(sql, values);
    expect(await commented(() => outcome(sql, values))).toEqual(plain);
  });
});

const { POSTGRESQL_EMBEDDED: EMBEDDED } = process.env;
(EMBEDDED ? describe.skip : describe)('[sql:roundtrip] COPY', () => {
  test('takes in and gives out the same, with a comment', async () => {
    await client.query('CREATE TEMPORARY TABLE copied (id int, text text)');
    const lines = '1\ta -- b\n2\t/* c */\n';
    const chunks: Buffer[] = [];
    const [into, outOf] = await commented(async () => {
      const source = copyFrom('COPY copied FROM STDIN');
      await pipeline(Readable.from([lines]), client.query(source) as never);
      const target = copyTo('COPY (SELECT * FROM copied ORDER BY id) TO STDOUT;');
      await pipeline(
        client.query(target) as never,
        new Writable({
          write: (chunk, _, done) => {
            chunks.push(chunk);
            done();
          },
        }),
      );
      return [source, target].map((one) => (one as unknown as { text: string }).text);
    });
    expect(Buffer.concat(chunks).toString()).toBe(lines);
    expect([into, outOf].map((text) => tagsOf(text as string).route)).toEqual(['/orders/:id', '/orders/:id']);
  });
});
