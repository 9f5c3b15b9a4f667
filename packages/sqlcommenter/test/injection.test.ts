import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { context } from '@opentelemetry/api';
import { createContextManager, createPropagator, Telemetry } from '@otel-middleware/conformance';
import { setHttpRoute } from '@otel-middleware/core';
import { opentelemetry } from '@otel-middleware/express';
import express from 'express';
import fc from 'fast-check';
import pg from 'pg';
import { commentPg } from '../src/index.js';
import { SAMPLED, tagsOf } from './traced-server.js';

let pool: pg.Pool;
let server: Server;
beforeAll(async () => {
  context.setGlobalContextManager(createContextManager());
  pool = commentPg(new pg.Pool({ max: 2 }), { application: "it's; DROP TABLE canary; -- */" });
  await pool.query('DROP TABLE IF EXISTS canary');
  await pool.query('CREATE TABLE canary (alive bool)');
  const { tracerProvider, meterProvider } = new Telemetry();
  const app = express().use(opentelemetry({ tracerProvider, meterProvider, propagator: createPropagator() }));
  app.use(async (request, response) => {
    // What nobody should do, and somebody will.
    if (!request.path.startsWith('/static')) setHttpRoute(decoded(request.originalUrl));
    const { rows } = await pool.query(SENT);
    response.json({ sent: rows[0].sent, rows: rows.length, route: decoded(request.originalUrl) });
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  await pool.query('DROP TABLE canary');
  await pool.end();
  server.close();
  context.disable();
});

const SENT = 'SELECT current_query() AS sent, $$--$$ AS text;';

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Sends a request as it is, since clients would refuse it or put it right; returns the answer's JSON. */
async function send(path: string, headers: Record<string, string>): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers });
  const head = [`GET ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
  socket.write(Buffer.from(`${head}\r\n\r\n`, 'latin1'));
  let answer = '';
  for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
  const [status = '', body = ''] = answer.split('\r\n\r\n');
  // What Node refuses to parse, and in what Express finds no path, does not come to any query.
  return /^HTTP\/1\.1 40[04]/.test(status) ? undefined : JSON.parse(body);
}

const hostile = fc.constantFrom(
  "'",
  "''",
  '*/',
  '/*',
  '*/ ; DROP TABLE canary; /*',
  "'*/; DROP TABLE canary; --",
  '%27',
  '%2A%2F',
  '%00',
  '%5C',
  '%25',
  '\\',
  '--',
  ';',
  '$$',
  '"',
  '%C3%A9',
  '%',
  ',',
  '=',
);
const text = fc
  .array(fc.oneof(hostile, fc.string({ maxLength: 8 })), { maxLength: 8 })
  .map((parts) => parts.join(''));
/** As bytes that Node lets into a request line, or into a header. */
const path = text.map((one) => `/${one.replace(/[^!-~]/g, (other) => encodeURIComponent(other))}`);
const header = text.map((one) => one.replace(/[^ -~]/g, ''));

describe('[sql:roundtrip] nothing that a client sends leaves the comment', () => {
  test('path, route, traceparent and tracestate, as the server sees the statement', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(path, header, header, fc.boolean(), async (target, state, parent, valid) => {
        const headers = { traceparent: valid ? (SAMPLED.traceparent as string) : parent, tracestate: state };
        const answer = (await send(target, headers)) as
          | { sent: string; rows: number; route: string }
          | undefined;
        if (answer === undefined) return;
        seen += 1;
        const { sent, rows, route } = answer;
        const comment = sent.slice(SENT.length);
        expect([sent.slice(0, SENT.length - 1), rows]).toEqual([SENT.slice(0, -1), 1]);
        expect(comment).toMatch(/^\/\*[\w.~%='-]+(?:,[\w.~%='-]+)*\*\/;$/);
        const tags = tagsOf(sent);
        expect(tags).toMatchObject({ application: "it's; DROP TABLE canary; -- */", framework: 'express' });
        if (!target.startsWith('/static')) expect(tags.route).toBe(route);
      }),
      { numRuns: 500, examples: [["//*#@'", '', '', false]] },
    );
    expect(seen).toBeGreaterThan(300);
    const { rows } = await pool.query('SELECT to_regclass($$canary$$) AS canary');
    expect(rows).toEqual([{ canary: 'canary' }]);
  }, 60_000);
});
